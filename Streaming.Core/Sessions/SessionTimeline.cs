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
    /// <summary>LiveKit tells in whole seconds when somebody left, and so perhaps before we made him.</summary>
    private static readonly TimeSpan WholeSecond = TimeSpan.FromSeconds(1);

    /// <param name="segments">All started segments of the channel from a session's beginning on.</param>
    /// <param name="known">The sessions these segments were in so far: their ids and windows are kept.</param>
    /// <param name="reconnectWindowSeconds">The channel's window, for sessions that are new.</param>
    public static Timeline Derive(IReadOnlyList<SegmentFacts> segments, IReadOnlyDictionary<Guid, int> known, int reconnectWindowSeconds)
    {
        var refused = segments.Where(s => s.StartedAt > s.OffAt).Select(s => new SegmentEnd(s.ResourceId, s.StartedAt, s.OffReason, SessionId: null, ReplacedBy: null));
        var ordered = segments.Where(s => s.OffAt is null || s.StartedAt <= s.OffAt).OrderBy(s => s.StartedAt).ThenBy(s => s.ResourceId, StringComparer.Ordinal).ToList();
        var ends = new SegmentEnd[ordered.Count];
        var sessions = new List<DerivedSession>();
        var taken = new HashSet<Guid>();
        var owners = Enumerable.Range(0, ordered.Count).ToDictionary(i => NewId(ordered[i]));
        var first = 0;

        for (var i = 0; i < ordered.Count; i++)
        {
            ends[i] = EndOf(ordered, i);
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
            while (next < ordered.Count && ordered[next].OffAt == ordered[first].OffAt && (ends[last].EndedAt is not { } end || ordered[next].StartedAt <= ReconnectUntil(end, ordered[last], window)));

            var (until, why) = Close(ends[last], ordered[last], window);
            var contest = Contest.Latest(ends[first..next].Where(e => e.Reason == EndReasons.TakenOver).Select(e => e.EndedAt!.Value));
            var session = new DerivedSession(id ?? NewId(ordered[first]), ordered[first].StartedAt, ends[last].EndedAt, why, window, until)
            {
                ContestedAt = contest?.BecameAt,
                ContestBeganAt = contest?.BeganAt,
            };
            for (var i = first; i < next; i++)
                ends[i] = ends[i] with { SessionId = session.Id, ReplacedBy = ends[i].Reason == EndReasons.TakenOver ? Successor(ordered, i, next) : null };
            sessions.Add(session);
            first = next;
        }

        return new Timeline([.. ends, .. refused], sessions);
    }

    /// <summary>
    /// A segment's own evidence comes first (what its ingress says, then what its participant did), then what implies its end.
    /// Times of different LiveKit nodes are not compared to choose between them: their clocks may be minutes apart.
    /// </summary>
    private static SegmentEnd EndOf(List<SegmentFacts> ordered, int index)
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
        if (segment.OffAt is { } off && (at is null || at > off)) (at, reason) = (off, segment.OffReason);
        return new SegmentEnd(segment.ResourceId, at < segment.StartedAt ? segment.StartedAt : at, reason, SessionId: null, ReplacedBy: null);
    }

    /// <summary>Who took a segment's place: as far as clocks tell, the next of its kind in the session.</summary>
    private static string? Successor(List<SegmentFacts> ordered, int index, int next) =>
        ordered.Take(next).Skip(index + 1).FirstOrDefault(s => s.Source == ordered[index].Source)?.ResourceId;

    /// <summary>Until when the session can be continued, and why it ended: a cutoff closes it, and gives the reason even when its media stopped before.</summary>
    private static (DateTimeOffset? Until, string? Reason) Close(SegmentEnd last, SegmentFacts segment, int window)
    {
        if (last.EndedAt is not { } end) return (null, null);
        var until = ReconnectUntil(end, segment, window);
        if (segment.OffAt is not { } off || (off >= until && off - end >= WholeSecond)) return (until, last.Reason);
        return (off < until ? off : until, segment.OffReason);
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

    /// <summary>The first cutoff that had not been lifted when it began: what began before it ends with it, and what began later is refused.</summary>
    public DateTimeOffset? OffAt { get; init; }

    public string? OffReason { get; init; }

    /// <summary>Who took its place, as was known so far.</summary>
    public string? ReplacedBy { get; init; }
}

/// <summary>When and why a segment ended (null: it has not), and the session it belongs to (null: none, it came while the channel was kept off the air).</summary>
/// <param name="ReplacedBy">The segment that took its place.</param>
public readonly record struct SegmentEnd(string ResourceId, DateTimeOffset? EndedAt, string? Reason, Guid? SessionId, string? ReplacedBy);

/// <summary>A session as its segments imply it.</summary>
public readonly record struct DerivedSession(
    Guid Id, DateTimeOffset StartedAt, DateTimeOffset? MediaEndedAt, string? EndReason, int ReconnectWindowSeconds, DateTimeOffset? ReconnectUntil)
{
    /// <summary>When publishers last began to fight over the key; see <see cref="Contest"/>.</summary>
    public DateTimeOffset? ContestedAt { get; init; }

    /// <summary>The first takeover of that fight.</summary>
    internal DateTimeOffset? ContestBeganAt { get; init; }
}

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

    /// <summary>The stream key was replaced by another, at once.</summary>
    public const string Rotated = "rotated";

    /// <summary>The creator switched the stream key off.</summary>
    public const string Disabled = "disabled";

    /// <summary>The creator asked to be forgotten.</summary>
    public const string Erased = "erased";

    /// <summary>The creator ended the broadcast through our API.</summary>
    public const string EndedByCreator = "ended_by_creator";

    /// <summary>It had lasted as long as the channel allows.</summary>
    public const string DurationExceeded = "duration_exceeded";

    /// <summary>The time of a test broadcast was over.</summary>
    public const string TestOver = "test_over";

    /// <summary>Several publishers fought over the key, and the creator had asked for it to be disabled then.</summary>
    public const string KeyContested = "key_contested";

    /// <summary>An administrator suspended the channel.</summary>
    public const string Suspended = "suspended";

    /// <summary>The creator's approval was taken back.</summary>
    public const string Revoked = "revoked";
}
