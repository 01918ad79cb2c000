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
            ? $"""
              select note_room_check(channel_id, person) from (
                  select r.channel_id, p.person from {Present.InRooms}
                  where p.role = 'Viewer' and p.person like 'viewer:%' group by 1, 2 having count(*) > @most) excess
              """
            : $"""
              select note_room_check(j.channel_id, j.person) from (select distinct channel_id, person from unnest(@channels, @people) as j (channel_id, person)) j
              join channels c on c.id = j.channel_id
              where (select count(*) from {Present.InRooms} where r.channel_id = j.channel_id and p.role = 'Viewer' and p.person = j.person) > @most
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
