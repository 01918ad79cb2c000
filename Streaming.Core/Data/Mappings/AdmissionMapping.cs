using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Streaming.Core.Creators;
using Streaming.Core.Streams;
using Streaming.Core.Viewers;

namespace Streaming.Core.Data.Mappings;

internal sealed class AdmissionMapping : IEntityTypeConfiguration<AllowedViewer>, IEntityTypeConfiguration<RoomCheck>
{
    public void Configure(EntityTypeBuilder<AllowedViewer> viewer)
    {
        viewer.HasKey(v => new { v.ChannelId, v.UserId });
        viewer.HasOne<Channel>().WithMany().HasForeignKey(v => v.ChannelId).OnDelete(DeleteBehavior.Cascade);
        viewer.HasOne<User>().WithMany().HasForeignKey(v => v.UserId).OnDelete(DeleteBehavior.Cascade);
    }

    public void Configure(EntityTypeBuilder<RoomCheck> check)
    {
        check.HasKey(c => new { c.ChannelId, c.Person });
        check.HasOne<Channel>().WithMany().HasForeignKey(c => c.ChannelId).OnDelete(DeleteBehavior.Cascade);
        check.HasIndex(c => c.DueAt);
    }
}
