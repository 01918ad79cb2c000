using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Streaming.Core.Events;

namespace Streaming.Core.Data.Mappings;

internal sealed class AccountingMapping : IEntityTypeConfiguration<AccountPage>, IEntityTypeConfiguration<DuplicateDelivery>, IEntityTypeConfiguration<QueueLife>
{
    public void Configure(EntityTypeBuilder<AccountPage> page)
    {
        page.ToTable("accounting");
        page.HasKey(p => p.Page);
        page.Property(p => p.Page).ValueGeneratedNever();
        foreach (var count in new[] { nameof(AccountPage.Applied), nameof(AccountPage.Superseded), nameof(AccountPage.Skipped), nameof(AccountPage.Duplicate), nameof(AccountPage.Dead), nameof(AccountPage.Spooled) })
            page.Property(count).HasDefaultValue(0L);
    }

    public void Configure(EntityTypeBuilder<DuplicateDelivery> delivery)
    {
        delivery.HasKey(d => d.EntryId);
        delivery.Property(d => d.At).HasDefaultValueSql("now()");
        delivery.HasIndex(d => d.At);
    }

    public void Configure(EntityTypeBuilder<QueueLife> life)
    {
        life.HasKey(l => l.Id);
        life.Property(l => l.FirstSeenAt).HasDefaultValueSql("now()");
    }
}
