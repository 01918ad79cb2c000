using System.Security.Cryptography;

namespace Streaming.AppHost.Local;

/// <summary>A value that is never printed by accident.</summary>
public sealed class Secret(string value)
{
    /// <summary>48 characters: LiveKit's HMAC wants at least 32 bytes. Hexadecimal needs no quoting in any configuration file.</summary>
    public static Secret New() => new(RandomNumberGenerator.GetHexString(48, lowercase: true));

    public string Reveal() => value;

    public override string ToString() => "***";
}
