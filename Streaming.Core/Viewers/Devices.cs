using Npgsql;

namespace Streaming.Core.Viewers;

/// <summary>
/// On how many devices one person watches a channel, counted as viewers are. Whoever is on too many is noted for a look at his room, where LiveKit
/// says who is really there. Guests cannot be: a second window of theirs takes the place of the first.
/// </summary>
public sealed class Devices(NpgsqlDataSource database)
{
    /// <param name="joined">Who came in, as in <see cref="Presence.Person"/>; null for everybody who is present anywhere.</param>
    public async Task NoteExcess(IReadOnlyCollection<(Guid Channel, string Person)>? joined, int most, CancellationToken ct)
    {
        if (joined is { Count: 0 }) return;
        await using var command = database.CreateCommand(joined is null
            ? """
              select note_room_check(channel_id, person) from (
                  select channel_id, p.person from room_sessions r join presences p using (channel_id, room_sid)
                  where p.role = 'Viewer' and p.is_present and p.person like 'viewer:%' and r.finished_at is null and (r.started_at is null or p.joined_at >= r.started_at)
                  group by 1, 2 having count(*) > @most) excess
              """
            : """
              select note_room_check(j.channel_id, j.person) from (select distinct channel_id, person from unnest(@channels, @people) as j (channel_id, person)) j
              join channels c on c.id = j.channel_id
              where (select count(*) from room_sessions r join presences p using (channel_id, room_sid)
                     where r.channel_id = j.channel_id and p.role = 'Viewer' and p.is_present and p.person = j.person
                       and r.finished_at is null and (r.started_at is null or p.joined_at >= r.started_at)) > @most
              """);
        command.Parameters.AddWithValue("most", (long)most);
        if (joined is not null)
        {
            command.Parameters.AddWithValue("channels", joined.Select(j => j.Channel).ToArray());
            command.Parameters.AddWithValue("people", joined.Select(j => j.Person).ToArray());
        }

        await command.ExecuteNonQueryAsync(ct);
    }
}
