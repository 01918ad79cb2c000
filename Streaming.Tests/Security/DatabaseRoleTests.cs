using System.Net;
using Npgsql;
using Streaming.AppHost.Local;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Security;

/// <summary>API and worker need rows, not tables: with a login that may no more than that, everything works.</summary>
public sealed class DatabaseRoleTests
{
    private const string Worker = "Streaming.WebhookWorker";

    [Fact]
    public async Task A_login_that_cannot_change_the_schema_is_enough_for_api_and_worker()
    {
        await using var system = await TestSystem.StartAsync();
        var (role, password) = ($"service_{Guid.CreateVersion7():N}", Secret.New().Reveal());
        await Execute(system.Database.Source, $"create role {role} login password '{password}'");
        var asService = new NpgsqlConnectionStringBuilder(system.Database.ConnectionString) { Username = role, Password = password, Pooling = false }.ConnectionString;

        await using (var migrated = await system.RunAsync(Worker, ["--migrate"], new Dictionary<string, string> { ["DatabaseRoles__Api"] = role, ["DatabaseRoles__Worker"] = role }))
            Assert.True(await migrated.Exited.WaitAsync(TimeSpan.FromSeconds(60)) == 0, migrated.Log);

        await using var database = NpgsqlDataSource.Create(asService);
        foreach (var forbidden in new[]
        {
            "create table x (id int)", "drop table channels", "alter table channels add x int", "truncate channels", "create role evil superuser", "delete from \"__EFMigrationsHistory\"",
            "delete from admin_audit", "update admin_audit set reason = 'x'", "alter table admin_audit disable trigger all", "create function f() returns int language sql as 'select 1'",
        })
        {
            var refused = await Assert.ThrowsAsync<PostgresException>(() => Execute(database, forbidden));
            Assert.Equal((forbidden, PostgresErrorCodes.InsufficientPrivilege), (forbidden, refused.SqlState));
        }

        await system.Worker.KillAsync();
        await system.Api.KillAsync();
        var settings = new Dictionary<string, string> { ["ConnectionStrings__streamingdb"] = asService };
        await using var worker = await system.RunAsync(Worker, [], new Dictionary<string, string>(settings) { ["ASPNETCORE_URLS"] = "http://127.0.0.1:0" });
        await using var api = await system.RunAsync("Streaming.Api", [], new Dictionary<string, string>(settings) { ["ASPNETCORE_URLS"] = system.Anonymous.BaseAddress!.ToString() });
        await api.HealthyAsync(new Uri(system.Anonymous.BaseAddress!, "/health").ToString());
        var creator = await system.NewChannel();
        await system.LiveKit.GoLive(creator.StreamKey);
        await Eventually.True(creator.IsLive, TimeSpan.FromSeconds(30), () => worker.Log);
        using var erased = await creator.Api.DeleteAsync(new Uri("/api/me", UriKind.Relative));
        Assert.Equal(HttpStatusCode.OK, erased.StatusCode);
    }

    [Theory]
    [InlineData("nobody_of_that_name", "The database has no role nobody_of_that_name: create it first.")]
    [InlineData("x; drop table channels", "DatabaseRoles:Worker must be a role's name of lower-case letters, digits and underscores.")]
    public async Task A_role_that_is_none_is_said_in_one_sentence(string role, string sentence)
    {
        var system = await TestSystem.Shared;
        await using var migrated = await system.RunAsync(Worker, ["--migrate"], new Dictionary<string, string> { ["DatabaseRoles__Worker"] = role, ["Logging__LogLevel__Default"] = "Warning" });

        Assert.Equal((1, sentence), (await migrated.Exited.WaitAsync(TimeSpan.FromSeconds(60)), migrated.Log.Trim()));
    }

    private static async Task Execute(NpgsqlDataSource database, string sql)
    {
        await using var command = database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
