using Microsoft.EntityFrameworkCore;
using Npgsql;
using Streaming.Core.Data;

namespace Streaming.Core.Creators;

public static class CreatorApplications
{
    /// <summary>The user's last one.</summary>
    public static Task<CreatorApplication?> LastOf(this IQueryable<CreatorApplication> applications, string userId, CancellationToken ct) =>
        applications.Where(a => a.UserId == userId).OrderByDescending(a => a.Id).FirstOrDefaultAsync(ct);

    /// <summary>
    /// When he was last turned down. Neither withdrawing what he sent since nor having himself forgotten makes that undone: of an application that
    /// is gone, the audit log still says what became of it.
    /// </summary>
    public static Task<DateTimeOffset?> LastRefusalOf(this StreamingDb db, string userId, CancellationToken ct) =>
        db.Database.SqlQuery<DateTimeOffset?>(
            $"""
            select max(at) as "Value" from (
                select decided_at as at from creator_applications where user_id = {userId} and status in ('Rejected', 'Revoked')
                union all
                select at from admin_audit e where subject = {userId} and act in ('ApplicationRejected', 'ApprovalRevoked')
                  and not exists (select from creator_applications a where a.id::text = e.after ->> 'application')) as refusals
            """).SingleAsync(ct);

    /// <summary>Whoever decides about it waits for who does so now, and then sees what came of it.</summary>
    public static Task<CreatorApplication?> LockApplication(this StreamingDb db, Guid id, CancellationToken ct) =>
        db.CreatorApplications.FromSql($"select *, xmin from creator_applications where id = {id} for update").SingleOrDefaultAsync(ct);

    /// <returns>False when the user has one that is pending or approved.</returns>
    public static async Task<bool> TryAdd(this StreamingDb db, CreatorApplication application, CancellationToken ct)
    {
        db.CreatorApplications.Add(application);
        try
        {
            await db.SaveChangesAsync(ct);
            return true;
        }
        catch (DbUpdateException e) when (e.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            return false;
        }
    }
}
