using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Streaming.Core.Administration;
using Streaming.Core.Creators;

namespace Streaming.Core.Data.Mappings;

internal sealed class AdminAuditMapping : IEntityTypeConfiguration<AdminAuditEntry>
{
    public void Configure(EntityTypeBuilder<AdminAuditEntry> entry)
    {
        entry.ToTable("admin_audit");
        entry.Property(e => e.Act).HasConversion<string>().HasMaxLength(32);
        entry.Property(e => e.AdministratorId).HasMaxLength(User.IdMax);
        entry.Property(e => e.Subject).HasMaxLength(User.IdMax);
        entry.Property(e => e.Reason).HasMaxLength(AdminAuditEntry.ReasonMax * 2); // code points, which are up to two characters each
        entry.Property(e => e.Before).HasColumnType("jsonb");
        entry.Property(e => e.After).HasColumnType("jsonb");
        entry.HasIndex(e => new { e.Subject, e.Id });
        entry.HasIndex(e => new { e.AdministratorId, e.Id });
    }
}
