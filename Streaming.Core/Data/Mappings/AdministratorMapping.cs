using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Streaming.Core.Creators;

namespace Streaming.Core.Data.Mappings;

internal sealed class AdministratorMapping : IEntityTypeConfiguration<Administrator>
{
    public void Configure(EntityTypeBuilder<Administrator> administrator)
    {
        administrator.HasKey(a => a.UserId);
        administrator.HasOne<User>().WithOne().HasForeignKey<Administrator>(a => a.UserId).OnDelete(DeleteBehavior.Cascade);
    }
}
