using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Streaming.Tests.Fixtures;

/// <summary>What must become true soon: asked again and again until it is, or until the deadline, and then the failure says what was seen last.</summary>
public static class Eventually
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public static Task True(
        Func<Task<bool>> condition, TimeSpan? within = null, Func<string>? evidence = null,
        [CallerArgumentExpression(nameof(condition))] string what = "") =>
        Read(condition, met => met, within, what, evidence);

    public static Task True(
        Func<bool> condition, TimeSpan? within = null, Func<string>? evidence = null,
        [CallerArgumentExpression(nameof(condition))] string what = "") =>
        Read(() => Task.FromResult(condition()), met => met, within, what, evidence);

    public static Task Equal<T>(
        T expected, Func<Task<T>> read, TimeSpan? within = null, Func<string>? evidence = null,
        [CallerArgumentExpression(nameof(read))] string what = "") =>
        Read(read, value => EqualityComparer<T>.Default.Equals(value, expected), within, $"{what} to be {expected}", evidence);

    public static async Task<T> NotNull<T>(
        Func<Task<T?>> read, TimeSpan? within = null, Func<string>? evidence = null,
        [CallerArgumentExpression(nameof(read))] string what = "") where T : class =>
        (await Read(read, value => value is not null, within, $"{what} not to be null", evidence))!;

    /// <summary>The first value that is as wanted. An exception while reading counts as "not yet".</summary>
    public static async Task<T> Read<T>(
        Func<Task<T>> read, Func<T, bool> wanted, TimeSpan? within = null, [CallerArgumentExpression(nameof(wanted))] string what = "",
        Func<string>? evidence = null)
    {
        var patience = within ?? Patience;
        var started = Stopwatch.GetTimestamp();
        for (var pause = 5; ; pause = Math.Min(pause * 2, 100))
        {
            string seen;
            try
            {
                var value = await read();
                if (wanted(value)) return value;
                seen = $"{value}";
            }
            catch (Exception failure)
            {
                seen = failure.ToString();
            }

            if (Stopwatch.GetElapsedTime(started) > patience)
                Assert.Fail($"Waited {patience.TotalSeconds:0.#} s for {what}. Last seen: {seen}{(evidence is null ? "" : "\n" + evidence())}");
            await Task.Delay(pause);
        }
    }
}
