namespace Streaming.Core.Administration;

/// <summary>What an administrator can do to somebody. Names are stored and never change.</summary>
public enum AdminAct
{
    ApplicationApproved,
    ApplicationRejected,

    /// <summary>A creator may no longer broadcast.</summary>
    ApprovalRevoked,

    AdministratorGranted,
    AdministratorRevoked,
    ChannelSuspended,
    ChannelUnsuspended,
}
