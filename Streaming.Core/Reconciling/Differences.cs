using Streaming.Core.LiveKit;
using Streaming.Core.Sessions;
using Streaming.Core.Viewers;

namespace Streaming.Core.Reconciling;

/// <summary>
/// Where LiveKit's answer contradicts what is believed of a channel. The truth about publishing is a participant in the room: the
/// ingress' own state shows an error after a refused connection while another goes on.
/// </summary>
public static class Differences
{
    /// <param name="belief">From before LiveKit was asked.</param>
    /// <param name="roomSid">The room that stands now; null when there is none.</param>
    /// <param name="listed">Who is in it.</param>
    /// <param name="records">From after LiveKit was asked.</param>
    public static IEnumerable<Difference> Between(Guid channel, ChannelBelief belief, string? roomSid, IReadOnlyList<RoomParticipant> listed, Records records)
    {
        var publishing = new HashSet<string>();
        foreach (var participant in listed.Where(p => p.Role is ParticipantRole.Host or ParticipantRole.Ingress))
        {
            var (segment, state) = SegmentOf(participant, belief, records);
            publishing.Add(segment);
            if (state is not (RecordState.Open or RecordState.Off) && participant.IsPublishing && !(state == RecordState.Ended && segment == participant.Sid))
                yield return new Difference(CorrectionKind.SegmentStarted, channel, segment, roomSid) { Participant = participant, ContradictsLiveKit = segment == participant.Sid && participant.ResourceId is not null };
        }

        foreach (var segment in belief.Segments.Where(s => !publishing.Contains(s.ResourceId)))
            yield return new Difference(CorrectionKind.SegmentEnded, channel, segment.ResourceId, null);

        if (roomSid is not null)
        {
            foreach (var participant in listed.Where(p => p.IsActive && (!records.Presences.TryGetValue(p.Sid, out var state) || state == RecordState.Lost)))
                yield return new Difference(CorrectionKind.ParticipantJoined, channel, participant.Sid, roomSid) { Participant = participant };
        }

        foreach (var gone in belief.Present.Except(listed.Select(p => p.Sid)))
            yield return new Difference(CorrectionKind.ParticipantLeft, channel, gone, null);
    }

    /// <summary>The segment that a publisher is, and how it stands in the records (null: not at all).</summary>
    private static (string Id, RecordState? State) SegmentOf(RoomParticipant participant, ChannelBelief belief, Records records)
    {
        RecordState? Recorded(string id) => records.Segments.TryGetValue(id, out var state) ? state : null;

        if (participant.Role == ParticipantRole.Host) return (participant.Sid, Recorded(participant.Sid));
        if (!participant.IsPublishing) return ("", null); // an encoder without tracks keeps no segment alive

        // LiveKit said that the resource ended, and it is there: connected anew, as a participant of its own.
        if (participant.ResourceId is { } resource)
            return Recorded(resource) is RecordState.Ended ? (participant.Sid, Recorded(participant.Sid)) : (resource, Recorded(resource));

        var open = belief.Segments.FirstOrDefault(s => s.ResourceId == participant.Sid) ?? belief.Segments.LastOrDefault(s => s.IngressId is { } id && id == participant.IngressId);
        return open is not null ? (open.ResourceId, RecordState.Open) : (participant.Sid, Recorded(participant.Sid));
    }
}

/// <summary>One contradiction between LiveKit's answer and the records.</summary>
/// <param name="Subject">The ingest segment or the participant.</param>
/// <param name="RoomSid">The room in which it was seen; null for what was not seen.</param>
public sealed record Difference(CorrectionKind Kind, Guid ChannelId, string Subject, string? RoomSid)
{
    /// <summary>Who was seen; null for what was not seen.</summary>
    public RoomParticipant? Participant { get; init; }

    /// <summary>A webhook told otherwise: believed only after the longer wait.</summary>
    public bool ContradictsLiveKit { get; init; }

    /// <summary>The same contradiction at another look.</summary>
    public (CorrectionKind, Guid, string, string?) Key => (Kind, ChannelId, Subject, RoomSid);
}
