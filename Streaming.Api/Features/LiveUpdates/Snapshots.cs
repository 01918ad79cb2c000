using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Streaming.Core.Creators;
using Streaming.Core.Data;
using Streaming.Core.LiveUpdates;
using Streaming.Core.Sessions;
using Streaming.Core.Streams;
using Streaming.Core.Viewers;

namespace Streaming.Api.Features.LiveUpdates;

/// <summary>How things are now: what a stream begins with, and what every later event changes a part of.</summary>
internal sealed class Snapshots(IServiceScopeFactory scopes, ViewerCounts viewers, Suspensions suspensions, IOptions<JsonOptions> json)
{
    private const string Type = "snapshot";

    /// <param name="position">Where the log ended before anything is read here.</param>
    /// <returns>Null when there is no such channel, or its creator was forgotten.</returns>
    public async Task<Piece?> OfChannel(Guid id, long position, CancellationToken ct)
    {
        await using var scope = scopes.CreateAsyncScope(); // the stream goes on for hours; what was needed to read this does not
        var db = scope.ServiceProvider.GetRequiredService<StreamingDb>();
        var found = await (from c in db.Channels.AsNoTracking()
                           where c.Id == id && c.ErasedAt == null
                           select new { Channel = c, State = db.PublishedStates.SingleOrDefault(p => p.ChannelId == id) }).SingleOrDefaultAsync(ct);
        if (found is null) return null;
        var watching = await viewers.Of(id, ct);
        return Write(position, new ChannelSnapshot(id, found.Channel.UserId, StreamUpdated.Of(found.Channel), StreamState.Of(found.State), new ViewersNow(watching.Viewers, watching.AsOf)));
    }

    /// <inheritdoc cref="OfChannel"/>
    public async Task<Piece> OfUser(string id, long position, CancellationToken ct)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<StreamingDb>();
        var channel = await (from c in db.Channels.AsNoTracking().OwnedBy(id)
                             select new { c.Id, State = db.PublishedStates.SingleOrDefault(p => p.ChannelId == c.Id) }).SingleOrDefaultAsync(ct);
        var issues = channel?.State?.SessionId is { } session ? await db.IngestIssues.Where(i => i.SessionId == session && i.ClosedAt == null).OrderBy(i => i.Id).Select(i => i.Code).ToListAsync(ct) : [];
        var application = await db.CreatorApplications.AsNoTracking().Where(a => a.UserId == id).OrderByDescending(a => a.Id).Select(a => (ApplicationStatus?)a.Status).FirstOrDefaultAsync(ct);
        var isSuspended = channel is not null && await suspensions.IsSuspended(id, ct);
        return Write(position, new OwnSnapshot(id, channel is null ? null : new OwnChannel(channel.Id, StreamState.Of(channel.State), issues, isSuspended), application));
    }

    private Piece Write<T>(long position, T snapshot) => new(position, Piece.Event(position, Type, JsonSerializer.Serialize(snapshot, json.Value.SerializerOptions)));
}

/// <summary>A channel, as everybody may know it who sees its page.</summary>
/// <param name="ChannelId">The channel.</param>
/// <param name="UserId">The creator.</param>
/// <param name="Stream">Its settings; `stream.updated` has them anew.</param>
/// <param name="State">Where it stands; `stream.state` has it anew.</param>
/// <param name="Viewers">Who watches; `viewers` has it anew.</param>
public sealed record ChannelSnapshot(Guid ChannelId, string UserId, StreamUpdated Stream, StreamState State, ViewersNow Viewers);

/// <param name="State">`offline` (never live), `live`, `reconnecting`, `ended`, or `test` for the owner.</param>
/// <param name="IsLive">Whether media is arriving now.</param>
/// <param name="SessionId">The session that is running, or the last one.</param>
/// <param name="StartedAt">Of the session that is running.</param>
/// <param name="ReconnectingUntil">Until when the session may go on; given while reconnecting.</param>
/// <param name="MediaEndedAt">When media stopped.</param>
/// <param name="Reason">Why, as in the session's timeline.</param>
public sealed record StreamState(
    LiveState State, bool IsLive,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Guid? SessionId,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateTimeOffset? StartedAt,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateTimeOffset? ReconnectingUntil,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateTimeOffset? MediaEndedAt,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Reason)
{
    internal static StreamState Of(PublishedState? told)
    {
        if (told is null) return new StreamState(LiveState.Offline, false, null, null, null, null, null);
        var state = Enum.Parse<LiveState>(told.State, ignoreCase: true);
        return new StreamState(state, state is LiveState.Live or LiveState.Test, told.SessionId, told.StartedAt, told.ReconnectUntil, told.MediaEndedAt, told.EndReason);
    }
}

/// <param name="Count">Distinct people in the room who watch; the creator is not among them.</param>
/// <param name="AsOf">When that was so.</param>
public sealed record ViewersNow(long Count, DateTimeOffset AsOf);

/// <summary>What concerns the caller himself.</summary>
/// <param name="UserId">The caller.</param>
/// <param name="Channel">His own; null when he has none.</param>
/// <param name="Application">Where his last creator application stands; null when he made none.</param>
public sealed record OwnSnapshot(string UserId, OwnChannel? Channel, ApplicationStatus? Application);

/// <param name="ChannelId">The channel.</param>
/// <param name="State">Where it stands.</param>
/// <param name="Issues">Codes of what is wrong with the ingest, as in `/api/stream/health`.</param>
/// <param name="IsSuspended">Whether an administrator keeps it off the air.</param>
public sealed record OwnChannel(Guid ChannelId, StreamState State, IReadOnlyList<string> Issues, bool IsSuspended);
