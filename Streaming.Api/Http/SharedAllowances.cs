using System.Collections.Concurrent;
using System.Security.Cryptography;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace Streaming.Api.Http;

/// <summary>
/// Counts what each caller has used of an allowance in a fixed window, over all replicas. Of a large allowance a replica counts the first tenth by
/// itself and then takes permits from Redis by the tenth, so that a usual caller costs no round trip; with that tenth a caller may get more than
/// his allowance where there are several replicas. A small one is taken one by one, exactly. Redis is waited for a moment only: while it is away
/// each replica counts alone, and tells it when it is back.
/// </summary>
/// <param name="redis">Null where the host has none: then this process counts alone.</param>
public sealed partial class SharedAllowances(IOptions<RateLimitOptions> options, TimeProvider time, ILogger<SharedAllowances> log, IConnectionMultiplexer? redis = null)
{
    /// <summary>From so many requests on an allowance is a large one.</summary>
    private const int Large = 100;

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1), SweepEvery = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Lets this replica have so many permits in all, or as many as the others leave, and begins the window with the first. The number is the window's
    /// whole, so that a question which Redis takes up late, or twice, costs the caller nothing.
    /// </summary>
    private const string TakeScript =
        """
        local own, all = tonumber(redis.call('hget', KEYS[1], ARGV[1]) or '0'), 0
        for _, used in ipairs(redis.call('hvals', KEYS[1])) do all = all + tonumber(used) end
        local granted = math.max(own, math.min(tonumber(ARGV[2]), tonumber(ARGV[3]) - (all - own)))
        local left = redis.call('pttl', KEYS[1])
        if granted > own then redis.call('hset', KEYS[1], ARGV[1], granted) end
        if left < 0 then
            left = tonumber(ARGV[4])
            redis.call('pexpire', KEYS[1], left)
        end
        return {granted, all - own + granted, left}
        """;

    private readonly string _replica = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(6));
    private readonly ConcurrentDictionary<string, Window> _windows = [];
    private long _awayUntil, _sweptAt;

    /// <param name="who">The caller and the kind of call; becomes part of a name in Redis, so nothing that must not be kept.</param>
    public ValueTask<Use> Take(string who, Allowance allowance)
    {
        Sweep();
        var window = _windows.GetOrAdd(who, static _ => new Window());
        return window.TryTake(allowance, Now, out var use) ? new(use) : new(TakeShared(who, window, allowance));
    }

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    private async Task<Use> TakeShared(string who, Window window, Allowance allowance)
    {
        for (; ; )
        {
            await window.Ask(() => Ask(who, window, allowance));
            if (window.TryTake(allowance, Now, out var use)) return use;
        }
    }

    private async Task Ask(string who, Window window, Allowance allowance)
    {
        var now = Now;
        if (redis is not null && now >= Volatile.Read(ref _awayUntil))
            try
            {
                var answer = (long[])(await redis.GetDatabase().ScriptEvaluateAsync(
                    TakeScript, [$"allowance:{who}"], [_replica, window.Wanted(allowance), allowance.Requests, allowance.Seconds * 1000L]).WaitAsync(options.Value.WaitForRedis))!;
                window.Grant(answer[0], answer[1], now + answer[2]);
                return;
            }
            catch (Exception e) // whatever it is: nobody's request fails for want of Redis
            {
                if (Interlocked.Exchange(ref _awayUntil, now + (long)Pause.TotalMilliseconds) + 10_000 < now) Log.Alone(log, e.GetType().Name);
            }
        window.GrantAlone(allowance);
    }

    /// <summary>Forgets the windows that are over, now and then.</summary>
    private void Sweep()
    {
        var (now, before) = (Now, Volatile.Read(ref _sweptAt));
        if (now - before < SweepEvery.TotalMilliseconds || Interlocked.CompareExchange(ref _sweptAt, now, before) != before) return;
        _ = Task.Run(() =>
        {
            foreach (var (who, window) in _windows)
                if (window.EndedBefore(now)) _windows.TryRemove(who, out _);
        });
    }

    /// <summary>One caller's, in this process.</summary>
    private sealed class Window
    {
        private readonly Lock _lock = new();
        private long _ends, _used, _granted, _usedByAll;
        private long _alone; // up to here nobody else is asked
        private bool _isExhausted;
        private Task? _asking;

        /// <returns>False when Redis must be asked first.</returns>
        public bool TryTake(Allowance allowance, long now, out Use use)
        {
            lock (_lock)
            {
                if (now >= _ends) (_ends, _used, _granted, _usedByAll, _alone, _isExhausted) = (now + allowance.Seconds * 1000L, 0, 0, 0, Share(allowance), false);
                var isTaken = _used < Math.Max(_granted, _alone);
                if (isTaken) _used++;
                use = new(isTaken, Math.Max(0, allowance.Requests - Math.Max(_used, _usedByAll - _granted + _used)), TimeSpan.FromMilliseconds(_ends - now));
                return isTaken || _isExhausted;
            }
        }

        /// <summary>One question at a time, whoever waits for it.</summary>
        public async Task Ask(Func<Task> question)
        {
            Task asking;
            lock (_lock) asking = _asking ??= question();
            await asking;
            lock (_lock)
                if (_asking == asking) _asking = null;
        }

        /// <summary>What was used here so far, with Redis' knowledge or without, and a tenth more.</summary>
        public long Wanted(Allowance allowance)
        {
            lock (_lock) return _used + Math.Max(1, Share(allowance));
        }

        public void Grant(long granted, long usedByAll, long ends)
        {
            lock (_lock)
            {
                (_granted, _usedByAll, _ends, _alone) = (granted, usedByAll, ends, 0);
                _isExhausted = granted <= _used;
            }
        }

        /// <summary>Without Redis: the next portion, so that it is asked again soon.</summary>
        public void GrantAlone(Allowance allowance)
        {
            lock (_lock)
            {
                _alone = Math.Min(allowance.Requests, _used + Math.Max(1, Share(allowance)));
                _isExhausted = _used >= allowance.Requests;
            }
        }

        private static int Share(Allowance allowance) => allowance.Requests < Large ? 0 : allowance.Requests / 10;

        public bool EndedBefore(long now)
        {
            lock (_lock) return _asking is null && _ends < now;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Rate limits are counted in this process alone ({Reason}): Redis does not answer")]
        public static partial void Alone(ILogger logger, string reason);
    }
}

/// <param name="IsTaken">Whether the call may go on.</param>
/// <param name="Left">How many more are left in the window, as far as this replica knows.</param>
/// <param name="EndsIn">When the window ends.</param>
public readonly record struct Use(bool IsTaken, long Left, TimeSpan EndsIn);
