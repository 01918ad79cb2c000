namespace Streaming.Tests.Faults;

/// <summary>Other ways in which the same webhooks may arrive.</summary>
public static class Deliveries
{
    /// <summary>One in ten comes again, up to four times, sometime later.</summary>
    public static IReadOnlyList<Webhook> Repeated(this IReadOnlyList<Webhook> webhooks, Random random) =>
        [.. webhooks.SelectMany((w, i) => Enumerable.Range(0, random.Next(10) == 0 ? random.Next(2, 6) : 1).Select(n => (At: n == 0 ? i : random.Next(i, webhooks.Count), w)))
            .OrderBy(d => d.At).Select(d => d.w)];

    /// <summary>Each is overtaken by up to so many others.</summary>
    public static IReadOnlyList<Webhook> Overtaken(this IReadOnlyList<Webhook> webhooks, int window, Random random) =>
        [.. webhooks.Select((w, i) => (At: i + random.Next(window), w)).OrderBy(d => d.At).Select(d => d.w)];

    /// <summary>Each arrives so much after its time, by the clock of what is told.</summary>
    public static IReadOnlyList<Webhook> Delayed(this IReadOnlyList<Webhook> webhooks, TimeSpan upTo, Random random) =>
        [.. webhooks.OrderBy(w => w.Event.CreatedAt + (upTo * random.NextDouble()))];
}
