using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Streaming.Core.Sessions;
using Streaming.Core.Streams;

namespace Streaming.Core.Data.Mappings;

internal sealed class RoomSessionMapping : IEntityTypeConfiguration<RoomSession>
{
    public void Configure(EntityTypeBuilder<RoomSession> room)
    {
        room.HasKey(r => r.RoomSid);
        room.HasIdentifiers(nameof(RoomSession.RoomSid));
        room.HasOne<Channel>().WithMany().HasForeignKey(r => r.ChannelId).OnDelete(DeleteBehavior.Cascade);
        room.HasIndex(r => r.ChannelId);
        room.HasIndex(r => r.ChannelId, "Open").HasFilter("finished_at is null").HasDatabaseName("ix_room_sessions_open"); // where viewers are counted, which is all the time
    }
}
