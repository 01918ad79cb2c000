using System.Globalization;

namespace Streaming.Tests.Faults;

/// <summary>How much of a scenario is played.</summary>
public enum FaultSize
{
    /// <summary>Enough for a planted bug.</summary>
    Small,

    /// <summary>In ./test.</summary>
    Usual,

    /// <summary>In ./test --long.</summary>
    Large,
}

/// <summary>On what and how long a scenario is played, and with which dice.</summary>
public sealed record FaultRun(Programs Programs, int Seed, FaultSize Size)
{
    /// <summary>STREAMING_FAULT_SEED plays a run again; ./test --long sets STREAMING_LONG_TESTS.</summary>
    public static FaultRun OfThisBuild() => new(
        Programs.OfThisBuild,
        int.TryParse(Environment.GetEnvironmentVariable("STREAMING_FAULT_SEED"), CultureInfo.InvariantCulture, out var seed) ? seed : Random.Shared.Next(1, 1_000_000),
        Environment.GetEnvironmentVariable("STREAMING_LONG_TESTS") == "1" ? FaultSize.Large : FaultSize.Usual);

    public int Times(int usually, int inLongRuns) => Size switch
    {
        FaultSize.Small => Math.Max(1, usually / 4),
        FaultSize.Usual => usually,
        _ => inLongRuns,
    };
}
