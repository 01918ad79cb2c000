using System.Collections;
using System.Reflection;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using StackExchange.Redis;
using Streaming.Api.Features;
using Streaming.AppHost.Local;
using Streaming.Core.Data;
using Streaming.Core.Events;
using Streaming.Core.LiveKit;
using Streaming.Core.Sessions;
using Streaming.Core.Streams;
using Streaming.Core.Viewers;

namespace Streaming.Tests.House;

/// <summary>The arrows between the parts of the house. Each test first looks whether it sees anything at all.</summary>
public sealed partial class ArchitectureTests
{
    private const string Features = "Streaming.Api.Features";

    private static readonly Assembly Core = typeof(StreamingDb).Assembly, Api = typeof(StreamAnswer).Assembly, Worker = Assembly.Load("Streaming.WebhookWorker"), ServiceDefaults = Assembly.Load("Streaming.ServiceDefaults");

    private static readonly Assembly[] Product = [Core, Api, Worker, ServiceDefaults];

    /// <summary>Where LiveKit's facts and what follows from them are kept.</summary>
    private static readonly Type[] LiveState = [typeof(Session), typeof(IngestSegment), typeof(RoomSession), typeof(Presence), typeof(ProcessedEvent)];

    [Theory]
    [InlineData("Streaming.Core")]
    [InlineData("Streaming.ServiceDefaults")]
    [InlineData("Streaming.Api", "Streaming.Core", "Streaming.ServiceDefaults")]
    [InlineData("Streaming.WebhookWorker", "Streaming.Core", "Streaming.ServiceDefaults")]
    [InlineData("Streaming.AppHost", "Streaming.Api", "Streaming.WebhookWorker")]
    [InlineData("tools/LiveKitSimulator")]
    public void A_project_references_these_projects_and_no_others(string project, params string[] allowed)
    {
        var file = XDocument.Load(Path.Combine(Clone.Root, project, Path.GetFileName(project) + ".csproj"));
        var declared = file.Descendants("ProjectReference").Select(r => Path.GetFileNameWithoutExtension(r.Attribute("Include")!.Value.Replace('\\', '/'))).ToList();
        if (project != "Streaming.AppHost") Assert.Equal(allowed, declared.Order());
        Assert.Empty(declared.Except(project == "Streaming.AppHost" ? [.. allowed, "LiveKitSimulator"] : allowed));
    }

