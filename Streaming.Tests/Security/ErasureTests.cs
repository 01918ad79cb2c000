using System.Net;
using System.Text.Json;
using LiveKitSimulator;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Streaming.AppHost.Local;
using Streaming.Core;
using Streaming.Core.Administration;
using Streaming.Core.LiveKit;
using Streaming.Core.Privacy;
using Streaming.Tests.Api;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Security;

/// <summary>What we hold about a person he can have, and have forgotten.</summary>
public sealed class ErasureTests(ErasureTests.Own own) : IClassFixture<ErasureTests.Own>
{
    private const string Title = "Ann's own title", Thumbnail = "https://img.example.com/ann.png";

    private static readonly Uri Me = new("/api/me", UriKind.Relative);

    private readonly TestSystem _system = own.System;

    [Fact]
    public async Task Every_column_of_the_database_is_classified()
    {
        var real = await _system.Database.Rows(
            "select table_name || '.' || column_name from information_schema.columns where table_schema = 'public' and table_name <> '__EFMigrationsHistory'");
        var classified = PersonalData.Tables.SelectMany(t => t.Names.Select(c => $"{t.Table}.{c}")).ToList();

        Assert.Empty(real.Except(classified)); // say in Streaming.Core/Privacy/PersonalData.cs what becomes of it when its person is forgotten
        Assert.Empty(classified.Except(real));
        Assert.Equal(classified.Count, classified.Distinct().Count());
        foreach (var table in PersonalData.Tables.Where(t => t.Personal.Any() && !t.IsKept))
            Assert.All(table.Personal, column => Assert.True(table.Whose is not null && table.Then is not null && (table.Then == "delete" || table.Then!.Contains($"{column} =", StringComparison.Ordinal)), $"{table.Table}.{column} tells of a person and is not erased."));
    }

    [Fact]
    public async Task The_export_has_all_that_is_his_nothing_of_others_and_no_secret()
    {
        var ann = await Broadcasting();
        var bob = await Broadcasting();
        await Watching(ann.UserId, bob);
        await WasTold(bob, ann);

        using var answer = await ann.Api.GetAt("/api/me/export");
        var export = await TestCreator.Read(answer, HttpStatusCode.OK);
        var (text, data) = (export.GetRawText(), export.GetProperty("data"));

        Assert.Equal(ann.UserId, export.GetProperty("userId").GetString());
        Assert.Equal((Title, Thumbnail), (data.GetProperty("channels")[0].GetProperty("title").GetString(), data.GetProperty("channels")[0].GetProperty("thumbnail").GetString()));
        Assert.Equal("Approved", data.GetProperty("creatorApplications")[0].GetProperty("status").GetString());
        Assert.Equal(ann.IngressId, data.GetProperty("ingresses")[0].GetProperty("id").GetString());
        Assert.Single(data.GetProperty("sessions").EnumerateArray());
        Assert.Contains(data.GetProperty("presences").EnumerateArray(), p => p.GetProperty("person").GetString() == $"viewer:{ann.UserId}");
        foreach (var foreign in new[] { bob.UserId, bob.IngressId, TestSystem.KeyPrefix, "keySha256", "_" }) Assert.DoesNotContain(foreign, text.Replace(ann.UserId, "", StringComparison.Ordinal).Replace("IN_", "", StringComparison.Ordinal).Replace("PA_", "", StringComparison.Ordinal).Replace("RM_", "", StringComparison.Ordinal).Replace("RT_", "", StringComparison.Ordinal).Replace("EV_", "", StringComparison.Ordinal), StringComparison.Ordinal);
        await (await _system.Anonymous.GetAsync(new Uri("/api/me/export", UriKind.Relative))).IsError(401, "unauthorized");
    }

    [Fact]
    public async Task However_much_there_is_of_somebody_he_is_forgotten()
    {
        await using var database = await TestDatabase.NewAsync();
        await using var services = Services(database);
        Assert.NotNull(await database.WhileWaitingFor("follows", async source =>
        {
            var erasures = new Erasures(source, services.GetRequiredService<LiveKitApi>(), TimeProvider.System, NullLogger<Erasures>.Instance);
            await erasures.Request("ann", CancellationToken.None);
            return await erasures.TryFulfil("ann", CancellationToken.None) is { } at ? $"{at}" : null;
        }));
    }

