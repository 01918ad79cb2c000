using Npgsql;

namespace Streaming.Core.Viewers;

/// <inheritdoc cref="GuestAddress"/>
public sealed class GuestAddresses(NpgsqlDataSource database)
{
    public async Task Note(Visitor guest, CancellationToken ct)
    {
        await using var command = database.CreateCommand(
            "insert into guest_addresses (person, address, noted_at) values (@person, @address, now()) on conflict (person, address) do update set noted_at = excluded.noted_at");
        command.Parameters.AddWithValue("person", guest.Person!);
        command.Parameters.AddWithValue("address", guest.Address!);
        await command.ExecuteNonQueryAsync(ct);
    }
}
