using System.Globalization;

namespace Streaming.Tests.Faults;

/// <summary>On what and how long a scenario is played, and with which dice.</summary>
public sealed record FaultRun(Programs Programs, int Seed, bool IsLong)
{
    /// <summary>STREAMING_FAULT_SEED plays a run again; ./test --long sets STREAMING_LONG_TESTS.</summary>
    public static FaultRun OfThisBuild() => new(
        Programs.OfThisBuild,
        int.TryParse(Environment.GetEnvironmentVariable("STREAMING_FAULT_SEED"), CultureInfo.InvariantCulture, out var seed) ? seed : Random.Shared.Next(1, 1_000_000),
        Environment.GetEnvironmentVariable("STREAMING_LONG_TESTS") == "1");

    public int Times(int usually, int inLongRuns) => IsLong ? inLongRuns : usually;
}
