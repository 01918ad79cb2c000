using Npgsql;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Security;

/// <summary>Stores that refuse us are the moment when their clients write about connections: never with the password in it.</summary>
public sealed class WrongPasswordTests
{
    private const string Canary = "CANARY-password-8c41";

    [Theory]
    [InlineData("Streaming.Api")]
    [InlineData("Streaming.WebhookWorker")]
    public async Task A_wrong_password_is_in_no_log(string program)
    {
        var system = await TestSystem.Shared;
        await using var process = await system.RunAsync(program, [], new Dictionary<string, string>
        {
            ["ASPNETCORE_URLS"] = "http://127.0.0.1:0",
            ["ConnectionStrings__streamingdb"] = new NpgsqlConnectionStringBuilder(system.Database.ConnectionString) { Password = Canary }.ConnectionString,
            ["ConnectionStrings__redis"] = system.Redis.ConnectionString.Split("password=")[0] + $"password={Canary}",
            ["Logging__LogLevel__Default"] = "Trace",
        });

        // What both say when they refuse us is there, so the log is the right one.
        await Eventually.True(
            () => process.Log.Contains("28P01", StringComparison.Ordinal) && process.Log.Contains("AuthenticationFailure", StringComparison.Ordinal), TimeSpan.FromSeconds(30), () => process.Log);
        Assert.DoesNotContain(Canary, process.Log, StringComparison.Ordinal);
    }
}
