using System.Text.RegularExpressions;

namespace Streaming.Core.Streams;

/// <summary>What is spoken on a channel, as BCP 47 has it: <c>pt-BR</c>. Well-formed and in its usual spelling; no register is asked whether there is such a language.</summary>
public static partial class LanguageTag
{
    /// <summary>Enough for every tag in use (RFC 5646, 4.4.1).</summary>
    public const int MaxLength = 35;

    /// <returns>The tag in its usual spelling; null when it is none.</returns>
    public static string? Of(string given)
    {
        if (given.Length > MaxLength || !Form().IsMatch(given)) return null;
        var parts = given.ToLowerInvariant().Split('-');
        var plain = parts.TakeWhile(p => p.Length > 1).Count(); // behind a single letter everything is in lower case
        for (var i = 1; i < plain; i++)
            parts[i] = parts[i] switch
            {
                { Length: 2 } region => region.ToUpperInvariant(),
                { Length: 4 } script when char.IsAsciiLetter(script[0]) => char.ToUpperInvariant(script[0]) + script[1..],
                var other => other,
            };
        return string.Join('-', parts);
    }

    /// <summary>Whether a channel's language is the one asked for, or a kind of it: <c>pt-BR</c> is Portuguese.</summary>
    /// <param name="asked">As <see cref="Of"/> gives it.</param>
    public static bool Covers(string asked, string? language) =>
        language is not null && language.StartsWith(asked, StringComparison.Ordinal) && (language.Length == asked.Length || language[asked.Length] == '-');

    [GeneratedRegex(
        @"\A([a-z]{2,3}(-[a-z]{3}){0,3}|[a-z]{4,8})(-[a-z]{4})?(-([a-z]{2}|[0-9]{3}))?(-([a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*(-[a-wyz0-9](-[a-z0-9]{2,8})+)*(-x(-[a-z0-9]{1,8})+)?\z",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Form();
}