    [Fact]
    public void What_is_shared_knows_no_HTTP_server_and_no_host()
    {
        var references = Core.GetReferencedAssemblies().Select(a => a.Name!).ToList();
        Assert.Contains("Npgsql", references);
        Assert.DoesNotContain(references, name => name.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal) || name.StartsWith("Microsoft.Extensions.Hosting", StringComparison.Ordinal)
            || name.StartsWith("Streaming.", StringComparison.Ordinal));
    }

    [Fact]
    public void Features_do_not_know_each_other()
    {
        var features = Api.GetTypes().Where(t => CompiledCode.WrittenIn(t) == t && FeatureOf(t) is not null).ToList();
        Assert.True(features.Select(FeatureOf).Distinct().Count() >= 6);
        var composed = Api.Mentions(Api.GetType("Streaming.Api.Features.FeatureEndpoints")!).Select(FeatureOf).OfType<string>().Distinct();
        Assert.NotEmpty(composed); // the one place that does

        Assert.Empty(
            from type in features
            from mentioned in Api.Mentions(type)
            where FeatureOf(mentioned) is { } other && other != FeatureOf(type)
            select $"{type} knows {mentioned}");
    }

    [Fact]
    public void Only_the_webhook_and_a_replay_put_events_into_the_queue_and_only_the_consumer_takes_them_out()
    {
        Assert.Equal(["Streaming.Api.Features.Webhooks", "Streaming.WebhookWorker.Housekeeping"], NamespacesThatCall(typeof(EventQueue), nameof(EventQueue.Enqueue))); // the second replays dead letters
        Assert.Equal(["Streaming.Api.Features.Webhooks"], NamespacesThatCall(typeof(Spool), nameof(Spool.Add)));
        Assert.Equal(["Streaming.WebhookWorker.Consuming"], NamespacesThatCall(typeof(EventQueue), nameof(EventQueue.Read), nameof(EventQueue.ReadAgain), nameof(EventQueue.Claim), nameof(EventQueue.Done)));
        Assert.Equal(["Streaming.WebhookWorker.Consuming"], NamespacesThatCall(typeof(Spool), nameof(Spool.Peek), nameof(Spool.Done)));
        Assert.Equal(["Streaming.Core.Events"], NamespacesThatCall(typeof(IDatabaseAsync), nameof(IDatabaseAsync.StreamAddAsync), nameof(IDatabaseAsync.StreamReadGroupAsync)));
    }

    [Fact]
    public void Only_the_guarded_writes_touch_live_state()
    {
        string[] changes = ["Add", "AddAsync", "AddRange", "AddRangeAsync", "Update", "UpdateRange", "Attach", "Remove", "RemoveRange", "ExecuteUpdateAsync", "ExecuteDeleteAsync"];
        var writes = Product.SelectMany(a => a.Uses()).Where(use => use.WrittenIn.Namespace?.EndsWith(".Migrations", StringComparison.Ordinal) is false).ToList();
        var byEntity = (from use in writes
                        from member in use.Members.OfType<MethodBase>()
                        where changes.Contains(member.Name) && member.DeclaringType!.Namespace == "Microsoft.EntityFrameworkCore"
                        select (use.WrittenIn, Entities: member.DeclaringType!.GetGenericArguments().Concat(member.IsGenericMethod ? member.GetGenericArguments() : []))).ToList();
        Assert.Contains(byEntity, w => w.Entities.Contains(typeof(Ingress)));
        Assert.DoesNotContain(byEntity, w => w.Entities.Intersect(LiveState).Any());

        var bySql = writes.Where(use => use.Texts.Any(text => WriteToLiveState().IsMatch(text))).Select(use => use.WrittenIn).Distinct().OrderBy(t => t.Name);
        Assert.Equal(["Corrections", "DeadLetters", "EventApplier", "FactWrites", "SessionWrites"], bySql.Select(t => t.Name));
    }

    [Fact]
    public void Entities_have_verbs_and_no_setters()
    {
        var options = new DbContextOptionsBuilder<StreamingDb>().UseNpgsql("Host=nowhere").Options;
        using var db = new StreamingDb(options);
        var entities = db.Model.GetEntityTypes().Select(e => e.ClrType).ToList();
        Assert.Superset(LiveState.ToHashSet(), entities.ToHashSet());
        Assert.DoesNotContain(entities.SelectMany(e => e.GetProperties()), p => p.SetMethod is { IsPublic: true });
        Assert.DoesNotContain(entities.SelectMany(e => e.GetCustomAttributes(inherit: false)), a => a.GetType().Namespace!.StartsWith("System.ComponentModel", StringComparison.Ordinal));
    }

    [Fact]
    public void The_api_reaches_a_channel_by_its_owner_and_never_by_an_id_of_the_callers()
    {
        Assert.NotEmpty(NamespacesThatCall(typeof(StreamingQueries), nameof(StreamingQueries.OwnedBy)));
        Assert.Empty(NamespacesThatCall(typeof(DbSet<>), "Find", "FindAsync"));
        Assert.Empty(NamespacesThatCall(typeof(DbContext), "Find", "FindAsync"));
    }

    [Fact]
    public void Digests_are_compared_in_constant_time()
    {
        Assert.Equal(["Streaming.Api.Http", "Streaming.Core.LiveKit", "Streaming.Core.Streams"], NamespacesThatCall(typeof(CryptographicOperations), nameof(CryptographicOperations.FixedTimeEquals)));
        Assert.Empty(NamespacesThatCall(typeof(MemoryExtensions), "SequenceEqual"));
        Assert.Empty(NamespacesThatCall(typeof(Enumerable), "SequenceEqual"));
        Assert.Empty(NamespacesThatCall(typeof(StructuralComparisons), "get_StructuralEqualityComparer"));
    }

    [Fact]
    public void Only_LiveKit_and_the_auth_servers_keys_are_asked_over_HTTP()
    {
        Assert.Equal(["Streaming.Api.Auth", "Streaming.Core.LiveKit"], NamespacesThatCall(typeof(IHttpClientFactory), nameof(IHttpClientFactory.CreateClient)).Concat(
            NamespacesThatCall(typeof(HttpClientFactoryExtensions), "CreateClient")).Distinct().Order(StringComparer.Ordinal));
        Assert.Empty(NamespacesThatCall(typeof(HttpClient), ".ctor"));
    }

    [Fact]
    public void Settings_are_read_as_options_and_not_one_by_one()
    {
        Assert.Contains(Product.SelectMany(a => a.Uses()), use => use.Members.Any(m => m.Name == "BindConfiguration"));
        Assert.Equal(["Microsoft.Extensions.Hosting"], Product.SelectMany(a => a.Uses())
            .Where(use => use.Members.Any(m => m is MethodBase && (typeof(IConfiguration).IsAssignableFrom(m.DeclaringType) || m.DeclaringType == typeof(ConfigurationExtensions) || m.DeclaringType == typeof(ConfigurationBinder))))
            .Select(use => use.WrittenIn.Namespace!).Distinct());
    }

    [Theory]
    [InlineData("P:System.DateTime.UtcNow")]
    [InlineData("P:System.DateTime.Now")]
    [InlineData("P:System.DateTimeOffset.UtcNow")]
    [InlineData("P:System.DateTimeOffset.Now")]
    [InlineData("P:System.Threading.Tasks.Task`1.Result")]
    [InlineData("M:System.Threading.Tasks.Task.Wait")]
    [InlineData("M:System.Threading.Thread.Sleep(System.Int32)")]
    [InlineData("M:System.Net.Http.HttpClient.#ctor")]
    [InlineData("M:System.Guid.NewGuid")]
    [InlineData("F:StackExchange.Redis.CommandFlags.FireAndForget")]
    [InlineData("T:System.IdentityModel.Tokens.Jwt.JwtSecurityTokenHandler")]
    public void What_is_banned_is_on_the_list_that_the_compiler_reads(string symbol)
    {
        Assert.Contains(File.ReadLines(Path.Combine(Clone.Root, "BannedSymbols.txt")), line => line.StartsWith(symbol + ";", StringComparison.Ordinal));
        var targets = XDocument.Load(Path.Combine(Clone.Root, "Directory.Build.targets"));
        Assert.Contains(targets.Descendants("AdditionalFiles"), file => file.Attribute("Include")!.Value.EndsWith("BannedSymbols.txt", StringComparison.Ordinal));
        Assert.Contains(targets.Descendants("PackageReference"), package => package.Attribute("Include")!.Value == "Microsoft.CodeAnalysis.BannedApiAnalyzers");
    }

    [Theory]
    [InlineData("Streaming.Api")]
    [InlineData("Streaming.WebhookWorker")]
    public void Program_is_a_table_of_contents(string project)
    {
        var lines = File.ReadAllLines(Path.Combine(Clone.Root, project, "Program.cs"));
        Assert.InRange(lines.Length, 10, 40);
    }

    [Fact]
    public void Folders_are_named_for_what_is_in_them()
    {
        string[] projects = ["Streaming.Api", "Streaming.Core", "Streaming.WebhookWorker", "Streaming.AppHost", "Streaming.ServiceDefaults", "Streaming.Tests", "tools"];
        var folders = projects.SelectMany(p => Directory.EnumerateDirectories(Path.Combine(Clone.Root, p), "*", SearchOption.AllDirectories)).Select(d => Path.GetFileName(d)).ToList();
        Assert.Contains("Ingresses", folders);
        Assert.Empty(folders.Intersect(["Common", "Helpers", "Utils", "Utilities", "Services", "Extensions", "Managers", "Misc"]));
    }

    private static string? FeatureOf(Type type) => type.Namespace is { } name && name.StartsWith(Features + ".", StringComparison.Ordinal) ? name[(Features.Length + 1)..].Split('.')[0] : null;

    private static IEnumerable<string> NamespacesThatCall(Type type, params string[] methods) =>
        Product.SelectMany(a => a.Uses()).Where(use => use.WrittenIn != type && use.Calls(type, methods)).Select(use => use.WrittenIn.Namespace ?? "").Distinct().Order(StringComparer.Ordinal);

    [GeneratedRegex(@"(insert\s+into|update|delete\s+from)\s+(sessions|ingest_segments|presences|room_sessions|processed_events)\b", RegexOptions.IgnoreCase)]
    private static partial Regex WriteToLiveState();
}
