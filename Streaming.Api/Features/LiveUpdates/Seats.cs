using Microsoft.Extensions.Options;
using Streaming.Api.Http;
using Streaming.Core;

namespace Streaming.Api.Features.LiveUpdates;

/// <summary>How many streams are open, in all and of one caller.</summary>
internal sealed class Seats(IOptions<LiveUpdateOptions> options)
{
    private static readonly TimeSpan TryAgain = TimeSpan.FromSeconds(5);

    private readonly Lock _turn = new();
    private readonly Dictionary<string, int> _taken = [];
    private int _all;

    /// <summary>The one whose stream it is, to give the seat back; or why there is none.</summary>
    public (string? Holder, ApiError? Error) Take(string? user, HttpContext http)
    {
        var holder = user is null ? $"address {Limits.Network(http.Connection.RemoteIpAddress)}" : $"user {user}";
        lock (_turn)
        {
            if (_all >= options.Value.Most) return (null, Errors.LiveUpdatesFull);
            var his = _taken.GetValueOrDefault(holder);
            if (his >= (user is null ? options.Value.MostPerAddress : options.Value.MostPerUser)) return (null, Errors.TooManyStreams with { RetryAfter = TryAgain });
            _taken[holder] = his + 1;
            _all++;
            Telemetry.LiveUpdateClients.Record(_all);
            return (holder, null);
        }
    }

    public void Leave(string holder)
    {
        lock (_turn)
        {
            if (_taken[holder] == 1) _taken.Remove(holder);
            else _taken[holder]--;
            _all--;
            Telemetry.LiveUpdateClients.Record(_all);
        }
    }
}
