using System.Diagnostics;
using System.Text.Json;

namespace Streaming.Core.Events;

/// <summary>Which trace the effects of a batch belong to.</summary>
internal static class Traces
{
    /// <returns>JSON: of each channel the W3C trace context of the last event that has one and is recorded; empty when there is none.</returns>
    public static string Of(IEnumerable<QueuedEvent> batch)
    {
        Dictionary<Guid, string>? byChannel = null;
        foreach (var entry in batch)
            if (entry is { TraceParent: { } parent, Event.ChannelId: { } channel } && ActivityContext.TryParse(parent, null, out var webhook) && webhook.TraceFlags.HasFlag(ActivityTraceFlags.Recorded))
                (byChannel ??= [])[channel] = parent;
        return byChannel is null ? "" : JsonSerializer.Serialize(byChannel);
    }
}
