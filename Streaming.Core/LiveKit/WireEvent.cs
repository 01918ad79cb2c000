using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Streaming.Core.Events;

namespace Streaming.Core.LiveKit;

/// <summary>
/// Reads LiveKit's webhook body as LiveKit writes it: protojson with 64-bit integers as strings, defaults omitted and fields that
/// are newer than we are. What it does not know it skips; what it cannot read it says so of, and loses nothing.
/// </summary>
public static class WireEvent
{
    private const int MaxDepth = 32;
    private const int MaxText = 256; // LiveKit's own limit for room names and identities

    /// <summary>Later times are no clock's, and a reconnect window could not be added to all of them.</summary>
    private static readonly DateTimeOffset LastTime = new(9000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static readonly JsonDocumentOptions Tolerant = new() { MaxDepth = MaxDepth };

    /// <summary>Never throws for what the body holds: an unreadable one comes back with <see cref="LiveKitEvent.Unreadable"/> set.</summary>
    public static LiveKitEvent Read(ReadOnlyMemory<byte> body)
    {
        string? id = null;
        try
        {
            using var json = JsonDocument.Parse(WithoutByteOrderMark(body), Tolerant);
            id = Text(json.RootElement, "id");
            if (id is null) return Unreadable(body, null, "no event id");
            if (Text(json.RootElement, "event") is not { } kind) return Unreadable(body, id, "no event name");
            if (Time(json.RootElement, "createdAt", TimeSpan.TicksPerSecond) is not { } createdAt) return Unreadable(body, id, "no creation time");
            return Project(json.RootElement, id, kind, createdAt);
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException or OverflowException)
        {
            return Unreadable(body, id, e is JsonException ? "not JSON that we can read" : "a field is not of its type");
        }
    }

    private static LiveKitEvent Project(JsonElement root, string id, string kind, DateTimeOffset createdAt)
    {
        var room = Object(root, "room");
        return new LiveKitEvent
        {
            Id = id,
            Kind = kind,
            CreatedAt = createdAt,
            RoomName = room is { } r ? Text(r, "name") : null,
            RoomSid = room is { } s ? Text(s, "sid") : null,
            Participant = Object(root, "participant") is { } participant ? ReadParticipant(participant) : null,
            Ingress = Object(root, "ingressInfo") is { } ingress ? ReadIngress(ingress) : null,
        };
    }

    private static ParticipantFacts? ReadParticipant(JsonElement participant)
    {
        if (Text(participant, "sid") is not { } sid || Text(participant, "identity") is not { } identity) return null;
        var attributes = Object(participant, "attributes");
        var kind = EnumName(participant, "kind");
        var permission = Object(participant, "permission");
        return new ParticipantFacts(
            sid,
            identity,
            Time(participant, "joinedAtMs", TimeSpan.TicksPerMillisecond) ?? Time(participant, "joinedAt", TimeSpan.TicksPerSecond),
            IsStandard: kind is null or "STANDARD",
            IsIngress: kind is "INGRESS",
            IsHidden: permission is { } p && Flag(p, "hidden"),
            IsDisplaced: EnumName(participant, "disconnectReason") is "DUPLICATE_IDENTITY",
            attributes is { } a ? Text(a, "ingress.ingressID") : null,
            attributes is { } b ? Text(b, "ingress.resourceID") : null)
        {
            MaySendData = permission is { } granted && (kind is null or "STANDARD") ? Flag(granted, "canPublishData") : null,
        };
    }

    private static IngressFacts? ReadIngress(JsonElement ingress)
    {
        if (Text(ingress, "ingressId") is not { } ingressId) return null;
        var state = Object(ingress, "state") ?? default;
        var isObject = state.ValueKind == JsonValueKind.Object;
        return new IngressFacts(
            ingressId,
            isObject ? Text(state, "resourceId") : null,
            Text(ingress, "roomName"),
            isObject ? Time(state, "startedAt", ticksPerUnit: 0) : null,
            isObject ? Time(state, "endedAt", ticksPerUnit: 0) ?? Time(state, "updatedAt", ticksPerUnit: 0) : null,
            isObject && EnumName(state, "status") is "ENDPOINT_ERROR" ? FailureCode(state) : null);
    }

    /// <summary>LiveKit's error is free text of any length that may quote anything: only codes of ours leave this method.</summary>
    private static string FailureCode(JsonElement state)
    {
        if (!state.TryGetProperty("error", out var error) || error.ValueKind != JsonValueKind.String) return "ingress_error";
        if (error.ValueEquals("invalid ingress type"u8)) return "wrong_protocol";
        if (error.ValueEquals("server capacity exceeded"u8)) return "capacity_exceeded";
        return error.ValueEquals("ingress disabled"u8) || error.ValueEquals("session is disabled"u8) ? "ingress_disabled" : "ingress_error";
    }

    private static LiveKitEvent Unreadable(ReadOnlyMemory<byte> body, string? id, string reason) => new()
    {
        Id = id ?? $"sha256:{Convert.ToHexStringLower(SHA256.HashData(body.Span))}",
        Kind = EventKinds.Unreadable,
        Unreadable = reason,
    };

    private static ReadOnlyMemory<byte> WithoutByteOrderMark(ReadOnlyMemory<byte> body) =>
        body.Span.StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF]) ? body[3..] : body;

    private static JsonElement? Object(JsonElement parent, string name) =>
        parent.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null
            ? value.ValueKind == JsonValueKind.Object ? value : throw new FormatException()
            : null;

    /// <summary>Null when absent or empty, as protojson has it. A NUL, which Postgres cannot store, or an impossible length is not LiveKit's.</summary>
    private static string? Text(JsonElement parent, string name)
    {
        if (!parent.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null) return null;
        var text = value.GetString();
        if (text is not null && (text.Length > MaxText || text.Contains('\0'))) throw new FormatException();
        return text is { Length: 0 } ? null : text;
    }

    /// <summary>Protojson writes a value without a name, from a client that is newer than LiveKit, as a number.</summary>
    private static string? EnumName(JsonElement parent, string name) =>
        parent.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetRawText() : Text(parent, name);

    private static bool Flag(JsonElement parent, string name) => parent.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.True;

    /// <param name="ticksPerUnit">Ticks in the field's unit; 0 for nanoseconds, a hundred of which are one tick.</param>
    private static DateTimeOffset? Time(JsonElement parent, string name, long ticksPerUnit)
    {
        if (!parent.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null) return null;
        var number = value.ValueKind == JsonValueKind.String ? long.Parse(value.GetString()!, NumberStyles.None, CultureInfo.InvariantCulture) : value.GetInt64();
        if (number == 0) return null;
        var ticks = ticksPerUnit == 0 ? number / 100 : checked(number * ticksPerUnit);
        if (ticks < 0 || ticks > (LastTime - DateTimeOffset.UnixEpoch).Ticks) throw new OverflowException();
        var microseconds = ticks / TimeSpan.TicksPerMicrosecond; // what Postgres keeps: a fact must not change when it is stored
        return DateTimeOffset.UnixEpoch.AddTicks(microseconds * TimeSpan.TicksPerMicrosecond);
    }
}
