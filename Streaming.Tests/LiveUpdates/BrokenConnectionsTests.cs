using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Streaming.Core.LiveUpdates;
using Streaming.Tests.Api;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.LiveUpdates;

/// <summary>Streams of events and what happens to them: quiet ones, slow ones, too many, tokens that expire, a Redis that is away, replicas that are killed.</summary>
public sealed class BrokenConnectionsTests(BrokenConnectionsTests.Replicas replicas) : IClassFixture<BrokenConnectionsTests.Replicas>
{
    private const string Mine = "/api/me/events";

    private static readonly JsonElement Nothing = JsonDocument.Parse("{}").RootElement;

    private readonly TestSystem _system = replicas.System;

    [Fact]
    public async Task A_stream_on_which_nothing_happens_lives_and_keeps_its_place_in_the_log()
    {
        var (quiet, busy) = (NewUser(), NewUser());
        await using var events = await EventReader.Open(await _system.As(quiet), Mine);
        var first = (await events.Next("snapshot")).Id!.Value;
        for (var n = 0; n < 3; n++) await Append(busy, $"{n}");

        await Eventually.True(() => events.Comments >= 3);
        await Eventually.True(() => long.Parse(events.LastId!, CultureInfo.InvariantCulture) >= first + 3); // he was told nothing, and that is all that he missed
        Assert.Empty(events.Waiting());
        Assert.False(events.Ended.IsCompleted);
        await Append(quiet, "at last");
        Assert.True((await events.Next("at last")).Id > first + 3);
    }

    [Fact]
    public async Task A_stream_ends_with_the_token_that_opened_it()
    {
        var (user, now) = (NewUser(), TimeProvider.System.GetUtcNow());
        using var api = Client(_system.Anonymous.BaseAddress!, replicas.Auth.Token(user, claims => claims["exp"] = now.AddSeconds(4).ToUnixTimeSeconds()));
        await using var events = await EventReader.Open(api, Mine);
        await events.Next("snapshot");

        await events.Ended.WaitAsync(TimeSpan.FromSeconds(10));

        Assert.InRange(TimeProvider.System.GetUtcNow() - now, TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(8)); // in whole seconds
        Assert.Equal("unauthorized", (await events.Next("end")).Data.GetProperty("code").GetString());
    }

    [Fact]
    public async Task One_user_has_so_many_streams_and_all_together_have_so_many()
    {
        using var api = await _system.As(NewUser());
        var open = new List<EventReader>();
        for (var n = 0; n < Replicas.MostPerUser; n++) open.Add(await EventReader.Open(api, Mine));
        using (var refused = await EventReader.Ask(api, Mine))
        {
            await refused.IsError(429, "too_many_streams");
            Assert.NotNull(refused.Headers.RetryAfter);
        }

        await open[0].DisposeAsync(); // and there is a seat again, once the server has noticed
        open[0] = await Eventually.NotNull(async () => await EventReader.Ask(api, Mine) is { IsSuccessStatusCode: true } answer ? await Reopened(answer, api) : null);

        for (HttpResponseMessage? full = null; full is null;)
        {
            var another = await EventReader.Ask(await _system.As(NewUser()), Mine);
            if (another.IsSuccessStatusCode) open.Add(await Reopened(another, await _system.As(NewUser())));
            else full = another;
            Assert.True(open.Count <= Replicas.Most * 2);
            if (full is null) continue;
            await full.IsError(503, "live_updates_full");
            Assert.NotNull(full.Headers.RetryAfter);
        }

        foreach (var stream in open) await stream.DisposeAsync();
        await Eventually.True(async () =>
        {
            using var answer = await EventReader.Ask(api, Mine);
            return answer.IsSuccessStatusCode;
        });
    }