    [Fact]
    public async Task Whoever_asks_again_while_he_is_being_forgotten_stands_in_nobodys_way()
    {
        await using var database = await TestDatabase.NewAsync();
        await using var services = Services(database);
        var erasures = new Erasures(database.Source, services.GetRequiredService<LiveKitApi>(), TimeProvider.System, NullLogger<Erasures>.Instance);
        for (var time = 0; time < 100; time++)
        {
            await erasures.Request("ann", CancellationToken.None);
            var again = erasures.Request("ann", CancellationToken.None);
            Assert.NotNull(await erasures.TryFulfil("ann", CancellationToken.None));
            Assert.NotNull(await again);
        }
    }

    [Fact]
    public async Task What_the_database_refuses_for_a_moment_is_left_to_the_worker()
    {
        await using var database = await TestDatabase.NewAsync();
        await using var services = Services(database);
        var erasures = new Erasures(database.Source, services.GetRequiredService<LiveKitApi>(), TimeProvider.System, NullLogger<Erasures>.Instance);
        await erasures.Request("ann", CancellationToken.None);
        await using (var holder = await database.Source.OpenConnectionAsync())
        await using (var holding = await holder.BeginTransactionAsync())
        {
            await using (var hold = new NpgsqlCommand("lock table follows", holder)) await hold.ExecuteNonQueryAsync();
            var fulfilled = erasures.TryFulfil("ann", CancellationToken.None);
            await Eventually.Equal(1, async () => (await database.Rows(
                "select pg_terminate_backend(pid)::text from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'")).Count);
            Assert.Null(await fulfilled);
        }

        Assert.NotNull(await erasures.TryFulfil("ann", CancellationToken.None));
    }

    [Fact]
    public async Task Who_is_forgotten_is_off_the_air_without_keys_and_nowhere_in_the_database()
    {
        var ann = await Broadcasting();
        var bob = await Broadcasting();
        var (room, bobsRoom) = (await ann.Room(), await bob.Room());
        await Watching(ann.UserId, bob);
        await TestCreator.Read(await bob.Api.PutJson($"/api/chat/{bobsRoom}/bans/{ann.UserId}", $$"""{"scope":"chat","reason":"{{Title}}"}"""), HttpStatusCode.OK);
        await TestCreator.Read(await ann.Api.PutJson($"/api/chat/{room}/bans/{bob.UserId}", $$"""{"scope":"chat","reason":"{{Title}}"}"""), HttpStatusCode.OK);
        await WasTold(bob, ann);
        var sessions = await _system.Database.Rows($"select id, started_at from sessions where channel_id = '{room}'");

        Assert.Equal("erased", (await Erase(ann, HttpStatusCode.OK)).GetProperty("state").GetString());

        Assert.Empty(await _system.IngressesIn(room));
        Assert.False((await _system.LiveKit.GoLive(ann.StreamKey)).Accepted);
        await Eventually.Equal("0", async () => (await _system.Database.Rows($"select count(*) from sessions where channel_id = '{room}' and media_ended_at is null"))[0]);
        await Eventually.Equal(0L, bob.ViewerCount); // she was taken out of the room she watched
        Assert.True(await bob.IsLive());
        Assert.Equal(sessions, await _system.Database.Rows($"select id, started_at from sessions where channel_id = '{room}'")); // what is nobody's stays
        Assert.Equal([""], await _system.Database.Rows($"select title || coalesce(thumbnail, '') from session_snapshots where channel_id = '{room}'"));
        await Nowhere(ann.UserId, Title, Thumbnail);

        // Her token still says who she is: she is somebody new, with nothing.
        await (await ann.Api.GetAt("/api/stream/info")).IsError(403, "creator_access_required");
        Assert.Equal("erased", (await Erase(ann, HttpStatusCode.OK)).GetProperty("state").GetString());
    }

