using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Streaming.Core.Creators;

namespace Streaming.Core.Data.Mappings;

internal sealed class CreatorApplicationMapping : IEntityTypeConfiguration<CreatorApplication>
{
    public void Configure(EntityTypeBuilder<CreatorApplication> application)
    {
        application.Property(a => a.Id).ValueGeneratedNever();
        application.Property(a => a.Status).HasConversion<string>().HasMaxLength(16);
        application.HasOne<User>().WithMany().HasForeignKey(a => a.UserId).OnDelete(DeleteBehavior.Cascade);
        application.HasIndex(a => a.UserId).IsUnique();
        application.Property<uint>("xmin").IsRowVersion();
    }
}
