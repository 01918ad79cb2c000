using System.Text.Json;

namespace Streaming.Core.Administration;

/// <summary>
/// Who did what to whom, and why. It names people by id and refers to no row of theirs, so that it outlives them; Postgres refuses to
/// change or delete it, whoever asks.
/// </summary>
public sealed class AdminAuditEntry
{
    /// <summary>In the place of an administrator: what a deployment's configuration did.</summary>
    public const string Configuration = "configuration";

    /// <summary>Longest reason, in Unicode code points.</summary>
    public const int ReasonMax = 500;

    private AdminAuditEntry() { }

    /// <param name="subject">The user whom it was done to.</param>
    /// <param name="before">The facts that it changed, as they were: small, and nothing that must not be kept.</param>
    /// <param name="after">The same facts as they are now.</param>
    public AdminAuditEntry(string administratorId, AdminAct act, string subject, string? reason, object? before, object? after, DateTimeOffset now)
    {
        AdministratorId = administratorId;
        Act = act;
        Subject = subject;
        Reason = reason;
        Before = Written(before);
        After = Written(after);
        At = now;
    }

    /// <summary>Grows in the order in which acts were recorded.</summary>
    public long Id { get; private set; }

    public DateTimeOffset At { get; private set; }
    public string AdministratorId { get; private set; } = null!;
    public AdminAct Act { get; private set; }
    public string Subject { get; private set; } = null!;
    public string? Reason { get; private set; }

    /// <summary>JSON.</summary>
    public string? Before { get; private set; }

    /// <summary>JSON.</summary>
    public string? After { get; private set; }

    private static string? Written(object? facts) => facts is null ? null : JsonSerializer.Serialize(facts, JsonSerializerOptions.Web);
}
