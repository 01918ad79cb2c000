using System.Buffers.Binary;
using System.Text.Json;
using StackExchange.Redis;
using Streaming.Core.Data;

namespace Streaming.Core.Discovery;

/// <summary>
/// Who is live, read from Postgres about once a second however many ask: by one replica, which tells the others over a channel of Redis, where
/// nothing of it is kept. What it says is never older than <see cref="UsableFor"/>: so long at most a channel stays in the list that is
/// suspended. While Redis is away, each replica reads by itself.
/// </summary>
public sealed class LiveDirectory(LiveChannels channels, ListOrders orders, IConnectionMultiplexer redis, TimeProvider time)
{
    /// <summary>Counted from before the reading, so that nothing is served which was untrue two seconds ago.</summary>
    private static readonly TimeSpan UsableFor = TimeSpan.FromMilliseconds(1800);

    /// <summary>From then on it is renewed, while who asks is still served with it.</summary>
    private static readonly TimeSpan FreshFor = TimeSpan.FromMilliseconds(800);

    /// <summary>Another replica that is reading is waited for no longer.</summary>
    private static readonly TimeSpan Turn = TimeSpan.FromMilliseconds(400), Look = TimeSpan.FromMilliseconds(10);

    /// <summary>For one question to Redis, and how long it is let alone when it has not answered.</summary>
    private static readonly TimeSpan Budget = TimeSpan.FromMilliseconds(100), Pause = TimeSpan.FromSeconds(1);

    private static readonly RedisChannel Told = RedisChannel.Literal("live:channels");

    private readonly Lock _lock = new();
    private volatile Kept? _kept;
    private Task<LiveSnapshot>? _renewing;
    private long _redisAwayAt;
    private bool _listens;

    /// <summary>From memory, as a rule.</summary>
    public ValueTask<LiveSnapshot> Now(CancellationToken ct)
    {
        var kept = _kept;
        if (kept is not null && AgeOf(kept) is var age && age < UsableFor)
        {
            if (age >= FreshFor) _ = Renew();
            return new(kept.Snapshot.Value);
        }

        return new(Renew().WaitAsync(ct));
    }

    private TimeSpan AgeOf(Kept kept) => time.GetElapsedTime(kept.ReadAt);

    /// <summary>One at a time in this process, whoever waits for it.</summary>
    private Task<LiveSnapshot> Renew()
    {
        lock (_lock) return _renewing is { IsCompleted: false } running ? running : _renewing = Task.Run(RenewNow);
    }

    private async Task<LiveSnapshot> RenewNow()
    {
        await Listen();
        if (await IsAnothersTurn())
            for (var begun = time.GetTimestamp(); time.GetElapsedTime(begun) < Turn; await Task.Delay(Look, time))
                if (_kept is { } told && AgeOf(told) < FreshFor) return told.Snapshot.Value;

        var read = await Read();
        Keep(read);
        await Tell(read);
        return read.Snapshot.Value;
    }

    private async Task<Kept> Read()
    {
        var readAt = time.GetTimestamp();
        var now = time.GetUtcNow();
        var snapshot = new LiveSnapshot(Guid.CreateVersion7(now), now, await channels.Read(CancellationToken.None));
        if (snapshot.Channels.Count > 1) // before anybody has a cursor into it
            foreach (var sort in new[] { LiveSort.Viewers, LiveSort.Recent }) await orders.Keep(snapshot.OrderId(sort), snapshot.Order(sort), CancellationToken.None);
        return new Kept(snapshot.Id, new(snapshot), readAt);
    }

    /// <summary>Unless a later one is known.</summary>
    private void Keep(Kept kept)
    {
        lock (_lock)
            if (_kept is null || (_kept.ReadAt < kept.ReadAt && _kept.Id != kept.Id)) _kept = kept;
    }

    /// <summary>A replica has nothing of the others until it listens; a connection that comes back listens again by itself.</summary>
    private async Task Listen()
    {
        if (_listens) return;
        _listens = await Ask(async _ =>
        {
            await redis.GetSubscriber().SubscribeAsync(Told, (_, message) => Hear(message));
            return true;
        });
    }

    private async Task Tell(Kept read)
    {
        var snapshot = read.Snapshot.Value;
        var message = JsonSerializer.SerializeToUtf8Bytes(snapshot);
        await Ask(async _ => await redis.GetSubscriber().PublishAsync(Told, (byte[])[.. new Heading(snapshot.Id, snapshot.MadeAt, AgeOf(read)).Write(), .. message]));
    }

    /// <summary>As old as it says or as the clocks say, whichever is more: we may have been stopped while it waited for us.</summary>
    private void Hear(RedisValue message)
    {
        var bytes = (ReadOnlyMemory<byte>)message;
        var heading = Heading.Read(bytes.Span);
        var age = new[] { heading.Age, time.GetUtcNow() - heading.MadeAt }.Max();
        if (age < FreshFor) Keep(new Kept(heading.Id, new(() => JsonSerializer.Deserialize<LiveSnapshot>(bytes.Span[Heading.Size..])!), time.GetTimestamp() - (long)(age.TotalSeconds * time.TimestampFrequency)));
    }

    /// <summary>False when it is ours, or when there is nobody to agree with.</summary>
    private Task<bool> IsAnothersTurn() => Ask(async db => !await db.StringSetAsync("live:channels:turn", 1, Turn, When.NotExists));

    /// <returns>The default when Redis is away.</returns>
    private async Task<T?> Ask<T>(Func<IDatabase, Task<T>> question)
    {
        if (time.GetElapsedTime(Volatile.Read(ref _redisAwayAt)) < Pause) return default;
        try
        {
            return await question(redis.GetDatabase()).WaitAsync(Budget, time);
        }
        catch (Exception e) when (Failures.IsOfRedis(e))
        {
            Volatile.Write(ref _redisAwayAt, time.GetTimestamp());
            return default;
        }
    }

    /// <param name="Snapshot">Read only when it is asked for: what others tell may be of no use here.</param>
    /// <param name="ReadAt">A moment before it was read, by this process' clock that never jumps.</param>
    private sealed record Kept(Guid Id, Lazy<LiveSnapshot> Snapshot, long ReadAt);

    /// <summary>What goes before a snapshot when it is told.</summary>
    private readonly record struct Heading(Guid Id, DateTimeOffset MadeAt, TimeSpan Age)
    {
        public const int Size = 16 + (2 * sizeof(long));

        public byte[] Write()
        {
            var bytes = new byte[Size];
            Id.TryWriteBytes(bytes);
            BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(16), MadeAt.UtcTicks);
            BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(24), Age.Ticks);
            return bytes;
        }

        public static Heading Read(ReadOnlySpan<byte> bytes) => new(
            new(bytes[..16]), new(BinaryPrimitives.ReadInt64LittleEndian(bytes[16..]), TimeSpan.Zero), new(BinaryPrimitives.ReadInt64LittleEndian(bytes[24..])));
    }
}
