using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Streaming.Core.Sessions;

/// <summary>
/// Turns the facts about a channel's ingest segments into ends and sessions. A pure function of those facts: whatever the order
/// in which they became known, the same facts give the same timeline.
/// </summary>
public static class SessionTimeline
{
    /// <param name="segments">All started segments of the channel from a session's beginning on.</param>
    /// <param name="known">The sessions these segments were in so far: their ids and windows are kept.</param>
    /// <param name="reconnectWindowSeconds">The channel's window, for sessions that are new.</param>
    public static Timeline Derive(IReadOnlyList<SegmentFacts> segments, IReadOnlyDictionary<Guid, int> known, int reconnectWindowSeconds)
    {
        var ordered = segments.OrderBy(s => s.StartedAt).ThenBy(s => s.ResourceId, StringComparer.Ordinal).ToList();
        var ends = new SegmentEnd[ordered.Count];
        var sessions = new List<DerivedSession>();
        var taken = new HashSet<Guid>();
        var owners = Enumerable.Range(0, ordered.Count).ToDictionary(i => NewId(ordered[i]));
        var first = 0;

        for (var i = 0; i < ordered.Count; i++)
        {
            var (at, reason) = EndOf(ordered, i);
            ends[i] = new SegmentEnd(ordered[i].ResourceId, at, reason, SessionId: default);
        }

        while (first < ordered.Count)
        {
            Guid? id = null;
            var window = reconnectWindowSeconds;
            var next = first;
            var last = first; // the segment that ends last: it decides when and why the session ends
            do
            {
                if (id is null && ordered[next].SessionId is { } kept && known.TryGetValue(kept, out var keptWindow))
                {
                    window = keptWindow;
                    // An id made of a segment stays with that segment when what was one session turns out to be two.
                    if ((!owners.TryGetValue(kept, out var owner) || (owner >= first && owner <= next)) && taken.Add(kept)) id = kept;
                }

                if (ends[last].EndedAt is not null && (ends[next].EndedAt is null || ends[next].EndedAt >= ends[last].EndedAt)) last = next;
                next++;
            }
            while (next < ordered.Count && (ends[last].EndedAt is not { } end || ordered[next].StartedAt <= ReconnectUntil(end, ordered[last], window)));

            var session = new DerivedSession(
                id ?? NewId(ordered[first]), ordered[first].StartedAt, ends[last].EndedAt, ends[last].Reason, window,
                ends[last].EndedAt is { } endedAt ? ReconnectUntil(endedAt, ordered[last], window) : null);
            for (var i = first; i < next; i++) ends[i] = ends[i] with { SessionId = session.Id };
            sessions.Add(session);
            first = next;
        }

        return new Timeline(ends, sessions);
    }

    /// <summary>
    /// A segment's own evidence comes first (what its ingress says, then what its participant did), then what implies its end.
    /// Times of different LiveKit nodes are not compared to choose between them: their clocks may be minutes apart.
    /// </summary>
    private static (DateTimeOffset? At, string? Reason) EndOf(List<SegmentFacts> ordered, int index)
    {
        var segment = ordered[index];
        var successor = segment.Source == SegmentSource.Ingress ? ordered.Skip(index + 1).FirstOrDefault(TakesOver) : null;
        (DateTimeOffset? at, string? reason) = segment switch
        {
            { CutAt: { } cut, CutReason: { } why } => (cut, why),
            { StoppedAt: { } stopped } => (stopped, segment.Failure ?? EndReasons.Stopped),
            { IsDisplaced: true, LeftAt: { } left } => (left, EndReasons.TakenOver),
            { LeftAt: { } left } => (left, EndReasons.Disconnected),
            // With a deleted key nobody takes over: the same key's successor came before the deletion, another key's after it.
            { IngressDeletedAt: { } deleted } when successor is null || successor.IngressId != segment.IngressId => (deleted, EndReasons.IngressDeleted),
            { RoomRestartedAt: { } restarted } when restarted > segment.StartedAt => (restarted, EndReasons.Disconnected),
            { RoomFinishedAt: { } finished } => (finished, EndReasons.Disconnected),
            _ when successor is not null => (successor.StartedAt, EndReasons.TakenOver),
            { MissingAt: { } missing } => (missing, EndReasons.Lost),
            _ => ((DateTimeOffset?)null, (string?)null),
        };
        return (at < segment.StartedAt ? segment.StartedAt : at, reason);
    }

