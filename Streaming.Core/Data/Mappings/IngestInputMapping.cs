using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Streaming.Core.Health;
using Streaming.Core.Streams;

namespace Streaming.Core.Data.Mappings;

internal sealed class IngestInputMapping : IEntityTypeConfiguration<IngestInput>
{
    public void Configure(EntityTypeBuilder<IngestInput> input)
    {
        input.ToTable("ingest_inputs");
        input.HasKey(i => i.ResourceId);
        input.Property(i => i.VideoCodec).HasMaxLength(64);
        input.Property(i => i.AudioCodec).HasMaxLength(64);
        input.HasOne<Channel>().WithMany().HasForeignKey(i => i.ChannelId).OnDelete(DeleteBehavior.Cascade);
        input.HasIndex(i => new { i.ChannelId, i.SeenAt });
    }
}
