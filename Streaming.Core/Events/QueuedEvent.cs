namespace Streaming.Core.Events;

/// <summary>An accepted event on its way to being applied.</summary>
/// <param name="EntryId">Its entry in the Redis stream; <c>spool:…</c> for a spooled event.</param>
/// <param name="ReceivedAt">When the API accepted it.</param>
/// <param name="TraceParent">The W3C trace context of the webhook request, so that its effect belongs to the same trace.</param>
public sealed record QueuedEvent(string EntryId, LiveKitEvent Event, DateTimeOffset ReceivedAt, string? TraceParent);
