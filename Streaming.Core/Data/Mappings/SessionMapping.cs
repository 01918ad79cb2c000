using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Streaming.Core.Sessions;
using Streaming.Core.Streams;

namespace Streaming.Core.Data.Mappings;

internal sealed class SessionMapping : IEntityTypeConfiguration<Session>
{
    public void Configure(EntityTypeBuilder<Session> session)
    {
        session.Property(s => s.Id).ValueGeneratedNever();
        session.HasOne<Channel>().WithMany().HasForeignKey(s => s.ChannelId).OnDelete(DeleteBehavior.Cascade);
        session.HasIndex(s => new { s.ChannelId, s.StartedAt });
        session.HasIndex(s => s.MediaEndedAt);
        session.HasIndex(s => s.ChannelId).HasFilter("media_ended_at is null").HasDatabaseName("ix_sessions_live");
        session.HasIndex(s => s.ReconnectUntil).HasFilter("media_ended_at is not null");
        session.HasIndex(s => new { s.ChannelId, s.ReconnectUntil }, "Inconclusive").HasFilter("media_ended_at is not null and concluded_for is distinct from media_ended_at").HasDatabaseName("ix_sessions_inconclusive");
    }
}
