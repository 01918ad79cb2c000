using Microsoft.EntityFrameworkCore;
using Streaming.Core.Creators;
using Streaming.Core.Data;

namespace Streaming.Core.Administration;

/// <summary>Who is an administrator, changed by one of them.</summary>
public sealed class AdministratorChanges(StreamingDb db, TimeProvider time)
{
    public async Task<AdministratorChange> Grant(string userId, string by, CancellationToken ct)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        var all = await LockAll(ct);
        if (all.All(a => a.UserId != by)) return AdministratorChange.NotAllowed;
        if (all.Any(a => a.UserId == userId)) return AdministratorChange.Done;
        if (!await db.Users.AnyAsync(u => u.Id == userId, ct)) return AdministratorChange.NoSuchUser;

        db.Administrators.Add(new Administrator(userId, time.GetUtcNow()));
        return await Save(AdminAct.AdministratorGranted, userId, by, isNow: true, ct);
    }

    public async Task<AdministratorChange> Revoke(string userId, string by, CancellationToken ct)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        var all = await LockAll(ct);
        if (all.All(a => a.UserId != by)) return AdministratorChange.NotAllowed;
        if (all.Find(a => a.UserId == userId) is not { } administrator) return AdministratorChange.NoSuchUser;
        if (all.Count == 1) return AdministratorChange.LastOne;

        db.Administrators.Remove(administrator);
        return await Save(AdminAct.AdministratorRevoked, userId, by, isNow: false, ct);
    }

    /// <summary>One change at a time, so that two who remove each other do not leave nobody: the second is no administrator any more.</summary>
    private async Task<List<Administrator>> LockAll(CancellationToken ct)
    {
        await db.Database.ExecuteSqlAsync($"lock table administrators in share row exclusive mode", ct);
        return await db.Administrators.ToListAsync(ct);
    }

    private async Task<AdministratorChange> Save(AdminAct act, string userId, string by, bool isNow, CancellationToken ct)
    {
        db.Append(new AdminAuditEntry(by, act, userId, reason: null, new { IsAdministrator = !isNow }, new { IsAdministrator = isNow }, time.GetUtcNow()));
        await db.SaveChangesAsync(ct);
        await db.Database.CommitTransactionAsync(ct);
        return AdministratorChange.Done;
    }
}

/// <summary>What came of it. Whatever is not <see cref="Done"/> changed nothing.</summary>
public enum AdministratorChange
{
    /// <summary>It is so now, or was already.</summary>
    Done,
    NoSuchUser,

    /// <summary>Without an administrator nobody could make one.</summary>
    LastOne,

    /// <summary>Who asked is none himself any more.</summary>
    NotAllowed,
}
