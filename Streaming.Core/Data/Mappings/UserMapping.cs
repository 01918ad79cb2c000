using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Streaming.Core.Creators;

namespace Streaming.Core.Data.Mappings;

internal sealed class UserMapping : IEntityTypeConfiguration<User>
{
    public void Configure(EntityTypeBuilder<User> user)
    {
        user.HasKey(u => u.Id);
        user.Property(u => u.Id).HasMaxLength(User.IdMax);
        user.Property(u => u.Username).HasMaxLength(Username.Max);
        user.Property(u => u.FollowerCount).HasDefaultValue(0);
        user.HasIndex(u => u.Username).IsUnique();
    }
}
