using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Streaming.Core.Streams;

namespace Streaming.Core.Data.Mappings;

internal sealed class KeyLedgerMapping : IEntityTypeConfiguration<KeyLedgerEntry>, IEntityTypeConfiguration<KeyLedgerHead>
{
    public void Configure(EntityTypeBuilder<KeyLedgerEntry> entry)
    {
        entry.ToTable("key_ledger");
        entry.HasKey(e => new { e.ChannelId, e.Sequence });
        entry.Property(e => e.Kind).HasConversion<string>().HasMaxLength(16);
        entry.Property(e => e.IngressId).HasMaxLength(128);
        entry.HasOne<Channel>().WithMany().HasForeignKey(e => e.ChannelId).OnDelete(DeleteBehavior.Cascade);
        entry.HasIndex(e => new { e.IngressId, e.Sequence });
    }

    public void Configure(EntityTypeBuilder<KeyLedgerHead> head)
    {
        head.ToTable("key_ledger_heads");
        head.HasKey(h => h.ChannelId);
        head.HasOne<Channel>().WithMany().HasForeignKey(h => h.ChannelId).OnDelete(DeleteBehavior.Cascade);
    }
}
