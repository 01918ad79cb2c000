using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Streaming.Core.Creators;
using Streaming.Core.Privacy;

namespace Streaming.Core.Data.Mappings;

internal sealed class ErasureMapping : IEntityTypeConfiguration<Erasure>
{
    public void Configure(EntityTypeBuilder<Erasure> erasure)
    {
        erasure.Property(e => e.Id).ValueGeneratedNever();
        erasure.Property(e => e.UserId).HasMaxLength(User.IdMax);
        erasure.HasIndex(e => e.UserId).IsUnique();
    }
}
