using Aspire.Npgsql.EntityFrameworkCore.PostgreSQL;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Npgsql.EntityFrameworkCore.PostgreSQL.Infrastructure;

namespace Microsoft.Extensions.Hosting;

/// <summary>Stands in for the Aspire package of the same name where a feed lacks it: same signatures, same configuration keys.</summary>
public static class AspireEFPostgreSqlExtensions
{
    private const string Section = "Aspire:Npgsql:EntityFrameworkCore:PostgreSQL";

    public static void AddNpgsqlDbContext<TContext>(
        this IHostApplicationBuilder builder,
        string connectionName,
        Action<NpgsqlEntityFrameworkCorePostgreSQLSettings>? configureSettings = null,
        Action<DbContextOptionsBuilder>? configureDbContextOptions = null) where TContext : DbContext
    {
        ArgumentException.ThrowIfNullOrEmpty(connectionName);
        if (builder.Environment.IsDevelopment() && builder.Has<TContext>())
            throw new InvalidOperationException($"DbContext<{typeof(TContext).Name}> is already registered: use {nameof(EnrichNpgsqlDbContext)}.");

        var settings = builder.Settings<TContext>(connectionName);
        settings.ConnectionString = builder.Configuration.GetConnectionString(connectionName) ?? settings.ConnectionString;
        configureSettings?.Invoke(settings);

        builder.Services.AddDbContextPool<TContext>(options =>
        {
            if (string.IsNullOrWhiteSpace(settings.ConnectionString) && !EF.IsDesignTime)
                throw new InvalidOperationException($"ConnectionString is missing: set 'ConnectionStrings:{connectionName}'.");
            options.UseNpgsql(settings.ConnectionString, npgsql => npgsql.Apply(settings, retry: !settings.DisableRetry));
            configureDbContextOptions?.Invoke(options);
        });
        builder.AddInstrumentation<TContext>(settings);
    }

    public static void EnrichNpgsqlDbContext<TContext>(
        this IHostApplicationBuilder builder,
        Action<NpgsqlEntityFrameworkCorePostgreSQLSettings>? configureSettings = null) where TContext : DbContext
    {
        var settings = builder.Settings<TContext>(connectionName: null);
        configureSettings?.Invoke(settings);

        if (!settings.DisableRetry || settings.CommandTimeout is not null)
        {
            if (!builder.Has<TContext>())
                throw new InvalidOperationException($"DbContext<{typeof(TContext).Name}> was not registered: register it before {nameof(EnrichNpgsqlDbContext)}.");

            builder.Services.ConfigureDbContext<TContext>(options =>
            {
                // A retry strategy that the application chose itself stays.
                var chosen = options.Options.Extensions.OfType<RelationalOptionsExtension>().SingleOrDefault()?.ExecutionStrategyFactory is not null;
                options.UseNpgsql(npgsql => npgsql.Apply(settings, retry: !settings.DisableRetry && !chosen));
            });
        }
        builder.AddInstrumentation<TContext>(settings);
    }

    private static bool Has<TContext>(this IHostApplicationBuilder builder) where TContext : DbContext =>
        builder.Services.Any(service => service.ServiceType == typeof(DbContextOptions<TContext>));

    private static NpgsqlEntityFrameworkCorePostgreSQLSettings Settings<TContext>(this IHostApplicationBuilder builder, string? connectionName)
    {
        var settings = new NpgsqlEntityFrameworkCorePostgreSQLSettings();
        var section = builder.Configuration.GetSection(Section);
        section.Bind(settings);
        if (connectionName is not null)
            section.GetSection(connectionName).Bind(settings);
        section.GetSection(typeof(TContext).Name).Bind(settings);
        return settings;
    }

    private static void Apply(this NpgsqlDbContextOptionsBuilder npgsql, NpgsqlEntityFrameworkCorePostgreSQLSettings settings, bool retry)
    {
        if (retry)
            npgsql.EnableRetryOnFailure();
        if (settings.CommandTimeout is { } seconds)
            npgsql.CommandTimeout(seconds);
    }

    private static void AddInstrumentation<TContext>(this IHostApplicationBuilder builder, NpgsqlEntityFrameworkCorePostgreSQLSettings settings)
        where TContext : DbContext
    {
        if (!settings.DisableHealthChecks && builder.Properties.TryAdd($"Aspire.HealthChecks.{typeof(TContext).Name}", true))
            builder.Services.AddHealthChecks().AddDbContextCheck<TContext>(name: typeof(TContext).Name);
        if (!settings.DisableTracing)
            builder.Services.AddOpenTelemetry().WithTracing(tracing => tracing.AddNpgsql());
        if (!settings.DisableMetrics)
            builder.Services.AddOpenTelemetry().WithMetrics(metrics => metrics.AddMeter("Npgsql"));
    }
}
