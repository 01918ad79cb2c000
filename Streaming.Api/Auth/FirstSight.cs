using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Streaming.Core.Data;

namespace Streaming.Api.Auth;

/// <summary>Gives a user a row when his first token is seen. Those seen lately are remembered, so that it is not a write per request.</summary>
public sealed class FirstSight(TimeProvider time)
{
    private const int Most = 100_000;

    private readonly ConcurrentDictionary<string, bool> _seen = [];

    public async Task Note(HttpContext context, RequestDelegate next)
    {
        if (CurrentUser.Of(context.User) is { Id: var id } && !_seen.ContainsKey(id))
        {
            var db = context.RequestServices.GetRequiredService<StreamingDb>();
            await db.Database.ExecuteSqlAsync($"insert into users (id, created_at) values ({id}, {time.GetUtcNow()}) on conflict do nothing", context.RequestAborted);
            if (_seen.Count >= Most) _seen.Clear();
            _seen[id] = true;
        }
        await next(context);
    }
}
