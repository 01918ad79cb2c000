using System.CommandLine;

namespace LiveKitSimulator;

/// <summary><c>serve</c>: runs a simulator until it is told to stop.</summary>
public static class ServeCommand
{
    private static readonly SimulatorOptions Defaults = new() { Urls = "http://127.0.0.1:7880" };

    private static readonly Option<string> Urls = new("--urls") { Description = "Where to listen, separated by semicolons.", DefaultValueFactory = _ => Defaults.Urls };
    private static readonly Option<string> ApiKey = new("--api-key") { Description = "LiveKit's API key; LIVEKIT_API_KEY unless given.", DefaultValueFactory = _ => FromEnvironment("LIVEKIT_API_KEY") ?? Defaults.ApiKey };
    private static readonly Option<string> ApiSecret = new("--api-secret") { Description = "LiveKit's API secret, 32 bytes or more; LIVEKIT_API_SECRET unless given.", DefaultValueFactory = _ => FromEnvironment("LIVEKIT_API_SECRET") ?? Defaults.ApiSecret.Reveal() };
    private static readonly Option<string[]> Webhook = new("--webhook") { Description = "Where webhooks go; may be given more than once." };
    private static readonly Option<string> Prefix = new("--stream-key-prefix") { Description = "What every stream key begins with.", DefaultValueFactory = _ => "" };
    private static readonly Option<string> RtmpUrl = new("--rtmp-url") { Description = "The URL encoders are told for RTMP.", DefaultValueFactory = _ => Defaults.RtmpUrl };
    private static readonly Option<string> WhipUrl = new("--whip-url") { Description = "The URL encoders are told for WHIP.", DefaultValueFactory = _ => Defaults.WhipUrl };
    private static readonly Option<int> Seed = new("--seed") { Description = "The seed of the webhook faults.", DefaultValueFactory = _ => Defaults.Seed };
    private static readonly Option<double> Departure = Seconds("--departure-timeout-seconds", "How long a room stays after the last participant.", Defaults.DepartureTimeout);
    private static readonly Option<double> Empty = Seconds("--empty-timeout-seconds", "How long a created room stays when nobody comes.", Defaults.EmptyTimeout);
    private static readonly Option<double> Killed = Seconds("--killed-client-timeout-seconds", "How long LiveKit takes to miss a dead client.", Defaults.KilledClientTimeout);
    private static readonly Option<double> Frozen = Seconds("--frozen-encoder-timeout-seconds", "How long it takes to miss a frozen encoder.", Defaults.FrozenEncoderTimeout);
    private static readonly Option<double> Retry = Seconds("--retry-unit-seconds", "The unit of the webhook retries, which come after 1, 2, 4 and 8.", Defaults.RetryUnit);
    private static readonly Option<double> Drop = new("--drop") { Description = "How likely a webhook is lost (0 to 1)." };
    private static readonly Option<double> Duplicate = new("--duplicate") { Description = "How likely a webhook comes twice." };
    private static readonly Option<double> Reorder = new("--reorder") { Description = "How likely later webhooks overtake one." };
    private static readonly Option<double> Delay = new("--delay") { Description = "How likely a webhook holds up its queue." };

    /// <summary>A secret on a command line is there for every process to read.</summary>
    private static string? FromEnvironment(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;

    public static Command Create()
    {
        var serve = new Command("serve", "Runs a simulator.")
        {
            Urls, ApiKey, ApiSecret, Webhook, Prefix, RtmpUrl, WhipUrl, Seed, Departure, Empty, Killed, Frozen, Retry, Drop, Duplicate, Reorder, Delay,
        };
        serve.SetAction(Serve);
        return serve;
    }

    private static async Task<int> Serve(ParseResult given, CancellationToken stop)
    {
        var options = new SimulatorOptions
        {
            Urls = given.GetValue(Urls)!,
            ApiKey = given.GetValue(ApiKey)!,
            ApiSecret = new ApiSecret(given.GetValue(ApiSecret)!),
            Webhooks = [.. (given.GetValue(Webhook) ?? []).Select(url => new Uri(url, UriKind.RelativeOrAbsolute))],
            StreamKeyPrefix = given.GetValue(Prefix)!,
            RtmpUrl = given.GetValue(RtmpUrl)!,
            WhipUrl = given.GetValue(WhipUrl)!,
            Seed = given.GetValue(Seed),
            DepartureTimeout = TimeSpan.FromSeconds(given.GetValue(Departure)),
            EmptyTimeout = TimeSpan.FromSeconds(given.GetValue(Empty)),
            KilledClientTimeout = TimeSpan.FromSeconds(given.GetValue(Killed)),
            FrozenEncoderTimeout = TimeSpan.FromSeconds(given.GetValue(Frozen)),
            RetryUnit = TimeSpan.FromSeconds(given.GetValue(Retry)),
        };
        var faults = new DeliveryFaultPlan
        {
            Drop = given.GetValue(Drop),
            Duplicate = given.GetValue(Duplicate),
            Reorder = given.GetValue(Reorder),
            Delay = given.GetValue(Delay),
        };
        if ((options.Complaint() ?? faults.Complaint()) is { } complaint)
        {
            await given.InvocationConfiguration.Error.WriteLineAsync(complaint);
            return 2;
        }

        await using var simulator = await LiveKitSimulatorHost.StartAsync(options, stop);
        await simulator.Client.Faults(faults, stop);
        await given.InvocationConfiguration.Output.WriteLineAsync($"LiveKit simulator at {simulator.Address}");
        await simulator.WaitForShutdown(stop);
        return 0;
    }

    private static Option<double> Seconds(string name, string description, TimeSpan usual) =>
        new(name) { Description = description, DefaultValueFactory = _ => usual.TotalSeconds };
}
