using Streaming.AppHost.Local;

namespace Streaming.Tests.Faults;

/// <summary>The API and the worker that a scenario is played on: this build's, or a build that is meant to fail.</summary>
/// <param name="Mutant">The bug that is wanted of it.</param>
public sealed record Programs(string Api, string Worker, string? Mutant = null)
{
    public static Programs OfThisBuild { get; } = new(Clone.Program("Streaming.Api"), Clone.Program("Streaming.WebhookWorker"));
}
