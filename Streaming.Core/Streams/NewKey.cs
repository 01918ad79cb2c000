namespace Streaming.Core.Streams;

/// <summary>What a key is to be like.</summary>
/// <param name="IsPrimary">The channel's one key of the plain contract; the others have names.</param>
/// <param name="IsEnabled">Whether LiveKit is to let encoders in with it from the beginning.</param>
public sealed record NewKey(IngressType Type, string? Label, bool IsPrimary, KeyQuality Quality, bool IsEnabled = true);
