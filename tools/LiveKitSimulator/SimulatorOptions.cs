namespace LiveKitSimulator;

public sealed record SimulatorOptions
{
    /// <summary>Where to listen; port 0 takes a free one.</summary>
    public string Urls { get; init; } = "http://127.0.0.1:0";

    public string ApiKey { get; init; } = "devkey";
    public ApiSecret ApiSecret { get; init; } = new("devsecret-devsecret-devsecret-devsecret");

    public IReadOnlyList<Uri> Webhooks { get; init; } = [];

    /// <summary>Put before every stream key, so that a test can look for keys where none may be.</summary>
    public string StreamKeyPrefix { get; init; } = "";

    /// <summary>The same for the password of a room's TURN server, which webhooks carry in clear.</summary>
    public string TurnPasswordPrefix { get; init; } = "";

    public string RtmpUrl { get; init; } = "rtmp://127.0.0.1:1935/x";
    public string WhipUrl { get; init; } = "http://127.0.0.1:8080/w";

    /// <summary>The seed of the delivery faults.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>How long a room stays after its last participant left; CreateRoom can say otherwise for one room.</summary>
    public TimeSpan DepartureTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How long a created room stays when nobody comes.</summary>
    public TimeSpan EmptyTimeout { get; init; } = TimeSpan.FromSeconds(300);

    /// <summary>How long LiveKit takes to miss a client that died.</summary>
    public TimeSpan KilledClientTimeout { get; init; } = TimeSpan.FromSeconds(21);

    /// <summary>How long an encoder that sends nothing more stays "publishing": a watchdog that ticks once a minute.</summary>
    public TimeSpan FrozenEncoderTimeout { get; init; } = TimeSpan.FromSeconds(90);

    /// <summary>How old the participant counts in a room may be.</summary>
    public TimeSpan RoomCountsLag { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The second of the retry schedule (0, 1, 3, 7, 15) and of Retry-After; tests shorten it.</summary>
    public TimeSpan RetryUnit { get; init; } = TimeSpan.FromSeconds(1);

    public TimeSpan MaxWebhookAge { get; init; } = TimeSpan.FromSeconds(30);
    public int MaxQueueDepth { get; init; } = 200;

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>What is wrong with these options, in one sentence; null when nothing is.</summary>
    public string? Complaint() => this switch
    {
        { ApiKey: "" } => "The API key is empty.",
        { ApiSecret.Bytes.Length: < 32 } => "The API secret must have at least 32 bytes.",
        { StreamKeyPrefix.Length: > 64 } => "The stream key prefix is longer than 64 characters.",
        _ when !Webhooks.All(url => url.IsAbsoluteUri && url.Scheme is ("http" or "https")) => "A webhook is an http or https URL.",
        _ when !Urls.Split(';').All(url => Uri.TryCreate(url, UriKind.Absolute, out _)) => $"Nobody can listen on '{Urls}'.",
        _ when new[] { DepartureTimeout, EmptyTimeout, KilledClientTimeout, FrozenEncoderTimeout, RoomCountsLag, RetryUnit, MaxWebhookAge }
            .Any(wait => wait < TimeSpan.Zero) => "No duration may be negative.",
        { MaxQueueDepth: < 1 } => "The webhook queue needs room for one event.",
        _ => null,
    };
}
