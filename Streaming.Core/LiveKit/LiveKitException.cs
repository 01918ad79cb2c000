namespace Streaming.Core.LiveKit;

/// <summary>A call to LiveKit did not succeed. Never carries LiveKit's own text, which may quote anything.</summary>
public sealed class LiveKitException(LiveKitFailure failure, string method) : Exception($"LiveKit's {method} failed: {failure}.")
{
    public LiveKitFailure Failure => failure;
    public string Method => method;
}

public enum LiveKitFailure
{
    /// <summary>No connection, or LiveKit says that it is unavailable or has no capacity left.</summary>
    Unreachable,

    /// <summary>No answer in time: whether the call had its effect is unknown.</summary>
    TimedOut,

    /// <summary>LiveKit does not accept our API key and secret.</summary>
    CredentialsRefused,

    /// <summary>LiveKit does not know what we named.</summary>
    NotFound,

    /// <summary>LiveKit understood and said no.</summary>
    Refused,

    /// <summary>The answer is none of LiveKit's.</summary>
    BadAnswer,
}
