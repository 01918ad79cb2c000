using System.Globalization;

namespace Streaming.Api.Http;

/// <summary>Where a page of a list ended that is in the order of time, and of ids among equals.</summary>
internal sealed record TimeAndId(DateTimeOffset At, string Id)
{
    public static string Write(DateTimeOffset at, string id) => $"{at.UtcTicks.ToString(CultureInfo.InvariantCulture)} {id}";

    /// <returns>Null when there is none.</returns>
    public static TimeAndId? Read(string? position) =>
        position?.Split(' ', 2) is [var ticks, var id] ? new(new DateTimeOffset(long.Parse(ticks, CultureInfo.InvariantCulture), TimeSpan.Zero), id) : null;
}
