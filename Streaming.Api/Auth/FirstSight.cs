using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Streaming.Core.Data;

namespace Streaming.Api.Auth;

/// <summary>
/// Gives a user a row when his first token is seen, and the username it names, unless it is taken or he has one already. Those seen lately
/// are remembered, so that it is not a write per request.
/// </summary>
public sealed class FirstSight(NpgsqlDataSource database, TimeProvider time)
{
    private const int Most = 100_000;

    /// <summary>He may be forgotten meanwhile, by another process: until it is noticed here, what he tries to make fails as a conflict.</summary>
    private static readonly TimeSpan Memory = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<string, DateTimeOffset> _seen = [];
    private readonly SharedReads<string, Known> _known = new(users => Read(database, users));

    /// <summary>His row is gone: his next call makes a new one.</summary>
    public void Forget(string userId) => _seen.TryRemove(userId, out _);

    public async Task Note(HttpContext context, RequestDelegate next)
    {
        if (CurrentUser.Of(context.User) is { Id: var id } && !(_seen.TryGetValue(id, out var at) && time.GetUtcNow() - at < Memory))
        {
            var known = await _known.Of(id, context.RequestAborted);
            var name = context.Features.Get<UsernameInToken>()?.Name;
            if (known is null || (name is not null && !known.HasUsername)) await Make(context.RequestServices.GetRequiredService<StreamingDb>(), id, name, context.RequestAborted);
            if (_seen.Count >= Most) _seen.Clear();
            _seen[id] = time.GetUtcNow();
        }
        await next(context);
    }

    private static async Task<IReadOnlyDictionary<string, Known>> Read(NpgsqlDataSource database, IReadOnlyCollection<string> users)
    {
        await using var command = database.CreateCommand("select id, username is not null from users where id = any(@users)");
        command.Parameters.AddWithValue("users", users.ToArray());
        var known = new Dictionary<string, Known>(users.Count);
        await using var row = await command.ExecuteReaderAsync();
        while (await row.ReadAsync()) known[row.GetString(0)] = new Known(row.GetBoolean(1));
        return known;
    }

    private async Task Make(StreamingDb db, string id, string? name, CancellationToken ct)
    {
        await db.Database.ExecuteSqlAsync($"insert into users (id, created_at) values ({id}, {time.GetUtcNow()}) on conflict do nothing", ct);
        if (name is not null) await Call(db, id, name, ct);
    }

    private static async Task Call(StreamingDb db, string id, string name, CancellationToken ct)
    {
        try
        {
            await db.Database.ExecuteSqlAsync(
                $"update users set username = {name} where id = {id} and username is null and not exists (select 1 from users where username = {name})", ct);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            // Another took it at the same moment: he chooses one himself.
        }
    }

    private sealed record Known(bool HasUsername);
}

/// <summary>The username that a valid session token names, in the form in which it is kept.</summary>
internal sealed record UsernameInToken(string Name);
