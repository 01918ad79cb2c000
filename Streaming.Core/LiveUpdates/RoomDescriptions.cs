using Microsoft.EntityFrameworkCore;
using Streaming.Core.Data;
using Streaming.Core.Streams;

namespace Streaming.Core.LiveUpdates;

/// <summary>Knows which rooms have not been told how their channel is described now.</summary>
public sealed class RoomDescriptions(StreamingDb db)
{
    public async Task<IReadOnlyList<UntoldRoom>> Untold(int most, CancellationToken ct) =>
        await (from room in db.RoomSessions.AsNoTracking()
               where room.FinishedAt == null
               join channel in db.Channels.AsNoTracking() on room.ChannelId equals channel.Id
               let version = EF.Property<uint>(channel, "xmin")
               where !db.RoomDescriptions.Any(d => d.RoomSid == room.RoomSid && d.Told == version && d.RoomStartedAt == room.StartedAt)
               orderby channel.Id
               select new UntoldRoom(room.RoomSid, room.StartedAt, channel, version)).Take(most).ToListAsync(ct);

    /// <summary>Remembers what was told, and not that it was the last word: two may tell at once, and then the older words are put right.</summary>
    public Task Told(UntoldRoom room, CancellationToken ct) => db.Database.ExecuteSqlAsync(
        $"""
        insert into room_descriptions (room_sid, room_started_at, told) select room_sid, {room.StartedAt}, {room.Version}::text::xid from room_sessions where room_sid = {room.Sid}
        on conflict (room_sid) do update set room_started_at = excluded.room_started_at, told = excluded.told
        """, ct);
}

/// <param name="Version">Of the channel's row.</param>
public sealed record UntoldRoom(string Sid, DateTimeOffset? StartedAt, Channel Channel, uint Version);
