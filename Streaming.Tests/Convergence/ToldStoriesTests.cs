using System.Globalization;
using System.Text.Json;
using Streaming.Core.Sessions;

namespace Streaming.Tests.Convergence;

/// <summary>
/// What followers are told of stories made by chance, in any order, with repetitions: that a session is on and that it is over, each once at most,
/// and in the end exactly how the channel stands. STREAMING_FAULT_SEED repeats a run.
/// </summary>
public sealed class ToldStoriesTests
{
    private const int Stories = 250;

    [Fact]
    public async Task Whatever_the_order_a_session_is_told_to_be_on_once_and_over_once_and_the_last_that_is_told_is_so()
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable("STREAMING_FAULT_SEED"), CultureInfo.InvariantCulture, out var given) ? given : Random.Shared.Next(1_000_000);
        var random = new Random(seed);
        var stories = Enumerable.Range(seed, Stories).Select(RandomStory.Of).ToList();
        await using var teller = await StoryTeller.NewAsync();
        var channels = await teller.NewChannels([.. stories.Select(s => s.ReconnectWindow)]);
        var all = channels.Zip(stories).SelectMany(one => one.Second.Steps.SelectMany(step => Enumerable.Repeat(new Told(one.First, step), random.Next(4) == 0 ? 2 : 1))).ToArray();
        random.Shuffle(all);
        for (var (from, count) = (0, 0); from < all.Length; from += count)
        {
            count = Math.Min(random.Next(1, 200), all.Length - from);
            await teller.Tell(all[from..(from + count)]);
        }

        var (onAir, flaps) = (0, 0);
        foreach (var (number, (state, updates)) in await teller.Told(channels))
        {
            var what = $"Story {number} of the run with STREAMING_FAULT_SEED={seed}:\n  {string.Join("\n  ", updates)}\nand it is {state.State}";
            var open = new HashSet<string>();
            var on = Sessions(updates, "stream.online");
            var over = Sessions(updates, "stream.offline");
            Assert.True(on.Distinct().Count() == on.Count && over.Distinct().Count() == over.Count, what);
            foreach (var (type, body) in updates)
                if (type == "stream.online") Assert.True(open.Count == 0 && open.Add(Text(body, "sessionId")!), what); // never two at once
                else if (type == "stream.offline") Assert.True(open.Remove(Text(body, "sessionId")!), what);

            var states = updates.Where(u => u.Type == "stream.state").Select(u => u.Body).ToList();
            Assert.True(states.Zip(states.Skip(1)).All(pair => pair.First.GetRawText() != pair.Second.GetRawText()), what); // nothing twice
            var isLive = state.State == LiveState.Live;
            Assert.True(isLive ? open.Count == 1 || over.Contains($"{state.SessionId}") : open.Count == 0, what); // what came late may revive a session that was told to be over: that is not told again
            if (states.Count > 0) Assert.True(states[^1].GetProperty("isLive").GetBoolean() == isLive, what);
            if (isLive) Assert.True(Text(states[^1], "sessionId") == $"{state.SessionId}", what);
            if (state.State == LiveState.Ended) Assert.True(states.Count > 0 && Text(states[^1], "state") == "ended" && Text(states[^1], "sessionId") == $"{state.SessionId}", what);
            if (isLive) onAir++;
            if (states.Count(s => s.GetProperty("isLive").GetBoolean()) > on.Count) flaps++;
        }

        Assert.True(onAir > Stories / 20 && flaps > Stories / 50, $"Chance was idle: {onAir} on the air, {flaps} that went on and off and on."); // or this was no test
    }

    private static List<string?> Sessions(IEnumerable<(string Type, JsonElement Body)> updates, string type) => [.. updates.Where(u => u.Type == type).Select(u => Text(u.Body, "sessionId"))];

    private static string? Text(JsonElement body, string member) => body.TryGetProperty(member, out var value) ? value.GetString() : null;
}
