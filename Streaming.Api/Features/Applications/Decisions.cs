using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Streaming.Api.Http;
using Streaming.Core.Administration;
using Streaming.Core.Creators;
using Streaming.Core.Data;
using Streaming.Core.LiveUpdates;
using Streaming.Core.Sessions;
using Streaming.Core.Streams;

namespace Streaming.Api.Features.Applications;

/// <summary>
/// What an administrator decides about an application, written down in the transaction that decides. Of two at once, and of an
/// administrator and an applicant who withdraws, the second is told what the first did. A lost approval takes the creator off the air in the
/// same transaction; LiveKit is made to follow after it.
/// </summary>
public sealed partial class Decisions(StreamingDb db, OffAir offAir, KeyEnforcement keys, TimeProvider time, ILogger<Decisions> log)
{
    public Task<Results<Ok<ReviewedApplication>, ApiError>> Approve(Guid id, string admin, CancellationToken ct) =>
        Decide(id, admin, AdminAct.ApplicationApproved, reason: null, a => a.Approve(time.GetUtcNow()), Errors.ApplicationDecided, ct);

    public Task<Results<Ok<ReviewedApplication>, ApiError>> Reject(Guid id, string admin, string reason, CancellationToken ct) =>
        Decide(id, admin, AdminAct.ApplicationRejected, reason.Trim(), a => a.Reject(reason.Trim(), time.GetUtcNow()), Errors.ApplicationDecided, ct);

    public Task<Results<Ok<ReviewedApplication>, ApiError>> Revoke(Guid id, string admin, string reason, CancellationToken ct) =>
        Decide(id, admin, AdminAct.ApprovalRevoked, reason.Trim(), a => a.Revoke(reason.Trim(), time.GetUtcNow()), Errors.ApplicationNotApproved, ct);

    private async Task<Results<Ok<ReviewedApplication>, ApiError>> Decide(
        Guid id, string admin, AdminAct act, string? reason, Func<CreatorApplication, bool> decide, ApiError otherwise, CancellationToken ct)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        if (await db.LockApplication(id, ct) is not { } application) return Errors.ApplicationNotFound;
        var before = application.Status;
        if (!decide(application)) return otherwise.As(before);

        db.Append(new AdminAuditEntry(admin, act, application.UserId, reason, Facts(application.Id, before), Facts(application.Id, application.Status), application.DecidedAt!.Value));
        db.Append(Update.ToUser(application.UserId, UpdateTypes.ApplicationDecided, new { application.Id, application.Status, reason }));
        await db.SaveChangesAsync(ct);
        var channel = await HoldOrFree(application, ct);
        await transaction.CommitAsync(ct);
        if (channel is { } changed) await Follow(changed, application.Status);
        Log.Decided(log, application.Id, application.Status);
        return TypedResults.Ok(ReviewedApplication.Of(application));
    }

    /// <returns>His channel, if he has one and its keys are to work otherwise than before.</returns>
    private async Task<Guid?> HoldOrFree(CreatorApplication application, CancellationToken ct)
    {
        if (application.Status is not (ApplicationStatus.Approved or ApplicationStatus.Revoked)) return null;
        if (await db.Channels.OwnedBy(application.UserId).Select(c => (Guid?)c.Id).SingleOrDefaultAsync(ct) is not { } channel) return null;

        var connection = (NpgsqlConnection)db.Database.GetDbConnection();
        if (application.Status == ApplicationStatus.Approved) await Cutoffs.LiftRevocation(connection, channel, application.DecidedAt!.Value, ct);
        else await Cutoffs.Cut(connection, channel, new CutOrder(EndReasons.Revoked, ChangeCause.Api, application.DecidedAt!.Value, DateTimeOffset.MaxValue), ct);
        return channel;
    }

    /// <summary>Makes LiveKit follow; if it cannot be reached, the worker does.</summary>
    private Task Follow(Guid channel, ApplicationStatus status) =>
        status == ApplicationStatus.Revoked ? offAir.TryEnforce(channel, CancellationToken.None) : keys.Enforce(channel, CancellationToken.None);

    private static object Facts(Guid application, ApplicationStatus status) => new { Application = application, Status = $"{status}" };

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Creator application {ApplicationId} is {Status} now")]
        public static partial void Decided(ILogger logger, Guid applicationId, ApplicationStatus status);
    }
}
