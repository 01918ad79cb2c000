using Streaming.Core.Streams;

namespace Streaming.Core.LiveUpdates;

/// <summary>A channel's settings, as everybody who sees its page may know them: the body of <see cref="UpdateTypes.StreamUpdated"/>, a part of a snapshot, and the metadata of the room.</summary>
/// <param name="Title">What the stream is called.</param>
/// <param name="Thumbnail">An https URL; null when the creator set none.</param>
/// <param name="Category">What it is about; null when the creator said nothing.</param>
/// <param name="Language">What is spoken, as BCP 47 writes it; null when the creator said nothing.</param>
/// <param name="Tags">In the creator's order.</param>
/// <param name="IsMature">Whether it is in lists only for those who ask for such.</param>
/// <param name="Visibility">Who may find and watch it.</param>
/// <param name="AllowGuests">Whether those may watch who are not signed in.</param>
/// <param name="IsChatEnabled">Whether there is a chat at all.</param>
/// <param name="IsChatDelayed">Whether messages reach viewers after a delay.</param>
/// <param name="IsChatFollowersOnly">Whether followers alone may write.</param>
public sealed record StreamUpdated(
    string Title, string? Thumbnail, string? Category, string? Language, IReadOnlyList<string> Tags, bool IsMature, Visibility Visibility, bool AllowGuests, bool IsChatEnabled, bool IsChatDelayed, bool IsChatFollowersOnly)
{
    /// <summary>To be appended where any of this was changed, before it is saved.</summary>
    public static Update To(Channel channel) => Update.ToChannel(channel, UpdateTypes.StreamUpdated, Of(channel));

    /// <summary>As JSON: what the metadata of the channel's room tells.</summary>
    public string Written() => UpdateBody.Write(this);

    public static StreamUpdated Of(Channel channel) => new(
        channel.Title, channel.Thumbnail, channel.Category, channel.Language, channel.Tags, channel.IsMature, channel.Visibility, channel.AllowsGuests, channel.IsChatEnabled, channel.IsChatDelayed, channel.IsChatFollowersOnly);
}
