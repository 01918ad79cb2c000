using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Streaming.Core.Sessions;
using Streaming.Core.Streams;

namespace Streaming.Core.Data.Mappings;

internal sealed class IngestSegmentMapping : IEntityTypeConfiguration<IngestSegment>
{
    public void Configure(EntityTypeBuilder<IngestSegment> segment)
    {
        segment.HasKey(s => s.ResourceId);
        segment.HasIdentifiers(nameof(IngestSegment.ResourceId), nameof(IngestSegment.RoomSid));
        segment.Property(s => s.Source).HasConversion<string>().HasMaxLength(8);
        segment.HasOne<Channel>().WithMany().HasForeignKey(s => s.ChannelId).OnDelete(DeleteBehavior.Cascade);
        segment.Property(s => s.BeganAt).HasComputedColumnSql("coalesce(started_at, seen_from)", stored: true);
        segment.HasIndex(s => new { s.ChannelId, s.BeganAt });
        segment.HasIndex(s => s.ChannelId).HasFilter("began_at is not null and ended_at is null").HasDatabaseName("ix_ingest_segments_open");
        segment.Property(s => s.LedgeredAs).HasConversion<string>().HasMaxLength(16);
        segment.HasIndex(s => s.ResourceId).HasFilter($"source = 'Ingress' and ledgered_as is distinct from {IngestSegment.UseOutcomeSql}").HasDatabaseName("ix_ingest_segments_unledgered");
        segment.HasIndex(s => s.RoomSid);
        segment.HasIndex(s => s.StoppedAt).HasFilter("failure is not null and began_at is null").HasDatabaseName("ix_ingest_segments_refused");
    }
}
