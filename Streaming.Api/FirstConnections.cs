using Npgsql;
using StackExchange.Redis;
using Streaming.Core.Data;
using Streaming.Core.Events;

namespace Streaming.Api;

/// <summary>
/// Connects to both stores before requests are let in. The multiplexer connects, and blocks, when somebody first asks for it: with a
/// webhook a millisecond these would be all of the first second's requests, and none would have time left for the other store. The queue
/// gets its group before its first entry: Redis, once full, would refuse it, and could not be emptied without it.
/// </summary>
internal sealed class FirstConnections(IServiceProvider services) : IHostedLifecycleService
{
    public Task StartingAsync(CancellationToken cancellationToken) => Task.WhenAll(Task.Run(Redis, cancellationToken), Postgres(cancellationToken));

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task Redis()
    {
        try
        {
            await services.GetRequiredService<EventQueue>().EnsureGroup();
        }
        catch (Exception e) when (Failures.IsOfRedis(e))
        {
            // It is away, and will be connected to when it is back.
        }
    }

    private async Task Postgres(CancellationToken ct)
    {
        try
        {
            await using var connection = await services.GetRequiredService<NpgsqlDataSource>().OpenConnectionAsync(ct);
        }
        catch (Exception e) when (Failures.IsTransient(e))
        {
            // As above.
        }
    }
}
