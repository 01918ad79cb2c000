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
        ingress.Property(i => i.Label).HasMaxLength(Ingress.LabelMax * 2); // code points, which are up to two characters each
        ingress.Property(i => i.Quality).HasConversion<string>().HasMaxLength(16);
        ingress.Property(i => i.LiveKitQuality).HasConversion<string>().HasMaxLength(16);
        ingress.Property(i => i.ReplacedById).HasMaxLength(128);
        ingress.HasIndex(i => i.ChannelId).HasFilter("deleted_at is null").HasDatabaseName("ix_ingresses_of_channel");
        ingress.HasIndex(i => new { i.ChannelId, i.IsPrimary }).IsUnique().HasFilter("deleted_at is null and is_primary").HasDatabaseName("ix_ingresses_one_primary");
        ingress.HasIndex(i => i.ReplacedById).HasFilter("deleted_at is null and replaced_by_id is not null").HasDatabaseName("ix_ingresses_replaced");
        ingress.HasIndex(i => i.LiveKitQuality).HasFilter("deleted_at is null and live_kit_quality is distinct from quality").HasDatabaseName("ix_ingresses_quality_due");
        ingress.HasIndex(i => i.Id).HasFilter("deleted_at is null and is_enabled is distinct from true").HasDatabaseName("ix_ingresses_not_enabled");
        ingress.Property<uint>("xmin").IsRowVersion();
    }
}