    [Fact]
    public async Task What_LiveKit_tells_later_revives_nothing_and_names_nobody()
    {
        var ann = await Broadcasting();
        var bob = await Broadcasting();
        var room = await ann.Room();
        await Erase(ann, HttpStatusCode.OK);

        foreach (var body in new[]
        {
            $$$"""{"event":"ingress_started","id":"EV_late1_{{{ann.UserId}}}","createdAt":"1795351542","ingressInfo":{"ingressId":"{{{ann.IngressId}}}","roomName":"{{{room}}}","participantIdentity":"ingress:{{{room}}}","state":{"status":"ENDPOINT_PUBLISHING","resourceId":"RT_late_{{{room}}}","startedAt":"4095351542000000000"} } }""",
            $$$"""{"event":"track_published","id":"EV_late2_{{{ann.UserId}}}","createdAt":"4095351542","room":{"sid":"RM_late_{{{room}}}","name":"{{{room}}}"},"participant":{"sid":"PA_late_{{{room}}}","identity":"host:{{{ann.UserId}}}:late"},"track":{"sid":"TR_late"} }""",
            $$$"""{"event":"participant_joined","id":"EV_late3_{{{ann.UserId}}}","createdAt":"1795351542","room":{"sid":"RM_other_{{{room}}}","name":"{{{await bob.Room()}}}"},"participant":{"sid":"PA_other_{{{room}}}","state":"ACTIVE","identity":"viewer:{{{ann.UserId}}}:late","joinedAtMs":"1795351542000"} }""",
        })
            using (var request = new WebhookSigner(_system.LiveKitHost.Options.ApiKey, _system.LiveKitHost.Options.ApiSecret.Reveal()).Request(System.Text.Encoding.UTF8.GetBytes(body)))
            using (var accepted = await _system.Anonymous.SendAsync(request))
                Assert.Equal(200, (int)accepted.StatusCode);

        await Eventually.Equal("3", async () => (await _system.Database.Rows($"select count(*) from processed_events where event_id like 'EV_late%{ann.UserId}'"))[0]);
        Assert.Equal(["0"], await _system.Database.Rows($"select count(*) from sessions where channel_id = '{room}' and media_ended_at is null"));
        Assert.Equal(["0"], await _system.Database.Rows($"select count(*) from ingest_segments where resource_id like '%_late_{room}'"));
        await Eventually.Equal("0", async () => (await _system.Database.Rows($"select count(*) from presences where person like '%{ann.UserId}%'"))[0]); // the worker looks after that
        Assert.Equal(["1"], await _system.Database.Rows($"select count(*) from presences where participant_sid = 'PA_other_{room}'"));

        // And in the end not even the wish tells whose it was.
        await Execute($"update erasures set erased_at = erased_at - interval '2 hours' where user_id = '{ann.UserId}'");
        await Eventually.Equal("0", async () => (await _system.Database.Rows($"select count(*) from erasures where user_id = '{ann.UserId}'"))[0]);
    }

    [Fact]
    public async Task Without_LiveKit_the_wish_is_kept_and_fulfilled_when_it_is_back()
    {
        var ann = await Broadcasting();
        var room = await ann.Room();
        await _system.LiveKit.ApiFault(new ApiFault { Mode = ApiFaultMode.Refuse, Times = 10_000 });
        try
        {
            var answer = await Erase(ann, HttpStatusCode.Accepted);
            Assert.Equal("erasing", answer.GetProperty("state").GetString());
            Assert.Equal(answer.GetProperty("requestedAt").GetString(), (await Erase(ann, HttpStatusCode.Accepted)).GetProperty("requestedAt").GetString());
            await (await ann.Api.GetAt("/api/stream/info")).IsError(403, "creator_access_required"); // her rights end with the wish
        }
        finally
        {
            await _system.LiveKit.NoApiFaults();
        }

        await Eventually.True(async () => (await _system.IngressesIn(room)).Count == 0, TimeSpan.FromSeconds(20));
        await Eventually.Equal("1", async () => (await _system.Database.Rows($"select count(*) from erasures where user_id = '{ann.UserId}' and erased_at is not null"))[0], TimeSpan.FromSeconds(20));
        await Nowhere(ann.UserId, Title);
    }

    [Fact]
    public async Task The_last_administrator_is_not_forgotten_before_there_is_another()
    {
        await Execute("delete from administrators");
        var (ann, bob) = (await Administrator(), await Administrator());

        var answers = await Task.WhenAll(ann.Api.DeleteAsync(Me), bob.Api.DeleteAsync(Me));

        var last = answers[0].StatusCode == HttpStatusCode.Conflict ? ann : bob;
        Assert.Equal([HttpStatusCode.OK, HttpStatusCode.Conflict], answers.Select(a => a.StatusCode).Order());
        Assert.Equal([last.UserId], await _system.Database.Rows("select user_id from administrators"));
        await (await last.Api.DeleteAsync(Me)).IsError(409, "last_administrator");
        Assert.Equal(["0"], await _system.Database.Rows($"select count(*) from erasures where user_id = '{last.UserId}'")); // nor does anything begin
        await Administrator();
        await Erase(last, HttpStatusCode.OK);
        Assert.Equal(["1"], await _system.Database.Rows("select count(*) from administrators"));
    }

