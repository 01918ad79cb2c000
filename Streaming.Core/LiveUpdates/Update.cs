using Streaming.Core.Streams;

namespace Streaming.Core.LiveUpdates;

/// <summary>
/// What those who follow live updates are told: written in the transaction of the change, so that nothing changes without it and nothing is
/// told that did not happen. It says how things are now, not what was added to them. A row for each audience, kept for
/// <see cref="UpdateLog.Kept"/>; see <see cref="Updates"/> for how to write one.
/// </summary>
public sealed class Update
{
    /// <summary>Longest type, in characters.</summary>
    public const int TypeMax = 64;

    private Update() { }

    public long Id { get; private set; }

    /// <summary>Its place in the one order of all updates, given once it is committed by <see cref="UpdateLog"/>: what clients know as its id.</summary>
    public long? Position { get; private set; }

    /// <summary>For whoever may see this channel's page; null when it is for a user.</summary>
    public Guid? ChannelId { get; private set; }

    /// <summary>For this user alone, on whatever device; null when it is for a channel.</summary>
    public string? UserId { get; private set; }

    /// <summary>Of a channel's updates: written while it was a test, which nobody but the owner hears of, not even afterwards.</summary>
    public bool IsForOwner { get; private set; }

    /// <summary>One of <see cref="UpdateTypes"/>.</summary>
    public string Type { get; private set; } = null!;

    /// <summary>JSON of our own facts; never anything that LiveKit sent as it came, a key or a token.</summary>
    public string Body { get; private set; } = null!;

    /// <summary>The W3C trace context of the webhook that it follows from; null when none is recorded, or a request changed something.</summary>
    public string? TraceParent { get; private set; }

    /// <summary>When it was given its position.</summary>
    public DateTimeOffset? PublishedAt { get; private set; }

    /// <summary>For everybody who sees the channel's page.</summary>
    /// <param name="channel">As it is after the change.</param>
    public static Update ToChannel(Channel channel, string type, object body) =>
        new() { ChannelId = channel.Id, IsForOwner = channel.Visibility == Visibility.Test, Type = type, Body = UpdateBody.Write(body) };

    /// <summary>For one user.</summary>
    public static Update ToUser(string userId, string type, object body) => new() { UserId = userId, Type = type, Body = UpdateBody.Write(body) };
}
