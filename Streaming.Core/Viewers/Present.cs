namespace Streaming.Core.Viewers;

internal static class Present
{
    /// <summary>
    /// SQL for a <c>from</c>: who is present (p) in which open room (r). By rooms, so that those who were left behind in closed ones are not
    /// gone through; whoever joined before a room began anew was in one that is no more.
    /// </summary>
    public const string InRooms =
        """
        room_sessions r join presences p on p.channel_id = r.channel_id and p.room_sid = r.room_sid and p.is_present
            and r.finished_at is null and (r.started_at is null or p.joined_at >= r.started_at)
        """;
}
