using Streaming.AppHost.Local;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Security;

/// <summary>A process that is not set up rightly ends at once, with one sentence and not with a stack trace.</summary>
public sealed class StartTests
{
    private const string Api = "Streaming.Api", Worker = "Streaming.WebhookWorker";

    [Theory]
    [InlineData(Api, "LiveKit__Url", "", "LiveKit:Url must be LiveKit's address.")]
    [InlineData(Api, "LiveKit__Url", "ftp://livekit", "LiveKit:Url must be an http, https, ws or wss address.")]
    [InlineData(Api, "LiveKit__Url", "livekit", "LiveKit:Url must be an http, https, ws or wss address.")]
    [InlineData(Api, "LiveKit__CallTimeout", "00:10:00", "LiveKit:CallTimeout must lie between 0.1 seconds and 1 minute.")]
    [InlineData(Api, "ConnectionStrings__streamingdb", "", "ConnectionStrings:streamingdb must say where Postgres is.")]
    [InlineData(Api, "ConnectionStrings__redis", "", "ConnectionStrings:redis must say where Redis is.")]
    [InlineData(Worker, "LiveKit__ApiSecret", "31-bytes-are-too-few-for-HS-256", "LiveKit:ApiSecret must be at least 32 bytes long.")]
    [InlineData(Worker, "LiveKit__ApiKey", "", "LiveKit:ApiKey must be the API key shared with LiveKit.")]
    [InlineData(Worker, "ConnectionStrings__streamingdb", "Host=db;Pass=word", "ConnectionStrings:streamingdb must be a connection string of Npgsql with a Host.")]
    [InlineData(Worker, "ConnectionStrings__redis", "password=secret", "ConnectionStrings:redis must be a connection string of StackExchange.Redis with an address.")]
    [InlineData(Worker, "Consuming__Lanes", "0", "The field Lanes must be between 1 and 16.")]
    public async Task A_setting_that_cannot_be_right_ends_the_process_with_one_sentence(string project, string setting, string value, string sentence) =>
        Assert.Equal((1, sentence), await Run(project, [], new() { [setting] = value }));

    [Fact]
    public async Task People_of_local_work_are_not_put_into_a_production_database() =>
        Assert.Equal((1, "--seed is for local work and refused in Production."), await Run(Worker, ["--migrate", "--seed"], new() { ["ASPNETCORE_ENVIRONMENT"] = "Production" }));

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Migrations_need_the_database_and_nothing_else_and_make_it_where_it_is_not(bool isThere)
    {
        var database = await (await PostgresServer.Shared).NewDatabaseAsync();
        if (!isThere) database = new Npgsql.NpgsqlConnectionStringBuilder(database) { Database = $"new_{Guid.CreateVersion7():n}" }.ConnectionString;
        var settings = new Dictionary<string, string> { ["ConnectionStrings__streamingdb"] = database, ["Logging__LogLevel__Default"] = "Warning" };
        foreach (var absent in new[] { "ConnectionStrings__redis", "LiveKit__Url", "LiveKit__ApiKey", "LiveKit__ApiSecret" }) settings[absent] = "";

        Assert.Equal((0, ""), await Run(Worker, ["--migrate"], settings)); // not even EF, which looks for its own table, complains of a first start
        Assert.Equal((0, ""), await Run(Worker, ["--migrate"], settings)); // a second time is harmless
        Assert.Equal(
            (1, "ConnectionStrings:streamingdb must say where Postgres is."),
            await Run(Worker, ["--migrate"], new(settings) { ["ConnectionStrings__streamingdb"] = "" }));

        await using var source = Npgsql.NpgsqlDataSource.Create(database);
        await using var command = source.CreateCommand("select count(*) from channels");
        Assert.Equal(0L, await command.ExecuteScalarAsync());
    }

    [Fact]
    public async Task However_long_a_migration_takes_it_is_carried_out()
    {
        await using var database = await TestDatabase.NewAsync();
        var settings = new Dictionary<string, string> { ["ConnectionStrings__streamingdb"] = database.ConnectionString + TestDatabase.Impatient, ["Logging__LogLevel__Default"] = "Warning" };
        Assert.Equal((0, ""), await database.WhileWaitingFor("\"__EFMigrationsHistory\"", _ => Run(Worker, ["--migrate"], settings)));
    }

    /// <summary>Its exit code and all that it said.</summary>
    private static async Task<(int Code, string Output)> Run(string project, string[] arguments, Dictionary<string, string> settings)
    {
        var environment = new Dictionary<string, string>
        {
            ["ASPNETCORE_URLS"] = "http://127.0.0.1:0",
            ["ASPNETCORE_ENVIRONMENT"] = "Production",
            ["ConnectionStrings__streamingdb"] = "Host=127.0.0.1;Port=1",
            ["ConnectionStrings__redis"] = "127.0.0.1:1",
            ["LiveKit__Url"] = "http://127.0.0.1:1",
            ["LiveKit__ApiKey"] = "key",
            ["LiveKit__ApiSecret"] = "a-livekit-secret-of-at-least-32-bytes",
            ["SessionTokens__JwksUrl"] = "https://auth.example.com/jwks",
            ["SessionTokens__Issuer"] = AuthServer.Issuer,
            ["SessionTokens__Audience"] = AuthServer.Audience,
        };
        foreach (var (name, value) in settings) environment[name] = value;
        await using var process = await ProcessUnderTest.StartAsync("badly-set-up", StartCommand.Dotnet(Clone.Program(project), arguments) with { Environment = environment });
        return (await process.Exited.WaitAsync(TimeSpan.FromSeconds(60)), process.Log.Trim());
    }
}
