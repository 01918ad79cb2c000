using System.Text.RegularExpressions;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.EndToEnd;

public sealed partial class TraceTests
{
    [Fact]
    public async Task One_trace_leads_from_the_webhook_over_its_applied_effect_to_whoever_is_told()
    {
        await using var system = await TestSystem.StartAsync();
        var creator = await system.NewChannel();
        await using var viewer = await EventReader.Open(system.Anonymous, $"/api/stream/{await creator.Room()}/events");
        await using var himself = await EventReader.Open(creator.Api, "/api/me/events");
        await system.LiveKit.GoLive(creator.StreamKey);
        await viewer.Until("stream.online");
        await himself.Until("session.started");

        await Eventually.True(() => TracesOf("POST /api/webhook/livekit").Intersect(TracesOf("apply ingress_started")).Any());
        foreach (var told in new[] { "tell stream.online", "tell session.started" }) // whichever of its webhooks came last in the batch
            await Eventually.True(() => TracesOf("POST /api/webhook/livekit").Intersect(TracesOf("apply ")).Intersect(TracesOf(told)).Any(), what: told);

        IEnumerable<string> TracesOf(string span) => Span().Matches(system.Telemetry.Text("traces")).Where(s => s.Groups["rest"].Value.Contains(span, StringComparison.Ordinal)).Select(s => s.Groups["trace"].Value);
    }

    /// <summary>The beginning of a span in OTLP's protobuf: trace id (16 bytes), span id (8), and soon after them the name.</summary>
    [GeneratedRegex("\n\u0010(?<trace>.{16})\u0012\u0008.{8}(?<rest>.{0,80})", RegexOptions.Singleline)]
    private static partial Regex Span();
}
