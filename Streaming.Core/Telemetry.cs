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

    /// <summary>Events that left the queue, by outcome: applied, superseded, skipped, duplicate, dead.</summary>
    public static readonly Counter<long> Processed = Meter.CreateCounter<long>("streaming.events.processed", "{event}");

    /// <summary>From LiveKit's creation of an event (whole seconds, its clock) to its acceptance.</summary>
    public static readonly Histogram<double> IntakeLag = Meter.CreateHistogram<double>("streaming.webhook.intake_lag", "s");

    /// <summary>What the reconciler put right, by kind. More than nothing in steady state: webhooks are lost.</summary>
    public static readonly Counter<long> Corrections = Meter.CreateCounter<long>("streaming.reconcile.corrections", "{correction}");

    /// <summary>How many people our records and LiveKit's rooms do not agree on, at the last look at everything. Some are on their way; many for long: webhooks are lost.</summary>
    public static readonly Gauge<long> ViewerError = Meter.CreateGauge<long>("streaming.reconcile.viewer_error", "{participant}");

    /// <summary>Broadcasts that are live by what LiveKit said too long ago: it cannot be asked.</summary>
    public static readonly Gauge<long> StaleStreams = Meter.CreateGauge<long>("streaming.streams.stale", "{stream}");

    /// <summary>How long LiveKit takes to answer a call of ours, by method and outcome: ok, or what failed.</summary>
    public static readonly Histogram<double> LiveKitCalls = Meter.CreateHistogram<double>("streaming.livekit.call_duration", "s");

    /// <summary>Entries of the Redis stream: accepted and not yet applied.</summary>
    public static readonly Gauge<long> QueueDepth = Meter.CreateGauge<long>("streaming.queue.depth", "{event}");

    /// <summary>Rows of the Postgres spool: accepted while Redis was away, and not yet applied.</summary>
    public static readonly Gauge<long> SpoolDepth = Meter.CreateGauge<long>("streaming.spool.depth", "{event}");

    /// <summary>Dead letters that nobody has resolved.</summary>
    public static readonly Gauge<long> DeadLetters = Meter.CreateGauge<long>("streaming.dead_letters", "{event}");

    /// <summary>1 when the books do not balance: an event was lost or had its effect twice.</summary>
    public static readonly Gauge<long> Unbalanced = Meter.CreateGauge<long>("streaming.accounting.unbalanced");

    /// <summary>Open streams of live updates on this replica.</summary>
    public static readonly Gauge<long> LiveUpdateClients = Meter.CreateGauge<long>("streaming.live_updates.clients", "{client}");

    /// <summary>Live updates told to clients, each as often as there were clients to tell it to.</summary>
    public static readonly Counter<long> LiveUpdatesSent = Meter.CreateCounter<long>("streaming.live_updates.sent", "{update}");

    /// <summary>From accepted to applied.</summary>
    public static readonly Histogram<double> ApplyLag = Meter.CreateHistogram<double>("streaming.events.apply_lag", "s");
}
