using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Streaming.Core.Events;

namespace Streaming.Core.Data.Mappings;

internal sealed class DeadLetterMapping : IEntityTypeConfiguration<DeadLetter>
{
    public void Configure(EntityTypeBuilder<DeadLetter> letter)
    {
        letter.HasKey(l => l.EventId);
        letter.Property(l => l.Projection).HasColumnType("jsonb");
    }
}
