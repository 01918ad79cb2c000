using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Streaming.Core.Streams;

namespace Streaming.Core.Data.Mappings;

internal sealed class IngressMapping : IEntityTypeConfiguration<Ingress>
{
    public void Configure(EntityTypeBuilder<Ingress> ingress)
    {
        ingress.Property(i => i.Id).HasMaxLength(128);
        ingress.Property(i => i.Type).HasConversion<string>().HasMaxLength(8);
        ingress.Property(i => i.KeyLast4).HasMaxLength(4);
        ingress.HasOne<Channel>().WithMany().HasForeignKey(i => i.ChannelId).OnDelete(DeleteBehavior.Cascade);
        ingress.HasIndex(i => i.ChannelId).IsUnique().HasFilter("deleted_at is null").HasDatabaseName("ix_ingresses_one_per_channel");
        ingress.HasIndex(i => i.Id).HasFilter("deleted_at is null and is_enabled is distinct from true").HasDatabaseName("ix_ingresses_not_enabled");
        ingress.Property<uint>("xmin").IsRowVersion();
    }
}
