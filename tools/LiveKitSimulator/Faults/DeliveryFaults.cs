namespace LiveKitSimulator;

public enum DeliveryFaultKind
{
    None,
    Drop,
    Duplicate,
    Reorder,
    Delay,
}

/// <param name="Wait">How long a reordered event stands aside, or a delayed one holds up its queue.</param>
public readonly record struct DeliveryFault(DeliveryFaultKind Kind, TimeSpan Wait)
{
    public string? Name => Kind is DeliveryFaultKind.None ? null : Kind.ToString();
}

/// <summary>How likely each fault is (0 to 1; together at most 1), and how long events stand aside or are held up at most.</summary>
public sealed record DeliveryFaultPlan
{
    public double Drop { get; init; }
    public double Duplicate { get; init; }
    public double Reorder { get; init; }
    public double Delay { get; init; }
    public int ReorderWindowMs { get; init; } = 500;
    public int DelayMs { get; init; } = 500;

    /// <summary>Starts the dice anew; absent, they roll on.</summary>
    public int? Seed { get; init; }

    public string? Complaint() => this switch
    {
        _ when new[] { Drop, Duplicate, Reorder, Delay }.Any(p => !(p >= 0)) || Drop + Duplicate + Reorder + Delay > 1 =>
            "Each probability lies between 0 and 1, and so does their sum.",
        { ReorderWindowMs: < 1 or > 600_000 } or { DelayMs: < 1 or > 600_000 } => "A wait lies between 1 and 600000 milliseconds.",
        _ => null,
    };
}

/// <summary>Rolls the dice for every event and URL in the order they are queued: a seed and a story give the same faults again.</summary>
public sealed class DeliveryFaults(SimulatorOptions options)
{
    private readonly Lock gate = new();
    private DeliveryFaultPlan plan = new();
    private Random dice = Dice(options.Seed);

    public DeliveryFaultPlan Plan
    {
        get
        {
            lock (gate) return plan;
        }

        set
        {
            lock (gate)
            {
                plan = value;
                if (value.Seed is { } seed) dice = Dice(seed);
            }
        }
    }

    public DeliveryFault Next()
    {
        lock (gate)
        {
            // Two throws for each event whatever comes of them, so that changing one probability does not shift the others' luck.
            var (luck, wait) = (dice.NextDouble(), dice.NextDouble());
            if ((luck -= plan.Drop) < 0) return new(DeliveryFaultKind.Drop, default);
            if ((luck -= plan.Duplicate) < 0) return new(DeliveryFaultKind.Duplicate, default);
            if ((luck -= plan.Reorder) < 0)
                return new(DeliveryFaultKind.Reorder, TimeSpan.FromMilliseconds(1 + (wait * plan.ReorderWindowMs)));
            return luck - plan.Delay < 0 ? new(DeliveryFaultKind.Delay, TimeSpan.FromMilliseconds(1 + (wait * plan.DelayMs))) : default;
        }
    }

#pragma warning disable CA5394 // repeatable on purpose; guards nothing
    private static Random Dice(int seed) => new(seed);
#pragma warning restore CA5394
}
