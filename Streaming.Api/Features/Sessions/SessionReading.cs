using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Streaming.Api.Http;
using Streaming.Core.Data;
using Streaming.Core.Sessions;
using Streaming.Core.Viewers;

namespace Streaming.Api.Features.Sessions;

/// <summary>Reads sessions: for their owner all that is known of them, for others what the channel's page would show.</summary>
public sealed class SessionReading(StreamingDb db, Audiences audiences, Markers markers, Admissions admissions, Cursors cursors, TimeProvider time)
{
    /// <summary>A broadcast has a few, and one with more is read by its timeline.</summary>
    private const int MostSegments = 1000;

    /// <returns>Null for a cursor that is none.</returns>
    public async Task<SessionPage?> List(string owner, string? cursor, int limit, CancellationToken ct)
    {
        var list = $"sessions of {owner}";
        var after = cursor is null ? null : TimeAndId.Read(cursors.Open(list, cursor));
        if (cursor is not null && after is null) return null;
        var mine = db.Sessions.AsNoTracking().Where(s => db.Channels.Any(c => c.Id == s.ChannelId && c.UserId == owner));
        if (after is not null)
        {
            var (at, id) = (after.At, Guid.Parse(after.Id, CultureInfo.InvariantCulture));
            mine = mine.Where(s => s.StartedAt < at || (s.StartedAt == at && s.Id.CompareTo(id) < 0));
        }

        var found = await (from s in mine
                           join settings in db.SessionSnapshots on s.Id equals settings.SessionId
                           orderby s.StartedAt descending, s.Id descending
                           select new { Session = s, settings.Title, settings.Visibility }).Take(limit + 1).ToListAsync(ct);
        var page = found.Take(limit).ToList();
        var watched = await audiences.Of([.. page.Select(s => s.Session.Id)], ct);
        var now = time.GetUtcNow();
        return new SessionPage(
            [.. page.Select(s => SessionItem.Of(s.Session, s.Title, s.Visibility, watched[s.Session.Id], now))],
            found.Count > limit ? cursors.Seal(list, TimeAndId.Write(page[^1].Session.StartedAt, $"{page[^1].Session.Id}")) : null, now);
    }

    /// <param name="user">Who asks; null when he is not signed in.</param>
    /// <returns>Null when there is none, or when he may not know of it.</returns>
    public async Task<SessionAnswer?> Read(Guid id, string? user, CancellationToken ct)
    {
        var found = await (from s in db.Sessions.AsNoTracking()
                           where s.Id == id
                           join c in db.Channels on s.ChannelId equals c.Id
                           where c.ErasedAt == null
                           join settings in db.SessionSnapshots on s.Id equals settings.SessionId
                           select new { Session = s, Owner = c.UserId, Settings = settings }).SingleOrDefaultAsync(ct);
        if (found is null) return null;
        var answer = SessionAnswer.Of(found.Session, found.Owner, found.Settings, time.GetUtcNow());
        if (found.Owner == user) return await WithDetails(answer, found.Session, found.Settings, ct);
        return await MaySee(user, found.Settings, ct) ? answer : null;
    }

    /// <summary>As the channel is now and as it was then: what was a test, or private, does not come out when the next broadcast is public.</summary>
    private async Task<bool> MaySee(string? user, SessionSnapshot then, CancellationToken ct) =>
        (await admissions.To(then.ChannelId, [user], ct)).SingleOrDefault() is { IsHidden: false } now && !(now with { Visibility = then.Visibility }).IsHidden;

    private async Task<SessionAnswer> WithDetails(SessionAnswer answer, Session session, SessionSnapshot settings, CancellationToken ct)
    {
        var watched = (await audiences.Of([session.Id], ct))[session.Id];
        var own = db.IngestSegments.AsNoTracking().Where(s => s.ChannelId == session.ChannelId && s.SessionId == session.Id);
        var segments = await (from s in own
                              from key in db.Ingresses.Where(i => i.Id == s.IngressId).DefaultIfEmpty()
                              from input in db.IngestInputs.Where(i => i.ResourceId == s.ResourceId).DefaultIfEmpty()
                              orderby s.BeganAt descending, s.ResourceId
                              select new { Segment = s, key.Label, Input = input }).Take(MostSegments).ToListAsync(ct);
        return answer with
        {
            EndReason = answer.EndedAt is null ? null : session.EndReason,
            PeakViewers = watched.Peak,
            AverageViewers = Math.Round(watched.Average, 2),
            Settings = SessionSettings.Of(settings),
            SegmentCount = segments.Count < MostSegments ? segments.Count : await own.CountAsync(ct),
            Segments = [.. Enumerable.Reverse(segments).Select(s => SessionSegment.Of(s.Segment, s.Label, s.Input))],
            Markers = [.. (await markers.Of(session.Id, ct)).Select(MarkerAnswer.Of)],
        };
    }
}
