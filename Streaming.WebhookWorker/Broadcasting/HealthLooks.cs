using Microsoft.Extensions.Options;
using Streaming.Core.Data;
using Streaming.Core.Health;
using Streaming.Core.LiveKit;
using Streaming.Core.Streams;
using Streaming.WebhookWorker.Leading;

namespace Streaming.WebhookWorker.Broadcasting;

/// <summary>Looks after the health of the encoders that are on the air: one call to LiveKit for all of them, and our own records more often.</summary>
internal sealed partial class HealthLooks(
    IngestHealth health, KeyUseLedger uses, LiveKitApi livekit, IOptions<BroadcastingOptions> options, TimeProvider time, ILogger<HealthLooks> log) : ILeaderDuty
{
    public async Task Run(CancellationToken ct)
    {
        var lookDue = time.GetUtcNow();
        using var timer = new PeriodicTimer(options.Value.RulesEvery, time);
        do
        {
            try
            {
                await health.JudgeRecords(time.GetUtcNow(), ct);
                if (time.GetUtcNow() < lookDue) continue;
                lookDue = time.GetUtcNow() + options.Value.HealthEvery;
                await Look(ct);
            }
            catch (Exception e) when (e is LiveKitException || Failures.IsTransient(e))
            {
                Log.Postponed(log, e.GetType().Name);
            }
        }
        while (await timer.WaitForNextTickAsync(ct));
    }

    /// <summary>After a refused connection LiveKit speaks of that one: then nothing is known of the one that is on the air, and nothing concluded.</summary>
    internal async Task Look(CancellationToken ct)
    {
        var onAir = await health.OnAir(ct);
        if (onAir.Count == 0) return;
        var listed = (await livekit.LookAtIngresses(null, ct)).Where(l => l.ResourceId is not null).ToDictionary(l => l.ResourceId!);
        var looks = onAir.Where(e => listed.ContainsKey(e.ResourceId)).Select(e => (e, listed[e.ResourceId])).Where(l => l.Item2.IsPublishing || l.Item2.IsBuffering).ToList();
        var now = time.GetUtcNow();
        await health.JudgeInputs(looks, now, ct);
        await uses.WriteInputs([.. looks.Where(l => l.Item2.IsPublishing && now - l.e.BeganAt >= InputRules.Settled)], ct);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "The look at the encoders' health is postponed ({Failure})")]
        public static partial void Postponed(ILogger logger, string failure);
    }
}
