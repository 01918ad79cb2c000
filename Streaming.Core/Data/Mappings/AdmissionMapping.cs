using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Streaming.Core.Creators;
using Streaming.Core.Streams;
using Streaming.Core.Viewers;

namespace Streaming.Core.Data.Mappings;

internal sealed class AdmissionMapping : IEntityTypeConfiguration<AllowedViewer>, IEntityTypeConfiguration<Ban>, IEntityTypeConfiguration<GuestAddress>, IEntityTypeConfiguration<RoomCheck>
{
    public void Configure(EntityTypeBuilder<AllowedViewer> viewer)
    {
        viewer.HasKey(v => new { v.ChannelId, v.UserId });
        viewer.HasOne<Channel>().WithMany().HasForeignKey(v => v.ChannelId).OnDelete(DeleteBehavior.Cascade);
        viewer.HasOne<User>().WithMany().HasForeignKey(v => v.UserId).OnDelete(DeleteBehavior.Cascade);
    }

    public void Configure(EntityTypeBuilder<Ban> ban)
    {
        ban.HasKey(b => new { b.ChannelId, b.Person });
        ban.Property(b => b.Person).HasMaxLength(Ban.PersonMax);
        ban.Property(b => b.Scope).HasConversion<string>().HasMaxLength(8);
        ban.Property(b => b.Reason).HasMaxLength(Ban.ReasonMax * 2); // code points, which are up to two characters each
        ban.Property(b => b.BannedBy).HasMaxLength(User.IdMax);
        ban.HasOne<Channel>().WithMany().HasForeignKey(b => b.ChannelId).OnDelete(DeleteBehavior.Cascade);
        ban.HasOne<User>().WithMany().HasForeignKey(b => b.UserId).OnDelete(DeleteBehavior.Cascade);
        ban.HasIndex(b => new { b.ChannelId, b.BannedAt });
        ban.HasIndex(b => b.ChannelId, "ix_bans_of_guests").HasFilter("user_id is null");
        ban.HasIndex(b => b.Until);
    }

    public void Configure(EntityTypeBuilder<GuestAddress> guest)
    {
        guest.HasKey(g => new { g.Person, g.Address });
        guest.Property(g => g.Person).HasMaxLength(Ban.PersonMax);
        guest.Property(g => g.Address).HasMaxLength(32);
        guest.HasIndex(g => g.NotedAt);
    }

    public void Configure(EntityTypeBuilder<RoomCheck> check)
    {
        check.HasKey(c => new { c.ChannelId, c.Person });
        check.HasOne<Channel>().WithMany().HasForeignKey(c => c.ChannelId).OnDelete(DeleteBehavior.Cascade);
        check.HasIndex(c => c.DueAt);
    }
}
