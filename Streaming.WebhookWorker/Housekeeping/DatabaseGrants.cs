using Npgsql;

namespace Streaming.WebhookWorker.Housekeeping;

/// <summary>
/// Gives API and worker what they need of the database: rows, and no say in tables. Each migration may bring new tables, so this is part of
/// migrating.
/// </summary>
internal static class DatabaseGrants
{
    /// <returns>The role that does not exist, if there is one: then nothing was granted.</returns>
    public static async Task<string?> Give(NpgsqlDataSource database, DatabaseRoleOptions options)
    {
        string[] roles = [.. new[] { options.Api, options.Worker }.OfType<string>().Distinct()];
        await using (var known = database.CreateCommand("select r from unnest(@roles) r where r not in (select rolname from pg_roles)"))
        {
            known.Parameters.AddWithValue("roles", roles);
            if (await known.ExecuteScalarAsync() is string missing) return missing;
        }

        foreach (var role in roles) // names that the options have looked at: nothing in them needs quoting
        {
            await using var grant = database.CreateCommand(
                $"""
                grant usage on schema public to {role};
                revoke create on schema public from {role};
                grant select, insert, update, delete on all tables in schema public to {role};
                grant usage, select on all sequences in schema public to {role};
                revoke insert, update, delete on "__EFMigrationsHistory" from {role};
                revoke update, delete on admin_audit, key_ledger from {role};
                """);
            await grant.ExecuteNonQueryAsync();
        }

        return null;
    }
}