    /// <summary>With its key deleted, or cut off by us, nobody can reconnect: the session is over with that, or when its media ended if that is later.</summary>
    private static DateTimeOffset ReconnectUntil(DateTimeOffset end, SegmentFacts segment, int window)
    {
        var until = end.AddSeconds(window);
        var closed = segment.CutAt < (segment.IngressDeletedAt ?? DateTimeOffset.MaxValue) ? segment.CutAt : segment.IngressDeletedAt;
        if (closed is not { } at || at >= until) return until;
        return at > end ? at : end;
    }

    /// <summary>
    /// All ingresses of a channel share one identity, so LiveKit keeps the newest publisher only. One that was displaced was not the newest,
    /// and one that ended by itself displaced nobody who is still there: whether it began later or its clock is ahead cannot be told.
    /// </summary>
    private static bool TakesOver(SegmentFacts later) => later is { Source: SegmentSource.Ingress, IsDisplaced: false, StoppedAt: null, LeftAt: null };

    /// <summary>A UUIDv7 whose random bits are a hash of the first segment: two workers, or a repetition, find the same id.</summary>
    private static Guid NewId(SegmentFacts first)
    {
        Span<byte> id = stackalloc byte[32];
        SHA256.HashData(Encoding.UTF8.GetBytes(first.ResourceId), id);
        Span<byte> milliseconds = stackalloc byte[8];
        BinaryPrimitives.WriteInt64BigEndian(milliseconds, first.StartedAt.ToUnixTimeMilliseconds());
        milliseconds[2..].CopyTo(id);
        id[6] = (byte)(0x70 | (id[6] & 0x0F));
        id[8] = (byte)(0x80 | (id[8] & 0x3F));
        return new Guid(id[..16], bigEndian: true);
    }
}

/// <summary>What is known of one started segment, and of what it depends on.</summary>
public sealed record SegmentFacts(
    string ResourceId,
    SegmentSource Source,
    string? IngressId,
    DateTimeOffset StartedAt,
    DateTimeOffset? StoppedAt,
    DateTimeOffset? LeftAt,
    bool IsDisplaced,
    string? Failure,
    DateTimeOffset? IngressDeletedAt,
    DateTimeOffset? RoomFinishedAt,
    DateTimeOffset? RoomRestartedAt,
    Guid? SessionId)
{
    /// <summary>LiveKit, when asked, no longer had it, and nobody had told why.</summary>
    public DateTimeOffset? MissingAt { get; init; }

    /// <summary>We ended its session then.</summary>
    public DateTimeOffset? CutAt { get; init; }

    /// <summary>Why, when it was still publishing.</summary>
    public string? CutReason { get; init; }
}

/// <summary>When and why a segment ended (null: it has not), and the session it belongs to.</summary>
public readonly record struct SegmentEnd(string ResourceId, DateTimeOffset? EndedAt, string? Reason, Guid SessionId);

/// <summary>A session as its segments imply it.</summary>
public readonly record struct DerivedSession(
    Guid Id, DateTimeOffset StartedAt, DateTimeOffset? MediaEndedAt, string? EndReason, int ReconnectWindowSeconds, DateTimeOffset? ReconnectUntil);

public sealed record Timeline(IReadOnlyList<SegmentEnd> Ends, IReadOnlyList<DerivedSession> Sessions);

/// <summary>Why media stopped: stable codes of the API.</summary>
public static class EndReasons
{
    /// <summary>The encoder ended the broadcast or its connection was lost: LiveKit's ingress cannot tell one from the other.</summary>
    public const string Stopped = "stopped";

    /// <summary>The publishing participant left the room.</summary>
    public const string Disconnected = "disconnected";

    /// <summary>A newer publisher on the same key took over.</summary>
    public const string TakenOver = "taken_over";

    /// <summary>LiveKit no longer had it when asked: its own word on how it ended was lost.</summary>
    public const string Lost = "lost";

    /// <summary>The stream key was deleted or reset through our API.</summary>
    public const string IngressDeleted = "ingress_deleted";

    /// <summary>The creator switched the stream key off.</summary>
    public const string Disabled = "disabled";

    /// <summary>The creator asked to be forgotten.</summary>
    public const string Erased = "erased";
}
