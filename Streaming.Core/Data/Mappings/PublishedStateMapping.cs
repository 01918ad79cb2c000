using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Streaming.Core.LiveUpdates;
using Streaming.Core.Streams;

namespace Streaming.Core.Data.Mappings;

internal sealed class PublishedStateMapping : IEntityTypeConfiguration<PublishedState>, IEntityTypeConfiguration<AnnouncedSession>
{
    public void Configure(EntityTypeBuilder<PublishedState> state)
    {
        state.HasKey(s => s.ChannelId);
        state.Property(s => s.State).HasMaxLength(16);
        state.HasOne<Channel>().WithOne().HasForeignKey<PublishedState>(s => s.ChannelId).OnDelete(DeleteBehavior.Cascade);
    }

    /// <summary>A session may turn out to be part of another and be gone: that it was announced stays.</summary>
    public void Configure(EntityTypeBuilder<AnnouncedSession> session)
    {
        session.HasKey(s => s.SessionId);
        session.Property(s => s.SessionId).ValueGeneratedNever();
        session.HasOne<Channel>().WithMany().HasForeignKey(s => s.ChannelId).OnDelete(DeleteBehavior.Cascade);
        session.HasIndex(s => s.ChannelId).HasFilter("not is_over").HasDatabaseName("ix_announced_sessions_on");
    }
}
