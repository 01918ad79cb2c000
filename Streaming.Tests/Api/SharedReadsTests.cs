using System.Collections.Concurrent;
using Streaming.Core.Data;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Api;

/// <summary>One query for many, where each query is answered when the test says so, from what there is at its beginning.</summary>
public sealed class SharedReadsTests
{
    private const int AtOnce = 2, MostKeys = 3, MostWaiting = 4;

    private readonly ConcurrentQueue<Query> _begun = [];
    private readonly ConcurrentDictionary<string, string> _there = [];
    private readonly AsyncLocal<string?> _caller = new();
    private readonly SharedReads<string, string> _reads;

    public SharedReadsTests() => _reads = new(Read, AtOnce, MostKeys, MostWaiting);

    [Fact]
    public async Task Who_asks_alone_waits_for_nobody()
    {
        _there["ann"] = "1";
        var answer = Ask("ann");
        (await Begun("ann")).Finish();
        Assert.Equal("1", await answer);
    }

    [Fact]
    public async Task Those_who_ask_while_others_are_answered_share_one_query_and_each_has_his_own_answer()
    {
        foreach (var who in new[] { "ben", "cat" }) _there[who] = $"of {who}";
        var busy = await Occupy();

        var answers = new[] { Ask("ben"), Ask("cat"), Ask("ben"), Ask("nobody") };
        busy[0].Finish();

        (await Begun("ben", "cat", "nobody")).Finish();
        Assert.Equal(["of ben", "of cat", "of ben", "nothing"], await Task.WhenAll(answers));
        Assert.Empty(_begun);
    }

    [Fact]
    public async Task Nobodys_answer_was_read_before_he_asked()
    {
        _there["ann"] = "old";
        var early = new[] { Ask("ann"), Ask("ann") };
        var (first, second) = (await Begun("ann"), await Begun("ann")); // both have read

        _there["ann"] = "new";
        var late = Ask("ann");
        first.Finish();
        var third = await Begun("ann");
        _there["ann"] = "newer";
        var later = Ask("ann"); // the third has begun
        second.Finish();
        third.Finish();
        (await Begun("ann")).Finish();

        Assert.Equal(["old", "old", "new", "newer"], [.. await Task.WhenAll(early), await late, await later]);
    }

    [Fact]
    public async Task A_query_that_fails_is_told_to_all_it_was_for_and_to_nobody_else()
    {
        _there["dan"] = "1";
        var busy = await Occupy();
        var unlucky = new[] { Ask("ann"), Ask("ben") };
        busy[0].Finish();
        var failing = await Begun("ann", "ben");
        var lucky = Ask("dan");

        failing.Answer.SetException(new IOException("The connection is gone."));

        foreach (var answer in unlucky) await Assert.ThrowsAsync<IOException>(() => answer);
        (await Begun("dan")).Finish();
        Assert.Equal("1", await lucky);
    }

    [Fact]
    public async Task Who_goes_away_leaves_the_others_their_answer()
    {
        _there["ann"] = "1";
        using var impatient = new CancellationTokenSource();
        var busy = await Occupy();
        var (gone, stays) = (_reads.Of("ann", impatient.Token), Ask("ann"));

        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => gone);
        busy[0].Finish();
        (await Begun("ann")).Finish();

        Assert.Equal("1", await stays);
    }

    [Fact]
    public async Task One_query_has_so_many_keys_and_the_rest_is_for_the_next()
    {
        var busy = await Occupy();
        var answers = Enumerable.Range(0, MostKeys + 1).Select(i => Ask($"{i}")).ToList();
        answers.Add(Ask("0")); // it is there already, but in a query that is full

        busy[0].Finish();
        var full = await Begun("0", "1", "2");
        busy[1].Finish();
        var rest = await Begun("0", "3");
        full.Finish();
        rest.Finish();
        await Task.WhenAll(answers);
    }

    [Fact]
    public async Task More_than_could_be_answered_in_time_are_turned_away_at_once()
    {
        var busy = await Occupy();
        var answers = Enumerable.Range(0, MostKeys * MostWaiting).Select(i => Ask($"{i}")).ToList();

        await Assert.ThrowsAsync<TimeoutException>(() => Ask("one too many"));

        busy[0].Finish();
        for (var i = 0; i < MostWaiting; i++) (await Begun()).Finish();
        await Task.WhenAll(answers);
        busy[1].Finish();
    }

    [Fact]
    public async Task A_query_belongs_to_the_trace_of_the_first_who_waits_for_it()
    {
        var busy = await Occupy();
        _caller.Value = "first";
        var first = Ask("ann");
        _caller.Value = "second";
        var second = Ask("ben");
        busy[0].Finish();

        var query = await Begun("ann", "ben");
        Assert.Equal("first", query.Caller);
        query.Finish();
        await Task.WhenAll(first, second);
        Assert.Equal("second", _caller.Value);
    }

    private Task<IReadOnlyDictionary<string, string>> Read(IReadOnlyCollection<string> keys)
    {
        var query = new Query([.. keys.Order()], _there.Where(v => keys.Contains(v.Key)).ToDictionary(), _caller.Value);
        _begun.Enqueue(query);
        return query.Answer.Task;
    }

    private async Task<string> Ask(string key) => await _reads.Of(key, CancellationToken.None) ?? "nothing";

    /// <summary>As many queries as there may be at once.</summary>
    private async Task<Query[]> Occupy()
    {
        for (var i = 0; i < AtOnce; i++) _ = Ask("somebody else");
        return await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(_ => Begun("somebody else")));
    }

    private async Task<Query> Begun(params string[] keys)
    {
        var query = await Begun();
        Assert.Equal(keys, query.Keys);
        return query;
    }

    private async Task<Query> Begun()
    {
        Query? query = null;
        await Eventually.True(() => _begun.TryDequeue(out query));
        return query!;
    }

    private sealed record Query(IReadOnlyList<string> Keys, Dictionary<string, string> Read, string? Caller)
    {
        public TaskCompletionSource<IReadOnlyDictionary<string, string>> Answer { get; } = new();

        public void Finish() => Answer.SetResult(Read);
    }
}
