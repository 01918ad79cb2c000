using System.Text.Json.Serialization;
using Npgsql;
using Streaming.Core.LiveKit;
using Streaming.Core.Streams;

namespace Streaming.Api.Features.Ingresses;

/// <summary>What a creator sees of his keys; never a key itself.</summary>
public sealed class KeyList(NpgsqlDataSource database)
{
    private const string Keys =
        """
        select i.id, i.label, i.is_primary, i.type, i.key_last4, i.quality, i.is_enabled, i.created_at, u.last_used_at, u.uses, i.replaced_by_id, i.retires_at,
               i.quality = i.live_kit_quality,
               array(select distinct h.reason::text from ingress_holds h where h.channel_id = i.channel_id and (h.ingress_id is null or h.ingress_id = i.id)
                     and (h.until is null or h.until > now()) order by 1)
        from ingresses i join channels c on c.id = i.channel_id
        left join lateral (select max(s.began_at) as last_used_at, count(*) as uses from ingest_segments s
                           where s.channel_id = i.channel_id and s.ingress_id = i.id and s.began_at is not null) u on true
        where c.user_id = @user and i.deleted_at is null and (@id::text is null or i.id = @id)
        order by i.is_primary desc, i.created_at, i.id
        """;

    /// <param name="ingressId">Null: all of them.</param>
    public async Task<IReadOnlyList<KeyInfo>> Read(string userId, string? ingressId, CancellationToken ct)
    {
        await using var command = database.CreateCommand(Keys);
        command.Parameters.AddWithValue("user", userId);
        command.Parameters.Add(new NpgsqlParameter<string?>("id", ingressId));
        var keys = new List<KeyInfo>();
        await using var row = await command.ExecuteReaderAsync(ct);
        while (await row.ReadAsync(ct))
        {
            var (type, quality) = (Enum.Parse<IngressType>(row.GetString(3)), Enum.Parse<KeyQuality>(row.GetString(5)));
            HoldReason[] holds = [.. row.GetFieldValue<string[]>(13).Select(Enum.Parse<HoldReason>)];
            var applied = !row.IsDBNull(6) && row.GetBoolean(6) == (holds.Length == 0) && !row.IsDBNull(12) && row.GetBoolean(12);
            keys.Add(new KeyInfo(
                row.GetString(0), row.IsDBNull(1) ? null : row.GetString(1), row.GetBoolean(2), type, row.GetString(4), quality, quality.Layers(type), holds.Length == 0, holds, applied,
                row.GetFieldValue<DateTimeOffset>(7), row.IsDBNull(8) ? null : row.GetFieldValue<DateTimeOffset>(8), row.GetInt64(9),
                row.IsDBNull(10) ? null : row.GetString(10), row.IsDBNull(11) ? null : row.GetFieldValue<DateTimeOffset>(11)));
        }

        return keys;
    }

    /// <summary>The answer that shows a key.</summary>
    public async Task<KeyCreated> Show(string userId, CreatedIngress created, CancellationToken ct)
    {
        var keys = await Read(userId, null, ct);
        var key = keys.Single(k => k.IngressId == created.Id);
        var replaced = keys.FirstOrDefault(k => k.ReplacedBy == created.Id);
        return new KeyCreated(
            created.Id, created.ServerUrl, created.Key.Reveal(), userId, key.Label, key.IsPrimary, key.Type, key.Quality, key.Layers, key.Enabled,
            replaced is null ? null : new ReplacedKey(replaced.IngressId, replaced.WorksUntil));
    }
}

/// <param name="Items">The primary key first. Those that others have replaced are among them for as long as they work.</param>
public sealed record KeyPage(IReadOnlyList<KeyInfo> Items);

/// <param name="IngressId">LiveKit's id of the ingress.</param>
/// <param name="Label">What the creator calls it; null when it has no name.</param>
/// <param name="IsPrimary">Whether it is the channel's one primary key.</param>
/// <param name="Type">How the encoder connects.</param>
/// <param name="KeyLast4">The last four characters of the stream key, to recognise it by.</param>
/// <param name="Quality">What viewers can choose from.</param>
/// <param name="Layers">The versions of the picture that LiveKit makes; empty where it passes the encoder's own through.</param>
/// <param name="Enabled">Whether the key is to work: nothing holds it.</param>
/// <param name="HeldBy">What holds it: `disabled` (the creator), `ended` (for some time after a clean end), `suspended` (an administrator), `contested` (too many encoders).</param>
/// <param name="IsApplied">Whether LiveKit has confirmed `enabled` and `quality`. If not, it could not be reached, or the quality waits for the next stream.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="LastUsedAt">When an encoder last began to publish with it; null when none ever did.</param>
/// <param name="UseCount">How often an encoder published with it.</param>
/// <param name="ReplacedBy">The key that takes its place; null when none does.</param>
/// <param name="WorksUntil">When it stops working; null when that is not known, or when the session that runs on it ends.</param>
public sealed record KeyInfo(
    string IngressId, string? Label, bool IsPrimary, IngressType Type, string KeyLast4, KeyQuality Quality, IReadOnlyList<VideoLayer> Layers, bool Enabled, IReadOnlyList<HoldReason> HeldBy,
    bool IsApplied, DateTimeOffset CreatedAt, DateTimeOffset? LastUsedAt, long UseCount,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? ReplacedBy,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateTimeOffset? WorksUntil);

/// <param name="IngressId">LiveKit's id of the ingress.</param>
/// <param name="ServerUrl">What to enter as the server in OBS, or the WHIP endpoint.</param>
/// <param name="StreamKey">The secret to enter as the stream key, or as the WHIP bearer token. It is not stored here.</param>
/// <param name="UserId">The creator.</param>
/// <param name="Label">What the creator calls it.</param>
/// <param name="IsPrimary">Whether it is the channel's one primary key.</param>
/// <param name="Type">How the encoder connects.</param>
/// <param name="Quality">What viewers can choose from.</param>
/// <param name="Layers">The versions of the picture that LiveKit makes; empty where it passes the encoder's own through.</param>
/// <param name="Enabled">Whether it works: not while the channel is held, or when it replaces a key that was switched off.</param>
/// <param name="Replaced">The key whose place it takes, if that one still works.</param>
public sealed record KeyCreated(
    string IngressId, string ServerUrl, string StreamKey, string UserId, string? Label, bool IsPrimary, IngressType Type, KeyQuality Quality, IReadOnlyList<VideoLayer> Layers, bool Enabled,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] ReplacedKey? Replaced)
{
    public override string ToString() => $"KeyCreated {{ IngressId = {IngressId}, StreamKey = *** }}";
}

/// <param name="IngressId">LiveKit's id of the old ingress.</param>
/// <param name="WorksUntil">When it stops working: one that is past says that LiveKit could not be told yet. Null: when the session that runs on it ends.</param>
public sealed record ReplacedKey(string IngressId, DateTimeOffset? WorksUntil);
