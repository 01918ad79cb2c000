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
        application.Property(a => a.About).HasMaxLength(CreatorApplication.AboutMax * 2); // code points, which are up to two characters each
        application.HasOne<User>().WithMany().HasForeignKey(a => a.UserId).OnDelete(DeleteBehavior.Cascade);
        application.HasIndex(a => a.UserId).IsUnique().HasFilter("status in ('Pending', 'Approved')").HasDatabaseName("ix_creator_applications_one_open");
        application.HasIndex(a => new { a.UserId, a.Id });
        application.HasIndex(a => new { a.Status, a.Id });
        application.Property<uint>("xmin").IsRowVersion();
    }
}