    [Fact]
    public async Task Whoever_does_not_read_is_cut_off_and_the_others_do_not_notice()
    {
        var user = NewUser();
        await using var attentive = await EventReader.Open(await _system.As(user), Mine);
        await attentive.Next("snapshot");
        using var slow = new TcpClient { ReceiveBufferSize = 4096 };
        await slow.ConnectAsync(_system.Anonymous.BaseAddress!.Host, _system.Anonymous.BaseAddress.Port);
        var request = $"GET {Mine} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {await _system.Token(user)}\r\n\r\n";
        await slow.GetStream().WriteAsync(Encoding.ASCII.GetBytes(request));
        await slow.GetStream().ReadExactlyAsync(new byte[100]); // the answer has begun; he reads no further

        var much = new { text = new string('x', 30_000) };
        for (var n = 0; n < 800; n++)
        {
            await Append(user, "much", much);
            if (n % 100 == 99)
                for (var read = 0; read < 100; read++) await attentive.Next("much"); // 24 MB: more than any buffer between him and us
        }

        // What was on its way he still gets; then the connection is broken off, not ended.
        var buffer = new byte[64 * 1024];
        await Assert.ThrowsAnyAsync<IOException>(async () =>
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
            var end = "";
            for (int count; (count = await slow.GetStream().ReadAsync(buffer, patience.Token)) > 0;) end = Encoding.ASCII.GetString(buffer, 0, count);
            if (!end.EndsWith("0\r\n\r\n", StringComparison.Ordinal)) throw new IOException("Broken off."); // closed without the end that HTTP has for it
        });
        Assert.False(attentive.Ended.IsCompleted);
    }

    [Fact]
    public async Task Without_Redis_everything_is_told_all_the_same()
    {
        var user = NewUser();
        var creator = await _system.NewChannel();
        var room = await creator.Room();
        await _system.Redis.KillAsync();
        try
        {
            await using var own = await EventReader.Open(await _system.As(user), Mine);
            await using var events = await EventReader.Open(creator.Api, $"/api/stream/{room}/events");
            await own.Next("snapshot");
            Assert.Equal(0, (await events.Next("snapshot")).Data.GetProperty("viewers").GetProperty("count").GetInt64());
            await creator.Api.PutJson("/api/stream/info", """{"title":"Without Redis"}""");
            Assert.Equal("Without Redis", (await events.Next("stream.updated")).Data.GetProperty("title").GetString());
            await Append(user, "news");
            await own.Next("news");
        }
        finally
        {
            await _system.Redis.StartAgainAsync();
        }
    }

    [Fact]
    public async Task The_api_killed_twenty_times_loses_and_repeats_nothing_to_one_who_comes_back_by_his_id()
    {
        const int Kills = 20;
        var user = NewUser();
        using var stop = new CancellationTokenSource();
        var appended = 0;
        List<Task>? writing = null;
        List<Task> Write() => [.. Enumerable.Range(0, 3).Select(_ => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                await using var connection = await _system.Database.Source.OpenConnectionAsync();
                await using var transaction = await connection.BeginTransactionAsync();
                await Updates.AppendToUsers(connection, [user], "count", new { n = Interlocked.Increment(ref appended) }, CancellationToken.None);
                await Task.Delay(Random.Shared.Next(30)); // so that they commit in another order
                await transaction.CommitAsync();
                await Task.Delay(10);
            }
        }))];

        var apis = new (ProcessUnderTest Process, HttpClient Api)[] { (_system.Api, await _system.As(user)), (replicas.Second, Client(replicas.SecondAddress, await _system.Token(user))) };
        var told = new List<ServerSentEvent>();
        var restarting = new Task[] { Task.CompletedTask, Task.CompletedTask };
        string? seen = null;
        async Task<EventReader> Connect(int replica)
        {
            var stream = await Eventually.NotNull(async () => await EventReader.Open(apis[replica].Api, Mine, seen), TimeSpan.FromSeconds(30));
            if (seen is null) seen = $"{(await stream.Next("snapshot")).Id}";
            return stream;
        }

        for (var kill = 0; kill <= Kills; kill++)
        {
            var replica = kill % 2;
            await restarting[replica];
            await using var stream = await Connect(replica);
            writing ??= Write(); // not before the first snapshot, which stands for all that was before it
            var before = told.Count;
            while (told.Count < before + 3) told.Add(await stream.Next());
            if (kill == Kills)
            {
                await stop.CancelAsync();
                await Task.WhenAll(writing);
                while (told.Count < appended) told.Add(await stream.Next());
                break;
            }

            await apis[replica].Process.KillAsync();
            await stream.Ended;
            told.AddRange(stream.Waiting()); // what had arrived
            seen = stream.LastId;
            restarting[replica] = Task.Run(async () => apis[replica].Process = replica == 0 ? await replicas.RestartFirst() : await replicas.RestartSecond());
        }

        await Task.WhenAll(restarting);
        Assert.All(told, t => Assert.Equal("count", t.Type)); // never "reset", never a second snapshot
        Assert.Equal(told.Select(t => t.Id).Distinct().Order(), told.Select(t => t.Id));
        Assert.Equal(Enumerable.Range(1, appended), told.Select(t => t.Data.GetProperty("n").GetInt32()).Order());
        Assert.True(appended > Kills * 3, $"{appended}");
    }

    private static string NewUser() => $"user-{Guid.CreateVersion7():N}";

    private static HttpClient Client(Uri address, string token) =>
        new(new Leaks.OfAnswers(new SocketsHttpHandler())) { BaseAddress = address, DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", token) } };

    private static async Task<EventReader> Reopened(HttpResponseMessage answer, HttpClient api)
    {
        answer.Dispose();
        return await Eventually.NotNull(async () => await EventReader.Open(api, Mine));
    }

    private async Task Append(string user, string type, object? body = null)
    {
        await using var connection = await _system.Database.Source.OpenConnectionAsync();
        await Updates.AppendToUsers(connection, [user], type, body ?? Nothing, CancellationToken.None);
    }

    /// <summary>Two replicas of the API that beat often and have few seats.</summary>
    public sealed class Replicas : IAsyncLifetime
    {
        public const int MostPerUser = 3, Most = 15;

        public AuthServer Auth { get; private set; } = null!;

        public TestSystem System { get; private set; } = null!;

        public ProcessUnderTest Second { get; private set; } = null!;

        public Uri SecondAddress { get; } = new($"http://127.0.0.1:{TestPorts.Next()}");

        public async Task InitializeAsync()
        {
            Auth = await AuthServer.Start();
            System = await TestSystem.StartAsync(
                new Dictionary<string, string>
                {
                    ["LiveUpdates__HeartbeatEvery"] = "00:00:00.400",
                    ["LiveUpdates__MostPerUser"] = $"{MostPerUser}",
                    ["LiveUpdates__Most"] = $"{Most}",
                }, withWorker: false, auth: Auth);
            await RestartSecond();
        }

        public async Task<ProcessUnderTest> RestartFirst()
        {
            await System.StartApiAsync();
            return System.Api;
        }

        public async Task<ProcessUnderTest> RestartSecond() => Second = await System.StartAsync("Streaming.Api", SecondAddress);

        public async Task DisposeAsync()
        {
            await Second.DisposeAsync();
            await System.DisposeAsync();
            await Auth.DisposeAsync();
        }
    }
}
