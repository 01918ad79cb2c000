using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Streaming.Core.Creators;
using Streaming.Core.Streams;

namespace Streaming.Core.Data.Mappings;

internal sealed class SuspensionMapping : IEntityTypeConfiguration<Suspension>
{
    public void Configure(EntityTypeBuilder<Suspension> suspension)
    {
        suspension.Property(s => s.Id).ValueGeneratedNever();
        suspension.Property(s => s.Reason).HasMaxLength(Suspension.ReasonMax * 2); // code points, which are up to two characters each
        suspension.Property(s => s.SuspendedBy).HasMaxLength(User.IdMax);
        suspension.Property(s => s.LiftedBy).HasMaxLength(User.IdMax);
        suspension.HasOne<User>().WithMany().HasForeignKey(s => s.UserId).OnDelete(DeleteBehavior.Restrict);
        suspension.HasIndex(s => s.UserId).HasFilter("lifted_at is null").HasDatabaseName("ix_suspensions_in_force");
    }
}
