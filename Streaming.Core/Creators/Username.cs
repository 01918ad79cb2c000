using System.Collections.Frozen;
using System.Text.RegularExpressions;

namespace Streaming.Core.Creators;

/// <summary>
/// The name under which a channel is found, <c>/api/stream/{username}</c>: kept in lower case, so that it is one name however it is
/// written, and in ASCII, so that no other looks like it.
/// </summary>
public static partial class Username
{
    /// <summary>What it has to look like: for messages and documents.</summary>
    public const string Rule = "must have 3 to 30 letters, digits, hyphens, underscores or dots, and begin with a letter or digit.";

    public const int Max = 30;

    /// <summary>
    /// What stands, or may come to stand, where a username stands in an address, and what would pass for us. A test walks the routes and
    /// finds what is missing here.
    /// </summary>
    private static readonly FrozenSet<string> Reserved = FrozenSet.Create(
        "admin", "administrator", "allow-list", "analytics", "api", "applications", "auth", "bans", "blocks", "channels", "chat", "chat-settings", "clips", "collabs",
        "creator-token", "editors", "end", "events", "following", "follows", "guests", "hand", "health", "info", "ingress", "ingresses", "keys", "live",
        "livekit", "markers", "me", "moderators", "moderator", "null", "official", "preflight", "raid", "recommended", "recording", "recordings", "root", "schedule",
        "search", "session", "sessions", "settings", "staff", "status", "streaming", "support", "system", "targets", "test", "thumbnail", "token", "undefined", "users",
        "videos", "viewers", "webhook", "webhooks");

    /// <returns>The name as it is kept; null when it is none, or is reserved.</returns>
    public static string? Of(string? given) => given is not null && Form().IsMatch(given) && given.ToLowerInvariant() is var name && !Reserved.Contains(name) ? name : null;

    /// <summary>Whether nobody may have this name although it has the right form.</summary>
    public static bool IsReserved(string given) => Reserved.Contains(given.ToLowerInvariant());

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9._-]{2,29}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Form();
}
