using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Streaming.Core.LiveUpdates;
using Streaming.Core.Sessions;

namespace Streaming.Core.Data.Mappings;

internal sealed class RoomDescriptionMapping : IEntityTypeConfiguration<RoomDescription>
{
    public void Configure(EntityTypeBuilder<RoomDescription> description)
    {
        description.HasKey(d => d.RoomSid);
        description.HasIdentifiers(nameof(RoomDescription.RoomSid));
        description.HasOne<RoomSession>().WithOne().HasForeignKey<RoomDescription>(d => d.RoomSid).OnDelete(DeleteBehavior.Cascade);
        description.Property(d => d.Told).HasColumnType("xid");
    }
}
