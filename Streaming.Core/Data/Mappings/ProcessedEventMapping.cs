using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Streaming.Core.Events;

namespace Streaming.Core.Data.Mappings;

internal sealed class ProcessedEventMapping : IEntityTypeConfiguration<ProcessedEvent>
{
    public void Configure(EntityTypeBuilder<ProcessedEvent> processed)
    {
        processed.HasKey(p => p.EventId);
        processed.HasIdentifiers(nameof(ProcessedEvent.EventId));
        processed.Property(p => p.Kind).HasMaxLength(64);
        processed.Property(p => p.Outcome).HasConversion<string>().HasMaxLength(16);
        processed.Property(p => p.EntryId).HasDefaultValue("");
        processed.Property(p => p.ProcessedAt).HasDefaultValueSql("now()");
        processed.HasIndex(p => p.ProcessedAt).HasMethod("brin"); // rows come in its order: next to nothing to write, and enough to find the old ones
    }
}
