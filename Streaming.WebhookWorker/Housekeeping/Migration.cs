using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.Extensions.Options;
using Npgsql;
using Streaming.Core.Administration;
using Streaming.Core.Creators;
using Streaming.Core.Data;

namespace Streaming.WebhookWorker.Housekeeping;

/// <summary>
/// The switches <c>--migrate</c> and <c>--seed</c>: brings the schema up to date once, before anything else starts, and fills a
/// database for local work.
/// </summary>
internal static partial class Migration
{
    /// <summary>The people of local work: the development issuer gives tokens for them.</summary>
    private const string Creator = "dev-creator", Viewer = "dev-viewer", Admin = "dev-admin";

    public static bool IsAskedFor(string[] args) => args.Contains("--migrate");

    /// <returns>The exit code.</returns>
    public static async Task<int> Run(WebApplication app, string[] args)
    {
        var seed = args.Contains("--seed");
        if (seed && app.Environment.IsProduction())
        {
            await Console.Error.WriteLineAsync("--seed is for local work and refused in Production.");
            return 1;
        }

        if (!app.IsWellConfigured<PostgresOptions>() || !app.IsWellConfigured<DatabaseRoleOptions>()) return 1;
        await using var scope = app.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<StreamingDb>();
        db.Database.SetCommandTimeout(TimeSpan.FromMinutes(5));
        // EF would make both, but only after it has logged as a failure that they are not there.
        var creator = db.GetService<IRelationalDatabaseCreator>();
        if (!await creator.ExistsAsync()) await creator.CreateAsync();
        await db.Database.OpenConnectionAsync();
        await PostgresLimits.Lift((NpgsqlConnection)db.Database.GetDbConnection()); // an index on a large table takes its time
        await db.GetService<IHistoryRepository>().CreateIfNotExistsAsync();
        await db.Database.MigrateAsync();
        if (await DatabaseGrants.Give(scope.ServiceProvider.GetRequiredService<NpgsqlDataSource>(), scope.ServiceProvider.GetRequiredService<IOptions<DatabaseRoleOptions>>().Value) is { } missing)
        {
            await Console.Error.WriteLineAsync($"The database has no role {missing}: create it first.");
            return 1;
        }

        var now = scope.ServiceProvider.GetRequiredService<TimeProvider>().GetUtcNow();
        if (seed) await Seed(db, now);
        if (scope.ServiceProvider.GetRequiredService<IOptions<AdministratorOptions>>().Value.FirstUserId is { } first) await AddFirstAdministrator(db, first, now);
        Log.Migrated(app.Logger, seed);
        return 0;
    }

    private static async Task Seed(StreamingDb db, DateTimeOffset now)
    {
        var known = await db.Users.Select(u => u.Id).ToListAsync();
        db.Users.AddRange(new[] { Creator, Viewer, Admin }.Except(known).Select(id => new User(id, now)));
        if (!await db.CreatorApplications.AnyAsync(a => a.UserId == Creator))
        {
            var application = new CreatorApplication(Creator, now);
            application.Approve(now);
            db.CreatorApplications.Add(application);
        }

        if (!await db.Administrators.AnyAsync(a => a.UserId == Admin)) db.Administrators.Add(new Administrator(Admin, now));
        await db.SaveChangesAsync();
    }

    /// <summary>The administrator that a deployment begins with; it does nothing where there is one.</summary>
    private static async Task AddFirstAdministrator(StreamingDb db, string userId, DateTimeOffset now)
    {
        if (await db.Administrators.AnyAsync()) return;
        if (!await db.Users.AnyAsync(u => u.Id == userId)) db.Users.Add(new User(userId, now));
        db.Administrators.Add(new Administrator(userId, now));
        db.Append(new AdminAuditEntry(AdminAuditEntry.Configuration, AdminAct.AdministratorGranted, userId, "Administrators:FirstUserId", new { isAdministrator = false }, new { isAdministrator = true }, now));
        await db.SaveChangesAsync();
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "The database is migrated (seeded for local work: {Seeded})")]
        public static partial void Migrated(ILogger logger, bool seeded);
    }
}
