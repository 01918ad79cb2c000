using System.Collections.Frozen;
using System.Text.Json;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;

namespace Streaming.Api.Auth;

/// <summary>
/// The auth server's public keys, fetched when they are needed and then kept. Neither a burst of users, nor a flood of invented key ids,
/// nor an outage of the auth server makes more than one fetch at a time; and what is known stays in use until something better is.
/// </summary>
public sealed partial class SessionKeys(IHttpClientFactory http, IOptions<SessionTokenOptions> options, IServer server, TimeProvider time, ILogger<SessionKeys> log)
{
    public const string HttpClientName = "jwks";
    public const int MaxBytes = 64 * 1024;
    public static readonly TimeSpan FetchTimeout = TimeSpan.FromSeconds(5);

    /// <summary>From this age on the keys are renewed in passing; from <see cref="MaxAge"/> on nobody uses them before a renewal was tried.</summary>
    private static readonly TimeSpan FreshFor = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan MaxAge = TimeSpan.FromMinutes(10);

    /// <summary>Between two fetches for the sake of key ids that nobody knows, and between two tries to renew what we have.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(30);

    /// <summary>Between two tries to get any keys at all: users wait for these.</summary>
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private volatile Known? _known;
    private Task? _fetch;
    private DateTimeOffset _lastTry = DateTimeOffset.MinValue;
    private DateTimeOffset _lastMiss = DateTimeOffset.MinValue;

    /// <summary>The key of this id for this algorithm, if it is known now.</summary>
    public SecurityKey? Get(string? keyId, string algorithm) => keyId is null ? null : _known?.Keys.GetValueOrDefault((keyId, algorithm));

    /// <summary>Learns the key if need be.</summary>
    /// <returns>False when there are no keys to look in.</returns>
    public async ValueTask<bool> Look(string keyId, string algorithm, CancellationToken cancellationToken)
    {
        if (Begin(keyId, algorithm) is { } fetch) await fetch.WaitAsync(cancellationToken);
        return _known is not null;
    }

    /// <returns>The fetch to wait for, or null when what is known will do.</returns>
    private Task? Begin(string keyId, string algorithm)
    {
        lock (_lock)
        {
            var now = time.GetUtcNow();
            var age = _known is { } known ? now - known.Since : TimeSpan.MaxValue;
            var found = Get(keyId, algorithm) is not null;
            if (found && age < FreshFor) return null;

            var due = _known is null ? now - _lastTry >= FirstPause
                : age >= FreshFor && now - _lastTry >= Pause || !found && now - _lastMiss >= Pause;
            if (due && _fetch is null)
            {
                _lastTry = now;
                _fetch = Task.Run(() => Fetch(keyId, algorithm, now), CancellationToken.None); // for everyone who waits: no one's cancellation ends it
            }
            return found && age < MaxAge ? null : _fetch;
        }
    }

    private async Task Fetch(string keyId, string algorithm, DateTimeOffset now)
    {
        FrozenDictionary<(string, string), SecurityKey>? keys = null;
        try
        {
            using var client = http.CreateClient(HttpClientName);
            keys = JsonWebKeys.Read(await client.GetByteArrayAsync(Address(), CancellationToken.None));
            if (keys.Count == 0) Log.Empty(log);
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or JsonException)
        {
            Log.Failed(log, e.GetType().Name);
        }
        finally
        {
            lock (_lock)
            {
                if (keys is { Count: > 0 })
                {
                    if (keys.Count != _known?.Keys.Count) Log.Learned(log, keys.Count);
                    _known = new(keys, now);
                }
                if (_known is not null && Get(keyId, algorithm) is null) _lastMiss = now;
                _fetch = null;
            }
        }
    }

    private Uri Address()
    {
        if (options.Value.JwksUrl is { } configured) return configured;

        // The development issuer is ourselves: wherever we listen, this machine can reach it.
        var addresses = server.Features.Get<IServerAddressesFeature>()?.Addresses.Select(a => BindingAddress.Parse(a)).ToList() ?? [];
        var own = addresses.Find(a => a.Scheme == Uri.UriSchemeHttp) ?? addresses.FirstOrDefault() ?? throw new HttpRequestException("The server has no address.");
        return new UriBuilder(own.Scheme, own.Host is "*" or "+" or "0.0.0.0" or "[::]" ? "127.0.0.1" : own.Host, own.Port, own.PathBase + DevelopmentIssuer.JwksPath).Uri;
    }

    private sealed record Known(FrozenDictionary<(string KeyId, string Algorithm), SecurityKey> Keys, DateTimeOffset Since);

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "The auth server has {Count} usable keys")]
        public static partial void Learned(ILogger logger, int count);

        [LoggerMessage(Level = LogLevel.Warning, Message = "The auth server publishes no usable key; known ones stay in use")]
        public static partial void Empty(ILogger logger);

        [LoggerMessage(Level = LogLevel.Warning, Message = "The auth server's keys cannot be fetched ({Reason}); known ones stay in use")]
        public static partial void Failed(ILogger logger, string reason);
    }
}
