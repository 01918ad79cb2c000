using Microsoft.EntityFrameworkCore;
using Npgsql;
using Streaming.Core.Data;

namespace Streaming.Core.Creators;

public static class CreatorApplications
{
    /// <summary>The user's last one.</summary>
    public static Task<CreatorApplication?> LastOf(this IQueryable<CreatorApplication> applications, string userId, CancellationToken ct) =>
        applications.Where(a => a.UserId == userId).OrderByDescending(a => a.Id).FirstOrDefaultAsync(ct);

    /// <summary>When he was last turned down. Withdrawing what he sent since does not make that undone.</summary>
    public static Task<DateTimeOffset?> LastRefusalOf(this IQueryable<CreatorApplication> applications, string userId, CancellationToken ct) =>
        applications.Where(a => a.UserId == userId && (a.Status == ApplicationStatus.Rejected || a.Status == ApplicationStatus.Revoked)).MaxAsync(a => a.DecidedAt, ct);

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
