using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Streaming.Core.Events;

namespace Streaming.Core.Data.Mappings;

internal sealed class SpooledEventMapping : IEntityTypeConfiguration<SpooledEvent>
{
    public void Configure(EntityTypeBuilder<SpooledEvent> spooled)
    {
        spooled.ToTable("webhook_spool");
        spooled.HasKey(s => s.Id);
        spooled.Property(s => s.Id).UseIdentityAlwaysColumn();
        spooled.HasIndex(s => s.EventId).IsUnique();
    }
}
