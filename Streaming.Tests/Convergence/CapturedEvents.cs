using System.Text;
using System.Text.RegularExpressions;
using Streaming.Core.Events;
using Streaming.Core.LiveKit;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Convergence;

/// <summary>The events of a captured story, to be told again in parts and with changes.</summary>
internal static partial class CapturedEvents
{
    /// <summary>With short ids: <c>PA_1</c> is the first participant that the capture names, <c>EV_1</c> its first event.</summary>
    public static IReadOnlyList<LiveKitEvent> Of(string capture)
    {
        var names = new Dictionary<string, string>();
        var bodies = Captured.BodiesFor(capture, Guid.Empty, "creator", "").Select(body => WireEvent.Read(body)).ToList();
        foreach (var body in bodies) Assert.Null(body.Unreadable);
        return [.. bodies.Select(e => LiveKitEvent.FromJson(Encoding.UTF8.GetBytes(Id().Replace(Encoding.UTF8.GetString(e.ToJson()), Short))))];

        string Short(Match id)
        {
            if (!names.TryGetValue(id.Value, out var name))
                names[id.Value] = name = $"{id.Value[..3]}{names.Values.Count(n => n.StartsWith(id.Value[..3], StringComparison.Ordinal)) + 1}";
            return name;
        }
    }

    [GeneratedRegex("(?<=\")(EV|RM|PA|IN|RT|WH|UR)_[A-Za-z0-9]{12}(?=\")")]
    private static partial Regex Id();
}
