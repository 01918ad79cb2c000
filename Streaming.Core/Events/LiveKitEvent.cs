using System.Text.Json;
using System.Text.Json.Serialization;

namespace Streaming.Core.Events;

/// <summary>
/// Our projection of a LiveKit webhook: what is queued, stored and shown of it. There is no member that a stream key, a TURN
/// password, metadata or an error text of a foreign system would fit in.
/// </summary>
public sealed record LiveKitEvent
{
    /// <summary>LiveKit's <c>EV_…</c>, the same on every delivery; <c>sha256:…</c> of the body when it has none that can be read.</summary>
    public required string Id { get; init; }

    /// <summary>LiveKit's name of the event, one of <see cref="EventKinds"/> or one that is newer than we are.</summary>
    public required string Kind { get; init; }

    /// <summary>When LiveKit queued it, in whole seconds: never an order, and by LiveKit's clock.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>The room's name, which for our rooms is the channel's id.</summary>
    public string? RoomName { get; init; }

    public string? RoomSid { get; init; }
    public ParticipantFacts? Participant { get; init; }
    public IngressFacts? Ingress { get; init; }

    /// <summary>Why the body could not be read; such an event becomes a dead letter.</summary>
    public string? Unreadable { get; init; }

    /// <summary>The channel that owns the room; null for a room that cannot be ours, such as one whose name is the id in capitals.</summary>
    [JsonIgnore]
    public Guid? ChannelId
    {
        get
        {
            var room = Ingress?.RoomName ?? RoomName;
            Span<char> name = stackalloc char[36];
            return Guid.TryParseExact(room, "D", out var id) && id.TryFormat(name, out _) && room.AsSpan().Equals(name, StringComparison.Ordinal) ? id : null;
        }
    }

    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, EventJson.Default.LiveKitEvent);

    /// <exception cref="JsonException">It is not a projection of ours.</exception>
    public static LiveKitEvent FromJson(ReadOnlySpan<byte> json) =>
        JsonSerializer.Deserialize(json, EventJson.Default.LiveKitEvent) ?? throw new JsonException("A projection cannot be null.");
}

/// <param name="Sid">New for every join: a reconnect is another participant.</param>
/// <param name="JoinedAt">To the millisecond; null on track events, which carry the SID and identity alone.</param>
/// <param name="IsStandard">LiveKit's kind STANDARD: a client, not an encoder, recorder, agent or phone line.</param>
/// <param name="IsDisplaced">It left because another took its identity.</param>
/// <param name="ResourceId">The ingest segment of an encoder; known when it leaves, not yet when it joins.</param>
public sealed record ParticipantFacts(
    string Sid,
    string Identity,
    DateTimeOffset? JoinedAt,
    bool IsStandard,
    bool IsIngress,
    bool IsHidden,
    bool IsDisplaced,
    string? IngressId,
    string? ResourceId)
{
    /// <summary>Whether a client may send data into the room; null when the event does not say.</summary>
    public bool? MaySendData { get; init; }
}

/// <param name="Failure">One of our codes when LiveKit reports an error, else null.</param>
public sealed record IngressFacts(
    string IngressId,
    string? ResourceId,
    string? RoomName,
    DateTimeOffset? StartedAt,
    DateTimeOffset? EndedAt,
    string? Failure);

/// <summary>The events of LiveKit 1.13 that have an effect here.</summary>
public static class EventKinds
{
    public const string RoomStarted = "room_started";
    public const string RoomFinished = "room_finished";
    public const string ParticipantJoined = "participant_joined";
    public const string ParticipantLeft = "participant_left";
    public const string ParticipantConnectionAborted = "participant_connection_aborted";
    public const string TrackPublished = "track_published";
    public const string IngressStarted = "ingress_started";
    public const string IngressEnded = "ingress_ended";

    /// <summary>Ours: a correctly signed body that could not be read.</summary>
    public const string Unreadable = "unreadable";
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault)]
[JsonSerializable(typeof(LiveKitEvent))]
internal sealed partial class EventJson : JsonSerializerContext;
