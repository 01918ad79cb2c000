using Streaming.Core.Discovery;
using Streaming.Core.Streams;

namespace Streaming.Api.Features.Discovery;

/// <summary>Which of those who are live, and in which order.</summary>
/// <param name="Category">In lower case; null for all.</param>
/// <param name="Language">As <see cref="LanguageTag"/> writes it; null for all.</param>
/// <param name="Tag">In lower case; null for all.</param>
/// <param name="WithMature">Also what is not for everybody's eyes.</param>
public readonly record struct LiveQuery(LiveSort Sort, string? Category, string? Language, string? Tag, bool WithMature)
{
    public static LiveQuery Of(LiveSort sort, string? category, string? language, string? tag, bool withMature) =>
        new(sort, category?.Trim().ToLowerInvariant(), language is null ? null : LanguageTag.Of(language), tag?.Trim().ToLowerInvariant(), withMature);

    /// <summary>What a cursor is of.</summary>
    public string ListName(string? user) => $"live {Sort} {WithMature}\n{Category}\n{Language}\n{Tag}\n{user}";

    public bool Matches(ChannelCard card) =>
        (WithMature || !card.IsMature)
        && (Category is null || string.Equals(card.Category, Category, StringComparison.OrdinalIgnoreCase))
        && (Language is null || LanguageTag.Covers(Language, card.Language))
        && (Tag is null || card.Tags.Contains(Tag, StringComparer.OrdinalIgnoreCase));
}
