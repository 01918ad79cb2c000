using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Streaming.Core.Creators;
using Streaming.Core.LiveUpdates;

namespace Streaming.Core.Data.Mappings;

internal sealed class UpdateMapping : IEntityTypeConfiguration<Update>, IEntityTypeConfiguration<UpdateLogEnds>
{
    /// <summary>No foreign keys: it is gone within the hour, and a hundred thousand may be written at once.</summary>
    public void Configure(EntityTypeBuilder<Update> update)
    {
        update.ToTable(t => t.HasCheckConstraint("ck_updates_one_audience", "(channel_id is null) <> (user_id is null)"));
        update.Property(u => u.UserId).HasMaxLength(User.IdMax);
        update.Property(u => u.Type).HasMaxLength(Update.TypeMax);
        update.Property(u => u.Body).HasColumnType("jsonb");
        update.Property(u => u.IsForOwner).HasDefaultValue(false);
        update.HasIndex(u => u.Id).HasFilter("position is null").HasDatabaseName("ix_updates_unplaced");

        // Nobody looks for it by anything else before it has its place: so writing one costs a transaction little.
        update.HasIndex(u => u.Position).IsUnique().HasFilter("position is not null");
        update.HasIndex(u => new { u.ChannelId, u.Position }).HasFilter("channel_id is not null and position is not null");
        update.HasIndex(u => new { u.UserId, u.Position }).HasFilter("user_id is not null and position is not null");
    }

    public void Configure(EntityTypeBuilder<UpdateLogEnds> ends)
    {
        ends.ToTable("update_log");
        ends.Property(e => e.Id).ValueGeneratedNever();
        ends.HasData(new { Id = 1, Head = 0L, Forgotten = 0L });
    }
}
