using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Streaming.Core.Sessions;
using Streaming.Core.Streams;

namespace Streaming.Core.Data.Mappings;

internal sealed class HistoryMapping : IEntityTypeConfiguration<Correction>, IEntityTypeConfiguration<TimelineEntry>
{
    public void Configure(EntityTypeBuilder<Correction> correction)
    {
        correction.Property(c => c.Kind).HasConversion<string>().HasMaxLength(24);
        correction.Property(c => c.At).HasDefaultValueSql("now()");
        correction.HasOne<Channel>().WithMany().HasForeignKey(c => c.ChannelId).OnDelete(DeleteBehavior.Cascade);
        correction.HasIndex(c => c.At);
    }

    public void Configure(EntityTypeBuilder<TimelineEntry> entry)
    {
        entry.ToTable("timeline");
        entry.Property(e => e.Transition).HasConversion<string>().HasMaxLength(16);
        entry.Property(e => e.Cause).HasConversion<string>().HasMaxLength(16);
        entry.Property(e => e.RecordedAt).HasDefaultValueSql("now()");
        entry.HasOne<Channel>().WithMany().HasForeignKey(e => e.ChannelId).OnDelete(DeleteBehavior.Cascade);
        entry.HasIndex(e => new { e.SessionId, e.Id });
        entry.Property(e => e.Subject).HasMaxLength(256);
        entry.Property(e => e.ReplacedBy).HasMaxLength(256);
        entry.HasIndex(e => new { e.SessionId, e.Subject }).IsUnique().HasFilter("transition = 'DurationWarning'").HasDatabaseName("ix_timeline_one_warning");
        entry.HasIndex(e => e.SessionId).IsUnique().HasFilter("transition = 'Started'").HasDatabaseName("ix_timeline_one_start");
    }
}
