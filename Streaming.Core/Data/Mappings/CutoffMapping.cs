using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Streaming.Core.Sessions;
using Streaming.Core.Streams;

namespace Streaming.Core.Data.Mappings;

internal sealed class CutoffMapping : IEntityTypeConfiguration<Cutoff>
{
    public void Configure(EntityTypeBuilder<Cutoff> cutoff)
    {
        cutoff.Property(c => c.Id).ValueGeneratedNever();
        cutoff.Property(c => c.Reason).HasMaxLength(32);
        cutoff.Property(c => c.Note).HasMaxLength(Cutoff.NoteMax * 2); // code points, which are up to two characters each
        cutoff.HasOne<Channel>().WithMany().HasForeignKey(c => c.ChannelId).OnDelete(DeleteBehavior.Cascade);
        cutoff.HasIndex(c => new { c.ChannelId, c.At });
        cutoff.HasIndex(c => c.OffUntil);
        cutoff.HasIndex(c => c.ChannelId).HasFilter("enforced_at is null").HasDatabaseName("ix_cutoffs_unenforced");
    }
}
