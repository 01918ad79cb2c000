using System.Security.Cryptography;

namespace LiveKitSimulator;

/// <summary>Ids and secrets as LiveKit makes them.</summary>
public static class Ids
{
    private const string NoLookalikes = "23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    private const string Base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    public static string Of(string prefix) => prefix + RandomNumberGenerator.GetString(NoLookalikes, 12);

    public static string TurnPassword() => RandomNumberGenerator.GetString(Base62, 43);

    public static uint Ssrc() => (uint)RandomNumberGenerator.GetInt32(1, int.MaxValue);
}
