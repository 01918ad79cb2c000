using System.Globalization;
using Streaming.Core.LiveUpdates;
using Streaming.Core.Streams;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.LiveUpdates;

/// <summary>The one order of all updates: whoever has read up to a position has missed nothing before it, whatever commits when.</summary>
public sealed class UpdateLogTests : IAsyncLifetime
{
    private const string User = "ann";

    private TestDatabase _database = null!;
    private UpdateLog _log = null!;

    public async Task InitializeAsync()
    {
        _database = await TestDatabase.NewAsync();
        _log = new UpdateLog(_database.Source);
    }

    public async Task DisposeAsync() => await _database.DisposeAsync();

    [Fact]
    public async Task What_commits_late_comes_after_what_was_read_before_it()
    {
        await using var connection = await _database.Source.OpenConnectionAsync();
        await using var slow = await connection.BeginTransactionAsync();
        await Updates.AppendToUsers(connection, [User], "slow", new { }, CancellationToken.None);
        await Append("quick");

        var (first, seen) = await Follow(_log, 0);
        await slow.CommitAsync();
        var (second, _) = await Follow(_log, seen);

        Assert.Equal(["quick"], first.Select(u => u.Type));
        Assert.Equal(["slow"], second.Select(u => u.Type));
        Assert.Equal(["slow", "quick"], await _database.Rows("select type from updates order by id")); // by its number it would have been read past
    }

    [Fact]
    public async Task However_many_write_and_read_at_once_every_reader_is_told_all_that_was_committed_once_and_in_one_order()
    {
        const int Writers = 8, Each = 40;
        var committed = new List<string>();
        var readers = Enumerable.Range(0, 3).Select(_ => (Log: new UpdateLog(_database.Source), Told: new List<LoggedUpdate>())).ToArray();
        var pastById = (Last: 0L, Told: 0);
        using var stop = new CancellationTokenSource();
        var reading = readers.Select(async reader =>
        {
            for (var (seen, isLast) = (0L, false); !isLast;)
            {
                isLast = stop.IsCancellationRequested;
                (var news, seen) = await Follow(reader.Log, seen);
                reader.Told.AddRange(news);
            }
        }).ToList();
        var readingById = Task.Run(async () =>
        {
            for (var isLast = false; !isLast;)
            {
                isLast = stop.IsCancellationRequested;
                var news = await _database.Rows($"select id from updates where id > {pastById.Last} order by id");
                if (news.Count > 0) pastById = (long.Parse(news[^1], CultureInfo.InvariantCulture), pastById.Told + news.Count);
            }
        });

        await Task.WhenAll(Enumerable.Range(0, Writers).Select(async writer =>
        {
            var random = new Random(writer);
            for (var n = 0; n < Each; n++)
            {
                await using var connection = await _database.Source.OpenConnectionAsync();
                await using var transaction = await connection.BeginTransactionAsync();
                await Updates.AppendToUsers(connection, [User], $"{writer}-{n}", new { }, CancellationToken.None);
                await Task.Delay(random.Next(15));
                if (random.Next(5) == 0) continue; // and it never was
                await transaction.CommitAsync();
                lock (committed) committed.Add($"{writer}-{n}");
            }
        }));
        await stop.CancelAsync();
        await Task.WhenAll([.. reading, readingById]);

        Assert.All(readers, reader =>
        {
            Assert.Equal(committed.Order(), reader.Told.Select(u => u.Type).Order());
            Assert.Equal(reader.Told.Select(u => u.Position).Distinct().Order(), reader.Told.Select(u => u.Position));
            Assert.Equal(readers[0].Told, reader.Told);
        });
        Assert.True(pastById.Told < committed.Count, "Numbers drawn at the time of writing lost nothing: this was no test.");
    }

    [Fact]
    public async Task What_is_old_is_forgotten_and_the_log_says_from_where_on_it_can_tell()
    {
        for (var n = 0; n < 4; n++) await Append($"{n}");
        var ends = await _log.Advance(CancellationToken.None);
        Assert.True(ends.Covers(0) && ends.Covers(ends.Head) && !ends.Covers(ends.Head + 1));
        await Execute("update updates set published_at = now() - interval '16 minutes' where position <= 2");
        await Append("nobody has looked for yet");

        Assert.Equal(2, await _log.Forget(CancellationToken.None));

        ends = await _log.Advance(CancellationToken.None);
        Assert.Equal((5, 2), (ends.Head, ends.Forgotten));
        Assert.True(!ends.Covers(1) && ends.Covers(2));
        Assert.Equal(["2", "3", "nobody has looked for yet"], (await Follow(_log, 2)).News.Select(u => u.Type));
        Assert.Equal(0, await _log.Forget(CancellationToken.None));

        await Execute("update updates set published_at = now() - interval '16 minutes'");
        await _log.Forget(CancellationToken.None);
        await Append("after all was forgotten");
        Assert.Equal([6], (await Follow(_log, 5)).News.Select(u => u.Position)); // no position is ever given twice
    }

    [Fact]
    public async Task An_update_is_for_those_it_is_meant_for()
    {
        var channel = await _database.NewChannel();
        await using (var db = _database.Open())
        {
            db.Append(StreamUpdated.To(channel));
            channel.ShowTo(Visibility.Test, TimeProvider.System.GetUtcNow());
            db.Append(StreamUpdated.To(channel));
            db.Append(Update.ToUser("bob", "greeting", new { At = new DateTimeOffset(2025, 11, 23, 12, 0, 0, 500, TimeSpan.FromHours(2)), Visibility.Followers }));
            await db.SaveChangesAsync();
        }

        var head = (await _log.Advance(CancellationToken.None)).Head;
        var toChannel = await _log.Read(0, head, [channel.Id], [], CancellationToken.None);
        var toBob = Assert.Single(await _log.Read(0, head, [], ["bob"], CancellationToken.None));
        Assert.Equal([false, true], toChannel.Select(u => u.IsForOwner));
        Assert.All(toChannel, u => Assert.Equal((channel.Id, null), (u.ChannelId!.Value, u.UserId)));
        Assert.Equal(("bob", """{"at": "2025-11-23T10:00:00.5Z", "followers": "followers"}"""), (toBob.UserId, toBob.Body));
        Assert.Empty(await _log.Read(0, head, [Guid.CreateVersion7()], [User], CancellationToken.None));
        Assert.Empty(await _log.Read(head, head, [channel.Id], ["bob"], CancellationToken.None));
    }

    private static async Task<(IReadOnlyList<LoggedUpdate> News, long Seen)> Follow(UpdateLog log, long seen)
    {
        var head = (await log.Advance(CancellationToken.None)).Head;
        return (await log.Read(seen, head, [], [User], CancellationToken.None), head);
    }

    private async Task Append(string type)
    {
        await using var connection = await _database.Source.OpenConnectionAsync();
        await Updates.AppendToUsers(connection, [User], type, new { }, CancellationToken.None);
    }

    private async Task Execute(string sql)
    {
        await using var command = _database.Source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
