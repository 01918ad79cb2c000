using System.Text.RegularExpressions;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.EndToEnd;

public sealed partial class TraceTests
{
    [Fact]
    public async Task One_trace_leads_from_the_webhook_to_its_applied_effect()
    {
        await using var system = await TestSystem.StartAsync();
        var creator = await system.NewChannel();
        await system.LiveKit.GoLive(creator.StreamKey);
        await Eventually.True(creator.IsLive);

        await Eventually.True(() => TracesOf("apply ingress_started").Intersect(TracesOf("POST /api/webhook/livekit")).Any());

        IEnumerable<string> TracesOf(string span) => Span().Matches(system.Telemetry.Text("traces")).Where(s => s.Groups["rest"].Value.Contains(span, StringComparison.Ordinal)).Select(s => s.Groups["trace"].Value);
    }

    /// <summary>The beginning of a span in OTLP's protobuf: trace id (16 bytes), span id (8), and soon after them the name.</summary>
    [GeneratedRegex("\n\u0010(?<trace>.{16})\u0012\u0008.{8}(?<rest>.{0,80})", RegexOptions.Singleline)]
    private static partial Regex Span();
}
