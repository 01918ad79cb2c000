using Npgsql;

namespace Streaming.Core.Discovery;

/// <summary>A channel as lists show it.</summary>
/// <param name="Username">Null when its creator has none.</param>
/// <param name="StartedAt">When the session began that is live; null when none is.</param>
/// <param name="LastLiveAt">When media last stopped; null while it is live, or when it never was.</param>
/// <param name="ViewerCount">Distinct people in the room who watch.</param>
public sealed record ChannelCard(
    Guid Id, string UserId, string? Username, string Title, string? Thumbnail, string? Category, string? Language, IReadOnlyList<string> Tags, bool IsMature,
    int FollowerCount, DateTimeOffset? StartedAt, DateTimeOffset? LastLiveAt, long ViewerCount)
{
    /// <summary>What <see cref="Read"/> reads, in a query over channels as c, their creators as u and a session as s.</summary>
    internal const string Columns =
        """
        c.id, c.user_id, u.username, c.title, c.thumbnail, c.category, c.language, c.tags, c.is_mature, u.follower_count,
        case when s.media_ended_at is null then s.started_at end, s.media_ended_at
        """;

    public bool IsLive => StartedAt is not null;

    /// <summary>The card without its viewers, who are counted elsewhere.</summary>
    internal static ChannelCard Read(NpgsqlDataReader row) => new(
        row.GetGuid(0), row.GetString(1), Text(row, 2), row.GetString(3), Text(row, 4), Text(row, 5), Text(row, 6), row.GetFieldValue<string[]>(7), row.GetBoolean(8), row.GetInt32(9),
        Time(row, 10), Time(row, 11), 0);

    private static string? Text(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    private static DateTimeOffset? Time(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetFieldValue<DateTimeOffset>(column);
}
