using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Streaming.Core.Discovery;
using Streaming.Core.Streams;

namespace Streaming.Core.Data.Mappings;

internal sealed class DiscoveryMapping : IEntityTypeConfiguration<SearchEntry>, IEntityTypeConfiguration<KeptOrder>
{
    public void Configure(EntityTypeBuilder<SearchEntry> entry)
    {
        entry.ToTable("channel_search");
        entry.HasKey(e => e.ChannelId);
        entry.HasOne<Channel>().WithOne().HasForeignKey<SearchEntry>(e => e.ChannelId).OnDelete(DeleteBehavior.Cascade);
        entry.HasIndex(e => e.Words).HasMethod("gin").HasOperators("gin_trgm_ops");
    }

    public void Configure(EntityTypeBuilder<KeptOrder> order)
    {
        order.ToTable("list_orders");
        order.Property(o => o.Id).ValueGeneratedNever();
        order.Property(o => o.MadeAt).HasDefaultValueSql("now()");
        order.HasIndex(o => o.MadeAt);
    }
}
