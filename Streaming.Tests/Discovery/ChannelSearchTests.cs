using Npgsql;
using Streaming.Core.Discovery;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Discovery;

/// <summary>What is searched follows what is said, and is found by an index.</summary>
public sealed class ChannelSearchTests : IAsyncLifetime
{
    private TestDatabase _database = null!;

    public async Task InitializeAsync() => _database = await TestDatabase.NewAsync();

    public async Task DisposeAsync() => await _database.DisposeAsync();

    [Fact]
    public async Task Among_tens_of_thousands_it_is_found_by_the_index()
    {
        await _database.Write("alter table channels disable trigger channels_are_found"); // one by one would take a while
        await _database.MakeChannels(20_000, "Woodworking", live: false, title: "Building a shed");
        await _database.Write("insert into channel_search (channel_id, words) select id, search_words(title || ' ' || category) from channels");
        await _database.Write("alter table channels enable trigger channels_are_found");
        var sought = Assert.Single(await _database.MakeChannels(1, "Airships", live: false, title: "A Zeppelin, zq9"));
        await _database.Write("vacuum analyze channel_search");
        var search = new ChannelSearch(_database.Source);
        foreach (var query in new[] { "zeppelin", "eppeli", "zq", "zeppelin zq9", "zepelin" })
        {
            Assert.Equal([sought.Id], await search.Find(query, user: null, withMature: false, default));
            foreach (var alike in new[] { false, true })
            {
                await using var statement = search.Statement(query, await search.WordsOf(query, default), alike, user: null, withMature: false);
                var plan = string.Join('\n', await PlanOf(statement));
                Assert.True(plan.Contains("Index Scan on ix_channel_search_words", StringComparison.Ordinal) && !plan.Contains("Seq Scan on channel_search", StringComparison.Ordinal), $"{query}\n{plan}");
            }
        }
    }

    [Fact]
    public async Task Changes_at_once_of_title_and_username_are_both_found()
    {
        var made = await _database.MakeChannels(20, "Boats", live: false);
        await Task.WhenAll(made.SelectMany((m, i) => new[]
        {
            _database.Write("update channels set title = @title where id = @id", new("title", $"title{i}"), new("id", m.Id)),
            _database.Write("update users set username = @name where id = @id", new("name", $"name{i}"), new("id", m.UserId)),
        }));

        var search = new ChannelSearch(_database.Source);
        for (var i = 10; i < made.Count; i++) Assert.Equal([made[i].Id], await search.Find($"title{i} name{i}", user: null, withMature: false, default));
        Assert.Equal([" name10 title10 boats"], await _database.Rows("select words from channel_search where channel_id = @id", new NpgsqlParameter("id", made[10].Id)));
    }

    /// <summary>Which way Postgres goes, for the statement that really is sent.</summary>
    private static async Task<IReadOnlyList<string>> PlanOf(NpgsqlCommand statement)
    {
        statement.CommandText = "explain " + statement.CommandText;
        var plan = new List<string>();
        await using var row = await statement.ExecuteReaderAsync();
        while (await row.ReadAsync()) plan.Add(row.GetString(0));
        return plan;
    }
}