    [Theory]
    [InlineData("reject", "ApplicationRejected")]
    [InlineData("revoke", "ApprovalRevoked")]
    public async Task Being_forgotten_is_no_way_around_the_cool_down(string decision, string act)
    {
        var ann = await _system.NewViewer();
        using var admin = await _system.NewAdministrator();
        var application = (await TestCreator.Read(await Apply(ann), HttpStatusCode.Created)).GetProperty("id").GetString();
        if (decision == "revoke") await TestCreator.Read(await admin.PostJson($"/api/admin/applications/{application}/approve", ""), HttpStatusCode.OK);
        var decided = await TestCreator.Read(await admin.PostJson($"/api/admin/applications/{application}/{decision}", """{"reason":"No."}"""), HttpStatusCode.OK);

        await Erase(ann, HttpStatusCode.OK);

        Assert.Equal(["0"], await _system.Database.Rows($"select count(*) from creator_applications where user_id = '{ann.UserId}'"));
        var reapplyAt = (await (await Apply(ann)).IsError(409, "reapply_too_soon")).GetProperty("details").GetProperty("reapplyAt").GetDateTimeOffset();
        Assert.Equal(decided.GetProperty("decidedAt").GetDateTimeOffset().AddDays(7), reapplyAt, TimeSpan.FromMilliseconds(1));

        // Who was turned down long ago may, and who never was.
        var bob = await _system.NewViewer();
        await using (var db = _system.Database.Open())
        {
            db.Append(new AdminAuditEntry("admin", Enum.Parse<AdminAct>(act), bob.UserId, "No.", null, new { Application = Guid.CreateVersion7() }, TimeProvider.System.GetUtcNow().AddDays(-8)));
            await db.SaveChangesAsync();
        }
        await TestCreator.Read(await Apply(bob), HttpStatusCode.Created);

        static Task<HttpResponseMessage> Apply(TestCreator who) => who.Api.PostJson("/api/creator/application", """{"about":"Boats."}""");
    }

    private static ServiceProvider Services(TestDatabase database)
    {
        var nowhere = new Dictionary<string, string?> { ["LiveKit:Url"] = "http://127.0.0.1:1", ["LiveKit:ApiKey"] = "key", ["LiveKit:ApiSecret"] = Secret.New().Reveal() }; // he was in no room
        return new ServiceCollection()
            .AddLogging()
            .AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection(nowhere).Build())
            .AddStreamingCore(_ => database.ConnectionString)
            .AddLiveKit()
            .BuildServiceProvider();
    }

    private async Task<TestCreator> Administrator()
    {
        var userId = $"admin-{Guid.CreateVersion7():N}";
        await Execute($"insert into users (id, created_at) values ('{userId}', now()); insert into administrators (user_id, granted_at) values ('{userId}', now())");
        return new TestCreator(userId, await _system.As(userId));
    }

    private async Task<TestCreator> Broadcasting()
    {
        var creator = await _system.NewChannel();
        await creator.Api.PutJson("/api/stream/info", $$"""{"title":"{{Title}}","thumbnail":"{{Thumbnail}}"}""");
        await _system.LiveKit.GoLive(creator.StreamKey);
        await Eventually.True(creator.IsLive);
        return creator;
    }

    private async Task Watching(string userId, TestCreator whom)
    {
        await _system.LiveKit.ViewerJoins(new Newcomer { Room = await whom.Room(), Identity = $"viewer:{userId}:laptop" });
        await Eventually.Equal(1L, whom.ViewerCount);
    }

    private static async Task<JsonElement> Erase(TestCreator creator, HttpStatusCode expected)
    {
        using var answer = await creator.Api.DeleteAsync(Me);
        return await TestCreator.Read(answer, expected);
    }

    /// <summary>But for the ids of events, which the test has made of it, and the wish itself.</summary>
    private async Task Nowhere(params string[] traces)
    {
        foreach (var table in await _system.Database.Rows("select tablename from pg_tables where schemaname = 'public' and tablename not in ('erasures', '__EFMigrationsHistory')"))
            foreach (var trace in traces.Where(t => t != Title && t != Thumbnail || table == "channels"))
                Assert.Empty(await _system.Database.Rows($"select t::text from {table} t where t::text like '%' || @trace || '%' {(table == "channels" ? "and erased_at is not null" : "")}", new Npgsql.NpgsqlParameter("trace", trace)));
    }

    /// <summary>Who follows her is told that she is live.</summary>
    private Task WasTold(TestCreator follower, TestCreator of) =>
        Execute($$"""insert into updates (user_id, type, body) values ('{{follower.UserId}}', 'notice.live', '{"userId":"{{of.UserId}}"}')""");

    private async Task Execute(string sql)
    {
        await using var command = _system.Database.Source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>A system of its own: its LiveKit is taken away.</summary>
    public sealed class Own : IAsyncLifetime
    {
        public TestSystem System { get; private set; } = null!;

        public async Task InitializeAsync() => System = await TestSystem.StartAsync();

        public async Task DisposeAsync() => await System.DisposeAsync();
    }
}
