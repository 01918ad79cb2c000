namespace LiveKitSimulator;

public enum ApiFaultMode
{
    None,

    /// <summary>The connection is closed without an answer.</summary>
    Refuse,

    /// <summary>The answer takes its time.</summary>
    Slow,

    /// <summary>The plain 401 of a wrong secret.</summary>
    Unauthorized,

    /// <summary>200 with something that is no answer.</summary>
    Nonsense,

    /// <summary>A Twirp error.</summary>
    Error,
}

public enum ApiFaultMoment
{
    /// <summary>The call is not performed.</summary>
    Before,

    /// <summary>The call is performed; only its answer suffers.</summary>
    After,
}

/// <summary>How calls to LiveKit's API go wrong. Without a method: all of them; without a number of times: until told otherwise.</summary>
public sealed record ApiFault
{
    public ApiFaultMode Mode { get; init; }
    public string? Method { get; init; }
    public int? Times { get; init; }

    /// <summary>Whether the fault strikes before the call is performed or after; a client cannot tell the two apart.</summary>
    public ApiFaultMoment When { get; init; }

    public int DelayMs { get; init; } = 1_000;

    /// <summary>The Twirp code of an error.</summary>
    public string Code { get; init; } = "unavailable";

    public string? Complaint() => this switch
    {
        { Times: < 1 } => "Times is at least 1.",
        { DelayMs: < 0 or > 600_000 } => "DelayMs lies between 0 and 600000.",
        { Mode: ApiFaultMode.Error } when !TwirpError.IsCode(Code) => $"'{Code}' is no Twirp error code.",
        _ => null,
    };
}

/// <summary>The faults in force, newest first.</summary>
public sealed class ApiFaults
{
    private readonly Lock gate = new();
    private readonly List<(ApiFault Fault, int? Left)> faults = [];

    public void Set(ApiFault fault)
    {
        lock (gate)
        {
            faults.RemoveAll(other => other.Fault.Method == fault.Method);
            if (fault.Mode is ApiFaultMode.None && fault.Method is null) faults.Clear();
            if (fault.Mode is not ApiFaultMode.None) faults.Insert(0, (fault, fault.Times));
        }
    }

    /// <summary>The fault that strikes this call, or null.</summary>
    public ApiFault? Strike(string method)
    {
        lock (gate)
        {
            var index = faults.FindIndex(one => one.Fault.Method is null || one.Fault.Method == method);
            if (index < 0) return null;

            var (fault, left) = faults[index];
            if (left == 1) faults.RemoveAt(index);
            else faults[index] = (fault, left - 1);
            return fault;
        }
    }
}
