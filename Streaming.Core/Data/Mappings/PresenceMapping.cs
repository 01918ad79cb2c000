using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Streaming.Core.Streams;
using Streaming.Core.Viewers;

namespace Streaming.Core.Data.Mappings;

internal sealed class PresenceMapping : IEntityTypeConfiguration<Presence>
{
    public void Configure(EntityTypeBuilder<Presence> presence)
    {
        presence.HasKey(p => p.ParticipantSid);
        presence.HasIdentifiers(nameof(Presence.ParticipantSid), nameof(Presence.RoomSid), nameof(Presence.Person));
        presence.Property(p => p.Role).HasConversion<string>().HasMaxLength(8);
        presence.HasOne<Channel>().WithMany().HasForeignKey(p => p.ChannelId).OnDelete(DeleteBehavior.Cascade);
        presence.Property(p => p.IsPresent).HasComputedColumnSql(
            "joined_at is not null and left_at is null and (missing_at is null or coalesce(seen_at > missing_at, false))", stored: true);
        presence.HasIndex(p => new { p.ChannelId, p.RoomSid, p.Role, p.Person }).HasFilter("is_present").HasDatabaseName("ix_presences_present"); // by rooms that are open: those who were left in a closed one may be many
        presence.HasIndex(p => p.RoomSid);
    }
}
