using Npgsql;

namespace Streaming.Core.Idempotency;

/// <summary>Who carries a repeatable request out, and what became of it. By Postgres' clock, and shared by all replicas.</summary>
public sealed class RememberedRequests(NpgsqlDataSource database)
{
    /// <summary>How long a request is remembered.</summary>
    public static readonly TimeSpan Kept = TimeSpan.FromHours(24);

    /// <summary>Takes the request, unless another attempt has done it or is at it.</summary>
    /// <param name="lease">After which an attempt that has not ended is taken for dead.</param>
    public async Task<Attempt> Begin(RequestName name, byte[] fingerprint, TimeSpan lease, CancellationToken ct)
    {
        var owner = Guid.CreateVersion7();
        await using var connection = await database.OpenConnectionAsync(ct);
        await using var take = new NpgsqlCommand(
            """
            insert into remembered_requests as r (user_id, route, key_sha256, request_sha256, owner, lease_until, created_at)
            values (@user, @route, @key, @request, @owner, now() + @lease, now())
            on conflict (user_id, route, key_sha256) do update set
                request_sha256 = excluded.request_sha256, owner = excluded.owner, lease_until = excluded.lease_until, created_at = excluded.created_at,
                completed_at = null, status = null, content_type = null, location = null, body = null, resource = null
            where r.created_at < now() - @kept
               or (r.completed_at is null and r.lease_until < now() and r.request_sha256 = excluded.request_sha256)
            """, connection)
        { Parameters = { new("request", fingerprint), new("owner", owner), new("lease", lease), new("kept", Kept) } };
        name.AddTo(take.Parameters);
        if (await take.ExecuteNonQueryAsync(ct) == 1) return new Attempt.Ours(new RequestClaim(name, owner));

        await using var read = new NpgsqlCommand(
            """
            select request_sha256 = @request, completed_at is not null, lease_until - now(), status, content_type, location, body, resource
            from remembered_requests where user_id = @user and route = @route and key_sha256 = @key
            """, connection)
        { Parameters = { new("request", fingerprint) } };
        name.AddTo(read.Parameters);
        await using var row = await read.ExecuteReaderAsync(ct);
        if (!await row.ReadAsync(ct)) return new Attempt.Running(TimeSpan.Zero); // given up this moment: the next look takes it
        if (!row.GetBoolean(0)) return new Attempt.Another();
        if (!row.GetBoolean(1)) return new Attempt.Running(row.GetFieldValue<TimeSpan>(2));
        return new Attempt.Done(
            row.IsDBNull(7) ? null : row.GetString(7), row.IsDBNull(3) ? 200 : row.GetInt32(3), row.IsDBNull(4) ? null : row.GetString(4),
            row.IsDBNull(5) ? null : row.GetString(5), row.IsDBNull(6) ? [] : row.GetFieldValue<byte[]>(6));
    }

    /// <summary>Keeps the answer.</summary>
    public async Task Complete(RequestClaim claim, int status, string? contentType, string? location, byte[] body)
    {
        await using var command = database.CreateCommand(
            """
            update remembered_requests set completed_at = now(), status = @status, content_type = @type, location = @location, body = @body
            where user_id = @user and route = @route and key_sha256 = @key and owner = @owner and completed_at is null
            """);
        claim.AddTo(command.Parameters);
        command.Parameters.AddWithValue("status", status);
        command.Parameters.Add(new NpgsqlParameter<string?>("type", contentType));
        command.Parameters.Add(new NpgsqlParameter<string?>("location", location));
        command.Parameters.AddWithValue("body", body);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>
    /// Keeps what was made, in the transaction that made it: either both are there after a crash, or neither is.
    /// </summary>
    /// <returns>False when the request has been given to another attempt meanwhile: the caller must undo what it did.</returns>
    public static async Task<bool> Complete(NpgsqlConnection connection, RequestClaim claim, string resource, CancellationToken ct)
    {
        await using var command = new NpgsqlCommand(
            """
            update remembered_requests set completed_at = now(), resource = @resource
            where user_id = @user and route = @route and key_sha256 = @key and owner = @owner and completed_at is null
            """, connection);
        claim.AddTo(command.Parameters);
        command.Parameters.AddWithValue("resource", resource);
        return await command.ExecuteNonQueryAsync(ct) == 1;
    }

    /// <summary>It had no effect: the next attempt is a first one.</summary>
    public async Task Forget(RequestClaim claim)
    {
        await using var command = database.CreateCommand(
            "delete from remembered_requests where user_id = @user and route = @route and key_sha256 = @key and owner = @owner and completed_at is null");
        claim.AddTo(command.Parameters);
        await command.ExecuteNonQueryAsync();
    }
}

/// <summary>What makes two requests the same one.</summary>
public sealed record RequestName(string UserId, string Route, byte[] KeySha256)
{
    internal void AddTo(NpgsqlParameterCollection parameters)
    {
        parameters.AddWithValue("user", UserId);
        parameters.AddWithValue("route", Route);
        parameters.AddWithValue("key", KeySha256);
    }
}

/// <summary>The right of one attempt to carry a request out.</summary>
public sealed record RequestClaim(RequestName Name, Guid Owner)
{
    internal void AddTo(NpgsqlParameterCollection parameters)
    {
        Name.AddTo(parameters);
        parameters.AddWithValue("owner", Owner);
    }
}

/// <summary>How an attempt finds its request.</summary>
public abstract record Attempt
{
    private Attempt() { }

    /// <summary>It is for this attempt to carry out.</summary>
    public sealed record Ours(RequestClaim Claim) : Attempt;

    /// <summary>Another attempt is at it, for at most so long.</summary>
    public sealed record Running(TimeSpan AtMost) : Attempt;

    /// <summary>The key was used for another request.</summary>
    public sealed record Another : Attempt;

    /// <summary>It has been carried out.</summary>
    public sealed record Done(string? Resource, int Status, string? ContentType, string? Location, byte[] Body) : Attempt;
}
