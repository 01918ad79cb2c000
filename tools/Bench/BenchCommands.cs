using System.CommandLine;
using System.Diagnostics;
using System.Reflection;
using Streaming.AppHost.Local;

namespace Bench;

/// <summary>The command line. docs/performance.md explains what is compared and why.</summary>
internal static class BenchCommands
{
    private static readonly Option<int> Connections = new("--connections") { Description = "Requests in flight.", DefaultValueFactory = _ => 64 };
    private static readonly Option<double> Seconds = new("--seconds") { Description = "How long one round is.", DefaultValueFactory = _ => 2 };
    private static readonly Option<int> Rounds = new("--rounds") { Description = "How many rounds of each candidate, one after the other in turn.", DefaultValueFactory = _ => 7 };

    private static bool IsDebugBuild => typeof(BenchCommands).Assembly.GetCustomAttribute<DebuggableAttribute>() is { IsJITOptimizerDisabled: true };

    public static RootCommand Root() => new("Measures the webhook intake, the worker, what is asked most often and the start, each side by side with the least that could do the same.")
    {
        Verb("intake", "POST /api/webhook/livekit beside a bare endpoint and plain XADD.", IntakeBenchmark.RunAsync),
        Verb("apply", "A heap of queued events through the worker beside a bare loop, and the delay at a steady rate.", ApplyBenchmark.RunAsync),
        Verb("reconcile", "What it costs to ask LiveKit about 200 live channels.", ReconcileBenchmark.RunAsync),
        Verb("status", "GET /api/stream/status beside a bare endpoint that reads one Redis key.", StatusBenchmark.RunAsync),
        Verb("token", "GET /api/stream/token/{hostId} beside a bare endpoint that reads one Redis key.", TokenBenchmark.RunAsync),
        Verb("live", "The first page of GET /api/stream/live beside a bare endpoint that has the same bytes in memory, and after a pause.", LiveBenchmark.RunAsync),
        Verb("events", "2,000 streams of server-sent events beside a bare endpoint that holds as many.", EventsBenchmark.RunAsync),
        Verb("notices", "The delay of events while 100,000 followers are told that somebody went live, and without.", NoticesBenchmark.RunAsync),
        Verb("startup", "Process start to /health 200, beside a bare Kestrel.", StartupBenchmark.RunAsync),
        Verb("all", "All of them, one after the other.", IntakeBenchmark.RunAsync, ApplyBenchmark.RunAsync, ReconcileBenchmark.RunAsync, StatusBenchmark.RunAsync, TokenBenchmark.RunAsync, LiveBenchmark.RunAsync, EventsBenchmark.RunAsync, StartupBenchmark.RunAsync),
        Bare(BareServer.Verb, BareServer.RunAsync),
        Bare(BareConsumer.Verb, BareConsumer.RunAsync),
    };

    private static Command Verb(string name, string description, params Func<BenchOptions, CancellationToken, Task>[] benchmarks)
    {
        var command = new Command(name, description) { Connections, Seconds, Rounds };
        command.SetAction(async (given, _) =>
        {
            using var signals = new StopSignals();
            var options = new BenchOptions(given.GetValue(Connections), TimeSpan.FromSeconds(given.GetValue(Seconds)), given.GetValue(Rounds));
            try
            {
                if (IsDebugBuild) throw new SetupException("A debug build says nothing about speed: dotnet run -c Release --project tools/Bench -- all");
                Console.WriteLine($"{Environment.ProcessorCount} cores, load average {(await File.ReadAllTextAsync("/proc/loadavg", signals.Token)).Split(' ')[0]} before the start");
                foreach (var benchmark in benchmarks) await benchmark(options, signals.Token);
                return 0;
            }
            catch (OperationCanceledException) when (signals.Token.IsCancellationRequested)
            {
                return 1;
            }
            catch (SetupException problem)
            {
                await given.InvocationConfiguration.Error.WriteLineAsync(problem.Message);
                return 1;
            }
        });
        return command;
    }

    /// <summary>Started by the others as a process of its own.</summary>
    private static Command Bare(string verb, Func<CancellationToken, Task> run)
    {
        var command = new Command(verb, "What ours is compared with.") { Hidden = true };
        command.SetAction((_, stop) => run(stop));
        return command;
    }
}

/// <param name="WarmUps">Rounds before those that count.</param>
internal sealed record BenchOptions(int Connections, TimeSpan Round, int Rounds, int WarmUps = 3);
