using Aspire.StackExchange.Redis;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;
using StackExchange.Redis.Configuration;

namespace Microsoft.Extensions.Hosting;

/// <summary>Stands in for the Aspire package of the same name where a feed lacks it: same signatures, same configuration keys.</summary>
public static class AspireRedisExtensions
{
    private const string Section = "Aspire:StackExchange:Redis";

    public static void AddRedisClient(
        this IHostApplicationBuilder builder,
        string connectionName,
        Action<StackExchangeRedisSettings>? configureSettings = null,
        Action<ConfigurationOptions>? configureOptions = null) =>
        Add(builder, connectionName, key: null, configureSettings, configureOptions);

    public static void AddKeyedRedisClient(
        this IHostApplicationBuilder builder,
        string name,
        Action<StackExchangeRedisSettings>? configureSettings = null,
        Action<ConfigurationOptions>? configureOptions = null) =>
        Add(builder, name, key: name, configureSettings, configureOptions);

    private static void Add(
        IHostApplicationBuilder builder,
        string name,
        string? key,
        Action<StackExchangeRedisSettings>? configureSettings,
        Action<ConfigurationOptions>? configureOptions)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        var section = builder.Configuration.GetSection(Section);
        var ownSection = section.GetSection(name);

        var settings = new StackExchangeRedisSettings();
        section.Bind(settings);
        ownSection.Bind(settings);
        settings.ConnectionString = builder.Configuration.GetConnectionString(name) ?? settings.ConnectionString;
        configureSettings?.Invoke(settings);

        // A null key is a registration without a key.
        builder.Services.AddKeyedSingleton<IConnectionMultiplexer>(key, (services, _) => ConnectionMultiplexer.Connect(Options(services)));

        var check = key is null ? "StackExchange.Redis" : $"StackExchange.Redis_{name}";
        if (!settings.DisableHealthChecks && builder.Properties.TryAdd($"Aspire.HealthChecks.{check}", true))
            builder.Services.AddHealthChecks().Add(new HealthCheckRegistration(
                check, services => new RedisHealthCheck(() => services.GetRequiredKeyedService<IConnectionMultiplexer>(key)), null, null));

        ConfigurationOptions Options(IServiceProvider services)
        {
            var options = ConfigurationOptions.Parse(settings.ConnectionString ?? "");
            options.Defaults = new KeepTrying();
            section.GetSection("ConfigurationOptions").Bind(options);
            ownSection.GetSection("ConfigurationOptions").Bind(options);
            configureOptions?.Invoke(options);
            if (options.EndPoints.Count == 0)
                throw new InvalidOperationException($"No endpoints specified: set 'ConnectionStrings:{name}'.");
            options.LoggerFactory ??= services.GetService<ILoggerFactory>();
            return options;
        }
    }

    /// <summary>A Redis that is not there yet is waited for, unless the connection string says otherwise.</summary>
    private sealed class KeepTrying : DefaultOptionsProvider
    {
        public override bool AbortOnConnectFail => false;
    }
}
