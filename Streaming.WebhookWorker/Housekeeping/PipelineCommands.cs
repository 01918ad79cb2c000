using System.Globalization;
using StackExchange.Redis;
using Streaming.Core.Data;
using Streaming.Core.Events;

namespace Streaming.WebhookWorker.Housekeeping;

/// <summary>
/// The switches <c>--dead-letters</c>, <c>--replay &lt;id|all&gt;</c> and <c>--accounting</c>: what an operator asks about the pipeline, and
/// how he gives an event another chance.
/// </summary>
internal static class PipelineCommands
{
    private const string ListDead = "--dead-letters", Replay = "--replay", Account = "--accounting";
    private const int PageSize = 500;

    public static bool AreAskedFor(string[] args) => args.Any(a => a is ListDead or Replay or Account);

    /// <returns>The exit code: 1 when it could not be done, or when the books do not balance.</returns>
    public static async Task<int> Run(WebApplication app, string[] args)
    {
        if (!app.IsWellConfigured<PostgresOptions>() || !app.IsWellConfigured<RedisOptions>()) return 1;
        try
        {
            if (args.Contains(ListDead)) return await List(app.Services.GetRequiredService<DeadLetters>());
            if (args.Contains(Account)) return await Show(app.Services.GetRequiredService<Accounting>());
            return args.SkipWhile(a => a != Replay).ElementAtOrDefault(1) is { } which
                ? await ReplayLetters(app.Services.GetRequiredService<DeadLetters>(), app.Services.GetRequiredService<EventQueue>(), which)
                : await Fail("--replay wants the id of a dead letter, or all.");
        }
        catch (Exception e) when (Failures.IsOfRedis(e))
        {
            return await Fail($"Redis does not answer ({e.GetType().Name}).");
        }
        catch (Exception e) when (Failures.IsTransient(e))
        {
            return await Fail($"Postgres does not answer ({e.GetType().Name}).");
        }
    }

    private static async Task<int> List(DeadLetters letters)
    {
        var count = 0;
        await foreach (var letter in All(letters))
        {
            count++;
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"{letter.EventId}  {letter.Kind}  room {letter.Room ?? "-"}  {letter.Reason}  (tried {letter.Attempts}×, dead since {letter.FirstAt:u})\n    {letter.Projection}"));
        }

        Console.WriteLine(count == 0 ? "No dead letters." : $"{count} dead letters. --replay <id|all> gives them another chance.");
        return 0;
    }

    private static async Task<int> ReplayLetters(DeadLetters letters, EventQueue queue, string which)
    {
        var count = 0;
        if (which == "all")
        {
            await foreach (var letter in All(letters)) count += await TryReplay(letters, queue, letter.EventId);
        }
        else
        {
            count = await TryReplay(letters, queue, which);
            if (count == 0) return await Fail($"There is no dead letter {which}.");
        }

        Console.WriteLine($"{count} dead letters are in the queue again. Each is resolved when it is applied.");
        return 0;
    }

    /// <summary>Nothing is deleted here: the transaction that applies the event resolves its dead letter, so a crash anywhere loses nothing.</summary>
    private static async Task<int> TryReplay(DeadLetters letters, EventQueue queue, string eventId)
    {
        if (await letters.Find(eventId, CancellationToken.None) is not { } @event) return 0;
        await queue.Enqueue(@event);
        return 1;
    }

    private static async Task<int> Show(Accounting accounting)
    {
        var account = await accounting.Read(CancellationToken.None);
        if (!account.IsOpen) return await Fail("The books are not open: no worker has read this Redis yet.");
        var (outcomes, balanced) = (account.Outcomes, account.IsBalanced);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"""
            received     {account.Received,12}
            = applied    {outcomes.Applied,12}
            + duplicate  {outcomes.Duplicate,12}
            + superseded {outcomes.Superseded,12}
            + skipped    {outcomes.Skipped,12}
            + dead       {outcomes.Dead,12}
            + pending    {account.Pending,12}   (in the queue {account.InQueue}, in the spool {account.InSpool})
            {(balanced ? "Balanced." : $"NOT balanced: {account.Removed} deliveries have left the stores, and {outcomes.Total} came to an end.")}
            """));
        return balanced ? 0 : 1;
    }

    private static async IAsyncEnumerable<DeadLetterSummary> All(DeadLetters letters)
    {
        string? after = null;
        while (await letters.List(PageSize, after, CancellationToken.None) is { Count: > 0 } page)
        {
            foreach (var letter in page) yield return letter;
            after = page[^1].EventId;
        }
    }

    private static async Task<int> Fail(string sentence)
    {
        await Console.Error.WriteLineAsync(sentence);
        return 1;
    }
}
