using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Streaming.Core.Creators;
using Streaming.Core.Idempotency;

namespace Streaming.Core.Data.Mappings;

internal sealed class RememberedRequestMapping : IEntityTypeConfiguration<RememberedRequest>
{
    public void Configure(EntityTypeBuilder<RememberedRequest> request)
    {
        request.HasKey(r => new { r.UserId, r.Route, r.KeySha256 });
        request.HasOne<User>().WithMany().HasForeignKey(r => r.UserId).OnDelete(DeleteBehavior.Cascade);
        request.HasIndex(r => r.CreatedAt);
    }
}
