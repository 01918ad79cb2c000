using System.ComponentModel.DataAnnotations;
using Streaming.Api.Http;
using Streaming.Core.Data;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Api;

public sealed class TextTests
{
    [Theory]
    [InlineData("a")]
    [InlineData("  padded  ")]
    [InlineData("Späti – 夜市 🎬 مرحبا")]
    [InlineData("👩‍👩‍👧‍👦 family")] // joined by U+200D
    public void Ordinary_titles_are_accepted(string title) => Assert.Null(Complaint(title));

    [Fact]
    public void Length_is_counted_in_code_points_after_trimming()
    {
        Assert.Null(Complaint(string.Concat(Enumerable.Repeat("🎬", 200))));
        Assert.Null(Complaint("   " + new string('a', 200) + "   "));
        Assert.NotNull(Complaint(string.Concat(Enumerable.Repeat("e\u0301", 101)))); // counted as sent, before composing
        Assert.NotNull(Complaint(string.Concat(Enumerable.Repeat("🎬", 201))));
        Assert.NotNull(Complaint(new string('a', 201)));
        Assert.NotNull(Complaint(new string('a', 1_000_000)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("   ")]
    [InlineData("\u200b\u2060")]
    [InlineData("a\r\nSet-Cookie: x")]
    [InlineData("a\n[Information] admin logged in")]
    [InlineData("a\0b")]
    [InlineData("a\u001b[31m")]
    [InlineData("a\u007f")]
    [InlineData("a\u0085b")]
    [InlineData("a\u2028b")]
    [InlineData("\u202eevil")]
    [InlineData("a\u2066b")]
    [InlineData("a\u200fb")]
    public void What_could_forge_a_line_or_turn_the_text_around_is_refused(string title) => Assert.NotNull(Complaint(title));

    [Fact]
    public void Lone_surrogates_are_refused()
    {
        // Built here: an attribute's argument is stored as UTF-8, where no lone surrogate survives.
        Assert.NotNull(Complaint("a" + (char)0xD800));
        Assert.NotNull(Complaint((char)0xDC00 + "a"));
        Assert.NotNull(Complaint($"{(char)0xDC00}{(char)0xD800}"));
    }

    [Theory]
    [InlineData("e\u0301", "\u00e9")]
    [InlineData("Cafe\u0301", "Caf\u00e9")]
    [InlineData("\u212b", "\u00c5")] // Ångström sign
    [InlineData("a\u0323\u0307", "\u1ea1\u0307")]
    [InlineData("a\u0307\u0323", "\u1ea1\u0307")] // marks in canonical order first
    [InlineData("\u1112\u1161\u11ab", "\ud55c")] // 한
    [InlineData("\u0958", "\u0915\u093c")] // excluded from composition
    [InlineData("\u0344", "\u0308\u0301")]
    [InlineData("plain", "plain")]
    public async Task What_is_stored_is_composed(string given, string stored)
    {
        await using var database = await TestDatabase.NewAsync();
        await using var db = database.Open();
        Assert.Equal(stored, await db.Normalized(given, CancellationToken.None));
    }

    private static string? Complaint(string title) =>
        new TextAttribute(1, 200).GetValidationResult(title, new ValidationContext(new object()))?.ErrorMessage;
}
