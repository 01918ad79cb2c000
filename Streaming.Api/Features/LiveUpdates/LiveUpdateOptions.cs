using System.ComponentModel.DataAnnotations;

namespace Streaming.Api.Features.LiveUpdates;

/// <summary>Section <c>LiveUpdates</c>. Each replica of the API counts for itself.</summary>
public sealed class LiveUpdateOptions
{
    public const string Section = "LiveUpdates";

    /// <summary>Between two signs of life where nothing happens: shorter than proxies wait before they close a connection.</summary>
    [Range(typeof(TimeSpan), "00:00:00.200", "00:01:00")]
    public TimeSpan HeartbeatEvery { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>Open streams of all callers together; a further one is told to ask again, perhaps another replica.</summary>
    [Range(1, 1_000_000)]
    public int Most { get; set; } = 10_000;

    /// <summary>Open streams of one signed-in user, on all of his devices.</summary>
    [Range(1, 1_000_000)]
    public int MostPerUser { get; set; } = 20;

    /// <summary>Open streams without sign-in from one remote address, behind which there may be a whole school.</summary>
    [Range(1, 1_000_000)]
    public int MostPerAddress { get; set; } = 200;
}
