namespace Streaming.Core.Creators;

/// <summary>
/// A user's request to become a creator. Only <see cref="ApplicationStatus.Approved"/> opens the creator endpoints. Whoever applies again
/// makes another one, so that nobody decides about a text that he has not read; of those that are pending or approved he has one at most.
/// </summary>
public sealed class CreatorApplication
{
    /// <summary>Longest account of what somebody wants to broadcast, in Unicode code points.</summary>
    public const int AboutMax = 1000;

    /// <summary>The most links to earlier work.</summary>
    public const int LinksMax = 3;

    /// <summary>Longest link, in characters.</summary>
    public const int LinkMax = 2048;

    private CreatorApplication() { }

    public CreatorApplication(string userId, DateTimeOffset now, string about = "", string[]? links = null)
    {
        Id = Guid.CreateVersion7(now);
        UserId = userId;
        Status = ApplicationStatus.Pending;
        About = about;
        Links = links ?? [];
        AppliedAt = now;
    }

    public Guid Id { get; private set; }
    public string UserId { get; private set; } = null!;
    public ApplicationStatus Status { get; private set; }

    /// <summary>What he wants to broadcast, in his words.</summary>
    public string About { get; private set; } = null!;

    /// <summary>https URLs, never fetched by us.</summary>
    public string[] Links { get; private set; } = null!;

    public DateTimeOffset AppliedAt { get; private set; }

    /// <summary>When it came to its present status; null while it is pending.</summary>
    public DateTimeOffset? DecidedAt { get; private set; }

    /// <summary>Why it was rejected or revoked: for him to read.</summary>
    public string? Reason { get; private set; }

    /// <returns>False when it is not pending; nothing is changed then. So do the other verbs.</returns>
    public bool Approve(DateTimeOffset now) => Move(ApplicationStatus.Pending, ApplicationStatus.Approved, reason: null, now);

    public bool Reject(string reason, DateTimeOffset now) => Move(ApplicationStatus.Pending, ApplicationStatus.Rejected, reason, now);

    public bool Withdraw(DateTimeOffset now) => Move(ApplicationStatus.Pending, ApplicationStatus.Withdrawn, reason: null, now);

    /// <summary>Takes an approval back.</summary>
    public bool Revoke(string reason, DateTimeOffset now) => Move(ApplicationStatus.Approved, ApplicationStatus.Revoked, reason, now);

    private bool Move(ApplicationStatus from, ApplicationStatus to, string? reason, DateTimeOffset now)
    {
        if (Status != from) return false;
        (Status, Reason, DecidedAt) = (to, reason, now);
        return true;
    }
}

/// <summary>Where an application stands.</summary>
public enum ApplicationStatus
{
    Pending,
    Approved,
    Rejected,

    /// <summary>By the applicant, before anybody decided.</summary>
    Withdrawn,

    /// <summary>An approval that was taken back.</summary>
    Revoked,
}
