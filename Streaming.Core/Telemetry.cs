using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Streaming.Core;

/// <summary>The product's own traces and metrics, under the one name that hosts subscribe to.</summary>
public static class Telemetry
{
    public const string Name = "Streaming";

    public static readonly ActivitySource Source = new(Name);

    private static readonly Meter Meter = new(Name);

    /// <summary>Webhooks answered 200, by kind and store (redis, postgres).</summary>
    public static readonly Counter<long> Accepted = Meter.CreateCounter<long>("streaming.webhook.accepted", "{event}");

    /// <summary>Webhooks refused, by reason.</summary>
    public static readonly Counter<long> Refused = Meter.CreateCounter<long>("streaming.webhook.refused", "{request}");

    /// <summary>Webhooks answered 503: neither store could keep them.</summary>
    public static readonly Counter<long> Unstorable = Meter.CreateCounter<long>("streaming.webhook.unstorable", "{request}");

    /// <summary>Events that left the queue, by outcome: applied, skipped, duplicate, dead.</summary>
    public static readonly Counter<long> Processed = Meter.CreateCounter<long>("streaming.events.processed", "{event}");

    /// <summary>From accepted to applied.</summary>
    public static readonly Histogram<double> ApplyLag = Meter.CreateHistogram<double>("streaming.events.apply_lag", "s");
}
