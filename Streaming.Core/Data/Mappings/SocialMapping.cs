using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Streaming.Core.Creators;
using Streaming.Core.Social;
using Streaming.Core.Streams;

namespace Streaming.Core.Data.Mappings;

internal sealed class SocialMapping : IEntityTypeConfiguration<Follow>, IEntityTypeConfiguration<Notice>, IEntityTypeConfiguration<NoticeFanOut>, IEntityTypeConfiguration<Block>
{
    public void Configure(EntityTypeBuilder<Follow> follow)
    {
        follow.HasKey(f => new { f.FollowerId, f.FolloweeId });
        follow.HasOne<User>().WithMany().HasForeignKey(f => f.FollowerId).OnDelete(DeleteBehavior.Cascade);
        follow.HasOne<User>().WithMany().HasForeignKey(f => f.FolloweeId).OnDelete(DeleteBehavior.Cascade);
        follow.HasIndex(f => new { f.FollowerId, f.FollowedAt });
        follow.HasIndex(f => new { f.FolloweeId, f.FollowerId });
        follow.Property(f => f.Notify).HasDefaultValue(true);
    }

    public void Configure(EntityTypeBuilder<Notice> notice)
    {
        notice.HasKey(n => new { n.UserId, n.SessionId }); // nobody is told twice; and ids of sessions grow with time, so it is the order to read them in too
        notice.HasOne<User>().WithMany().HasForeignKey(n => n.UserId).OnDelete(DeleteBehavior.Cascade);
        notice.HasIndex(n => n.At).HasMethod("brin"); // to forget the old ones by: it costs next to nothing to keep
    }

    public void Configure(EntityTypeBuilder<NoticeFanOut> fanOut)
    {
        fanOut.HasKey(f => f.SessionId);
        fanOut.Property(f => f.SessionId).ValueGeneratedNever();
        fanOut.HasOne<Channel>().WithMany().HasForeignKey(f => f.ChannelId).OnDelete(DeleteBehavior.Cascade);
        fanOut.HasIndex(f => new { f.ChannelId, f.SessionStartedAt });
        fanOut.HasIndex(f => f.MovedAt).HasFilter("closed_at is null").HasDatabaseName("ix_notice_fan_outs_open");
    }

    public void Configure(EntityTypeBuilder<Block> block)
    {
        block.HasKey(b => new { b.BlockerId, b.BlockedId });
        block.HasOne<User>().WithMany().HasForeignKey(b => b.BlockerId).OnDelete(DeleteBehavior.Cascade);
        block.HasOne<User>().WithMany().HasForeignKey(b => b.BlockedId).OnDelete(DeleteBehavior.Cascade);
        block.HasIndex(b => b.BlockedId);
    }
}
