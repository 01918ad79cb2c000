using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Streaming.Core.Data;

namespace Streaming.Api.Auth;

/// <summary>
/// Gives a user a row when his first token is seen, and the username it names, unless it is taken or he has one already. Those seen lately
/// are remembered, so that it is not a write per request.
/// </summary>
public sealed class FirstSight(TimeProvider time)
{
    private const int Most = 100_000;

    /// <summary>He may be forgotten meanwhile, by another process: until it is noticed here, what he tries to make fails as a conflict.</summary>
    private static readonly TimeSpan Memory = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<string, DateTimeOffset> _seen = [];

    /// <summary>His row is gone: his next call makes a new one.</summary>
    public void Forget(string userId) => _seen.TryRemove(userId, out _);

    public async Task Note(HttpContext context, RequestDelegate next)
    {
        if (CurrentUser.Of(context.User) is { Id: var id } && !(_seen.TryGetValue(id, out var at) && time.GetUtcNow() - at < Memory))
        {
            var db = context.RequestServices.GetRequiredService<StreamingDb>();
            await db.Database.ExecuteSqlAsync($"insert into users (id, created_at) values ({id}, {time.GetUtcNow()}) on conflict do nothing", context.RequestAborted);
            if (context.Features.Get<UsernameInToken>() is { Name: var name }) await Call(db, id, name, context.RequestAborted);
            if (_seen.Count >= Most) _seen.Clear();
            _seen[id] = time.GetUtcNow();
        }
        await next(context);
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
}

/// <summary>The username that a valid session token names, in the form in which it is kept.</summary>
internal sealed record UsernameInToken(string Name);
