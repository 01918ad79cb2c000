using System.CommandLine;
using static LiveKitSimulator.Given;

namespace LiveKitSimulator;

/// <summary><c>serve</c>: runs a simulator until it is told to stop.</summary>
public static class ServeCommand
{
    private static readonly SimulatorOptions Defaults = new() { Urls = "http://127.0.0.1:7880" };

    private static readonly Option<string> Urls = Optional("--urls", "Where to listen, separated by semicolons.", Defaults.Urls);
    private static readonly Option<string?> ApiKey = Optional<string?>("--api-key", "LiveKit's API key; LIVEKIT_API_KEY unless given.");
    private static readonly Option<string?> ApiSecret =
        Optional<string?>("--api-secret", "LiveKit's API secret, 32 bytes or more; LIVEKIT_API_SECRET unless given.");
    private static readonly Option<string[]> Webhook = Optional<string[]>("--webhook", "Where webhooks go; may be given more than once.");
    private static readonly Option<string> Prefix = Optional("--stream-key-prefix", "What every stream key begins with.", "");
    private static readonly Option<string> RtmpUrl = Optional("--rtmp-url", "The URL encoders are told for RTMP.", Defaults.RtmpUrl);
    private static readonly Option<string> WhipUrl = Optional("--whip-url", "The URL encoders are told for WHIP.", Defaults.WhipUrl);
    private static readonly Option<int> Seed = Optional("--seed", "The seed of the webhook faults.", Defaults.Seed);
    private static readonly Option<double> Departure =
        Seconds("--departure-timeout-seconds", "How long a room stays after the last participant.", Defaults.DepartureTimeout);
    private static readonly Option<double> Empty =
        Seconds("--empty-timeout-seconds", "How long a created room stays when nobody comes.", Defaults.EmptyTimeout);
    private static readonly Option<double> Killed =
        Seconds("--killed-client-timeout-seconds", "How long LiveKit takes to miss a dead client.", Defaults.KilledClientTimeout);
    private static readonly Option<double> Frozen =
        Seconds("--frozen-encoder-timeout-seconds", "How long it takes to miss a frozen encoder.", Defaults.FrozenEncoderTimeout);
    private static readonly Option<double> Retry =
        Seconds("--retry-unit-seconds", "The unit of the webhook retries, which come after 1, 2, 4 and 8.", Defaults.RetryUnit);
    private static readonly Option<double> Drop = Optional<double>("--drop", "How likely a webhook is lost (0 to 1).");
    private static readonly Option<double> Duplicate = Optional<double>("--duplicate", "How likely a webhook comes twice.");
    private static readonly Option<double> Reorder = Optional<double>("--reorder", "How likely later webhooks overtake one.");
    private static readonly Option<double> Delay = Optional<double>("--delay", "How likely a webhook holds up its queue.");

    public static Command Create()
    {
        var serve = new Command("serve", "Runs a simulator.")
        {
            Urls, ApiKey, ApiSecret, Webhook, Prefix, RtmpUrl, WhipUrl,
            Departure, Empty, Killed, Frozen, Retry, Seed, Drop, Duplicate, Reorder, Delay,
        };
        serve.SetAction(Serve);
        return serve;
    }

    private static async Task<int> Serve(ParseResult given, CancellationToken stop)
    {
        var options = new SimulatorOptions
        {
            Urls = given.GetValue(Urls)!,
            // A secret on a command line is there for every process to read. It is no default either: help would print it.
            ApiKey = given.GetValue(ApiKey) ?? FromEnvironment("LIVEKIT_API_KEY") ?? Defaults.ApiKey,
            ApiSecret = new ApiSecret(given.GetValue(ApiSecret) ?? FromEnvironment("LIVEKIT_API_SECRET") ?? Defaults.ApiSecret.Reveal()),
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
        Optional(name, description, usual.TotalSeconds);
}
