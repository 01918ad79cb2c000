using System.Globalization;
using System.Text;

namespace Streaming.Api.Http;

/// <summary>
/// Unicode normalisation form C. Our own, since string.Normalize returns its input unchanged under InvariantGlobalization, which lets
/// the system run on a machine without ICU.
/// </summary>
public static class Nfc
{
    private const int HangulS = 0xAC00, HangulL = 0x1100, HangulV = 0x1161, HangulT = 0x11A7, VCount = 21, TCount = 28, SCount = 19 * VCount * TCount;

    private static readonly Dictionary<int, int[]> Decompositions = [];
    private static readonly Dictionary<(int, int), int> Compositions = [];
    private static readonly Dictionary<int, int> Classes = [];

    static Nfc()
    {
        using var data = new StreamReader(typeof(Nfc).Assembly.GetManifestResourceStream("nfc.txt")!);
        while (data.ReadLine() is { } line)
            foreach (var entry in line.StartsWith('#') ? [] : line.Split(';'))
                Read(entry);
    }

    /// <param name="text">Well-formed UTF-16.</param>
    public static string Normalize(string text)
    {
        if (text.All(c => c < 0x300)) return text; // nothing below the first combining mark composes or decomposes to anything else

        var points = new List<int>(text.Length);
        foreach (var rune in text.EnumerateRunes()) Decompose(rune.Value, points);
        Order(points);
        return Compose(points);
    }

    private static void Read(string entry)
    {
        if (entry.Split(':') is [var range, var combiningClass])
        {
            var ends = range.Split('-').Select(Hex).ToArray();
            for (var c = ends[0]; c <= ends[^1]; c++) Classes[c] = int.Parse(combiningClass, CultureInfo.InvariantCulture);
            return;
        }
        var at = entry.IndexOfAny(['=', '!']);
        var (whole, parts) = (Hex(entry[..at]), entry[(at + 1)..].Split(' ').Select(Hex).ToArray());
        Decompositions[whole] = parts;
        if (entry[at] == '=') Compositions[(parts[0], parts[1])] = whole;
    }

    private static int Hex(string digits) => int.Parse(digits, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private static int Class(int point) => Classes.GetValueOrDefault(point);

    private static void Decompose(int point, List<int> into)
    {
        var s = point - HangulS;
        if (s is >= 0 and < SCount)
        {
            into.Add(HangulL + s / (VCount * TCount));
            into.Add(HangulV + s % (VCount * TCount) / TCount);
            if (s % TCount > 0) into.Add(HangulT + s % TCount);
        }
        else if (Decompositions.TryGetValue(point, out var parts))
            foreach (var part in parts) Decompose(part, into);
        else
            into.Add(point);
    }

    /// <summary>Marks on one base stand in the order of their combining classes; marks of one class keep theirs.</summary>
    private static void Order(List<int> points)
    {
        for (var from = 0; from < points.Count; from++)
        {
            var to = from;
            while (to < points.Count && Class(points[to]) != 0) to++;
            if (to - from < 2) continue;

            var sorted = points[from..to].OrderBy(Class).ToList(); // stable
            for (var i = 0; i < sorted.Count; i++) points[from + i] = sorted[i];
            from = to;
        }
    }

    private static string Compose(List<int> points)
    {
        var composed = new List<int>(points.Count);
        int starter = -1, last = 0;
        foreach (var point in points)
        {
            var combining = Class(point);
            var adjacent = starter == composed.Count - 1;
            if (starter >= 0 && (adjacent || (last < combining && last != 0)) && Pair(composed[starter], point) is { } whole)
            {
                composed[starter] = whole;
                continue;
            }
            if (combining == 0) starter = composed.Count;
            last = combining;
            composed.Add(point);
        }

        var text = new StringBuilder(composed.Count);
        foreach (var point in composed) text.Append(new Rune(point).ToString());
        return text.ToString();
    }

    private static int? Pair(int first, int second)
    {
        if (first - HangulL is >= 0 and < 19 && second - HangulV is >= 0 and < VCount)
            return HangulS + ((first - HangulL) * VCount + (second - HangulV)) * TCount;
        if (first - HangulS is >= 0 and < SCount && (first - HangulS) % TCount == 0 && second - HangulT is > 0 and < TCount)
            return first + (second - HangulT);
        return Compositions.TryGetValue((first, second), out var whole) ? whole : null;
    }
}
