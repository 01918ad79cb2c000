using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Text;

namespace Streaming.Api.Http;

/// <summary>
/// One line of text that people read: counted in code points after trimming, and free of what could forge a log line, a header or the
/// reading direction of a page. Null is left to the member's nullability.
/// </summary>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Parameter | AttributeTargets.Field)]
public sealed class TextAttribute(int min, int max) : ValidationAttribute
{
    public int Min => min;
    public int Max => max;

    protected override ValidationResult? IsValid(object? value, ValidationContext validationContext) =>
        value is string text && Complaint(text) is { } complaint ? new ValidationResult(complaint) : ValidationResult.Success;

    private string? Complaint(string text)
    {
        if (text.Length > 8 * (max + 16)) return Length(); // no walking through megabytes

        var visible = false;
        for (var i = 0; i < text.Length;)
        {
            if (Rune.DecodeFromUtf16(text.AsSpan(i), out var rune, out var used) != System.Buffers.OperationStatus.Done)
                return "must be well-formed Unicode.";
            i += used;

            var category = Rune.GetUnicodeCategory(rune);
            if (category is UnicodeCategory.Control or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator || IsBidiControl(rune.Value))
                return "must be one line without control or text direction characters.";
            visible |= category is not (UnicodeCategory.Format or UnicodeCategory.SpaceSeparator);
        }

        var length = text.Trim().EnumerateRunes().Count();
        return length < min || length > max ? Length()
            : min > 0 && !visible ? "must have a visible character."
            : null;
    }

    private string Length() => $"must have {min} to {max} characters.";

    private static bool IsBidiControl(int point) => point is 0x061C or 0x200E or 0x200F or (>= 0x202A and <= 0x202E) or (>= 0x2066 and <= 0x2069);
}
