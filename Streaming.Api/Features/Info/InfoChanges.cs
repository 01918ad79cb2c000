using Microsoft.EntityFrameworkCore;
using Streaming.Api.Http;
using Streaming.Core.Data;
using Streaming.Core.LiveUpdates;
using Streaming.Core.Streams;

namespace Streaming.Api.Features.Info;

/// <summary>Changes what a channel says of itself, and its rules: all that the request speaks of, or nothing.</summary>
public sealed class InfoChanges(StreamingDb db, TimeProvider time)
{
    /// <param name="ifMatch">The version that the caller has read; null when he does not say.</param>
    /// <returns>Null when it is done.</returns>
    public async Task<ApiError?> Make(string owner, UpdateInfo change, string? ifMatch, CancellationToken ct)
    {
        if (await db.Channels.OwnedBy(owner).SingleOrDefaultAsync(ct) is not { } channel) return Errors.StreamNotFound;
        if (!ETags.Allows(ifMatch, db.Entry(channel).Property<uint>("xmin").CurrentValue)) return Errors.PreconditionFailed;
        if (await Describe(channel, change, ct) is { } refused) return refused;

        var now = time.GetUtcNow();
        channel.LimitBroadcasts(change.ReconnectWindowSeconds.OrNull(), change.MaxDurationMinutes.OrNull(), change.OnContest.OrNull(), now);
        if (change.Thumbnail.IsGiven) channel.ShowThumbnail(change.Thumbnail.Value, now);
        if (change.Visibility.IsGiven) channel.ShowTo(change.Visibility.Value, now);
        if (change.AllowGuests.IsGiven) channel.AllowGuests(change.AllowGuests.Value, now);
        if (db.Entry(channel).State == EntityState.Modified) db.Append(StreamUpdated.To(channel));
        if (await db.TrySave(ct)) return null;
        return ifMatch is null ? Errors.Conflict : Errors.PreconditionFailed; // another change came between reading and writing
    }

    private async Task<ApiError?> Describe(Channel channel, UpdateInfo change, CancellationToken ct)
    {
        var title = change.Title.IsGiven ? await Composed(change.Title.Value, ct) : channel.Title;
        var category = change.Category.IsGiven ? change.Category.Value is { } given ? await Composed(given, ct) : null : channel.Category;
        var tags = change.Tags.IsGiven ? await Composed(change.Tags.Value ?? [], ct) : channel.Tags;
        // Some characters are several once they are composed.
        if (IsLonger(title, Channel.TitleMax)) return TooLong("title", Channel.TitleMax);
        if (category is not null && IsLonger(category, Channel.CategoryMax)) return TooLong("category", Channel.CategoryMax);
        if (tags.Any(t => IsLonger(t, Channel.TagMax))) return TooLong("tags", Channel.TagMax);

        channel.Retitle(title, time.GetUtcNow());
        var language = change.Language.IsGiven ? change.Language.Value is { } spoken ? LanguageTag.Of(spoken) : null : channel.Language;
        channel.Describe(category, language, tags, change.IsMature.Or(channel.IsMature), time.GetUtcNow());
        return null;
    }

    private Task<string> Composed(string text, CancellationToken ct) => db.Normalized(text.Trim(), ct);

    /// <summary>All at once, apart by what is in none of them.</summary>
    private async Task<IReadOnlyList<string>> Composed(IReadOnlyList<string> tags, CancellationToken ct) =>
        tags.Count == 0 ? [] : (await db.Normalized(string.Join('\n', tags.Select(t => t.Trim())), ct)).Split('\n');

    private static bool IsLonger(string text, int most) => text.EnumerateRunes().Count() > most;

    private static ApiError TooLong(string member, int most) => Errors.Invalid(member, $"must have at most {most} characters in Unicode normal form C.");
}

file static class Given
{
    public static T? OrNull<T>(this Optional<T> given) where T : struct => given.IsGiven ? given.Value : null;
}
