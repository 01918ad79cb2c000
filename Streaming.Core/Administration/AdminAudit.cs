using Streaming.Core.Data;

namespace Streaming.Core.Administration;

public static class AdminAudit
{
    /// <summary>Saved by the same <c>SaveChanges</c> as the act, or in its transaction: there is no act without its entry and no entry without its act.</summary>
    public static void Append(this StreamingDb db, AdminAuditEntry entry) => db.AdminAudit.Add(entry);
}
