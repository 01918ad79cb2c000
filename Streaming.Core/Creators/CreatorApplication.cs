namespace Streaming.Core.Creators;

/// <summary>A user's request to become a creator. Only <see cref="ApplicationStatus.Approved"/> opens the creator endpoints.</summary>
public sealed class CreatorApplication
{
    private CreatorApplication() { }

    public CreatorApplication(string userId, DateTimeOffset now)
    {
        Id = Guid.CreateVersion7(now);
        UserId = userId;
        Status = ApplicationStatus.Pending;
        AppliedAt = now;
    }

    public Guid Id { get; private set; }
    public string UserId { get; private set; } = null!;
    public ApplicationStatus Status { get; private set; }
    public DateTimeOffset AppliedAt { get; private set; }

    /// <summary>When it was last approved or rejected.</summary>
    public DateTimeOffset? DecidedAt { get; private set; }

    public void Approve(DateTimeOffset now) => Decide(ApplicationStatus.Approved, now);

    public void Reject(DateTimeOffset now) => Decide(ApplicationStatus.Rejected, now);

    private void Decide(ApplicationStatus status, DateTimeOffset now)
    {
        Status = status;
        DecidedAt = now;
    }
}

public enum ApplicationStatus
{
    Pending,
    Approved,
    Rejected,
}
