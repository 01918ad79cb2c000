using System.ComponentModel.DataAnnotations;
using Streaming.Api.Http;

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

    private static string? Complaint(string title) =>
        new TextAttribute(1, 200).GetValidationResult(title, new ValidationContext(new object()))?.ErrorMessage;
}
