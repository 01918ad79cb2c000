using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Streaming.Core.Streams;

namespace Streaming.Core.Data.Mappings;

internal sealed class IngressHoldMapping : IEntityTypeConfiguration<IngressHold>
{
    public void Configure(EntityTypeBuilder<IngressHold> hold)
    {
        hold.Property(h => h.Id).ValueGeneratedNever();
        hold.Property(h => h.Reason).HasConversion<string>().HasMaxLength(16);
        hold.HasOne<Channel>().WithMany().HasForeignKey(h => h.ChannelId).OnDelete(DeleteBehavior.Cascade);
        hold.HasOne<Ingress>().WithMany().HasForeignKey(h => h.IngressId).OnDelete(DeleteBehavior.Cascade);
        hold.HasIndex(h => new { h.ChannelId, h.IngressId, h.Reason }).IsUnique().AreNullsDistinct(false);
    }
}
