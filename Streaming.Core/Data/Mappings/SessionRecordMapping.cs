using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Streaming.Core.Sessions;
using Streaming.Core.Streams;

namespace Streaming.Core.Data.Mappings;

internal sealed class SessionRecordMapping : IEntityTypeConfiguration<SessionSnapshot>, IEntityTypeConfiguration<SessionAudience>, IEntityTypeConfiguration<Marker>
{
    public void Configure(EntityTypeBuilder<SessionSnapshot> snapshot)
    {
        snapshot.HasKey(s => s.SessionId);
        snapshot.Property(s => s.Title).HasMaxLength(Channel.TitleMax * 2);
        snapshot.Property(s => s.Thumbnail).HasMaxLength(Channel.ThumbnailMax);
        snapshot.Property(s => s.Category).HasMaxLength(Channel.CategoryMax * 2);
        snapshot.Property(s => s.Language).HasMaxLength(LanguageTag.MaxLength);
        snapshot.Property(s => s.Tags).HasColumnType("text[]");
        snapshot.Property(s => s.Visibility).HasConversion<string>().HasMaxLength(16);
        snapshot.Property(s => s.OnContest).HasConversion<string>().HasMaxLength(8);
        snapshot.Property(s => s.Quality).HasConversion<string>().HasMaxLength(16);
        snapshot.HasOne<Channel>().WithMany().HasForeignKey(s => s.ChannelId).OnDelete(DeleteBehavior.Cascade);
    }

    public void Configure(EntityTypeBuilder<SessionAudience> audience)
    {
        audience.HasKey(a => a.SessionId);
        audience.HasOne<Session>().WithOne().HasForeignKey<SessionAudience>(a => a.SessionId).OnDelete(DeleteBehavior.Cascade);
    }

    public void Configure(EntityTypeBuilder<Marker> marker)
    {
        marker.Property(m => m.Id).ValueGeneratedNever();
        marker.Property(m => m.Description).HasMaxLength(Marker.DescriptionMax * 2); // code points, which are up to two characters each
        marker.Property(m => m.CreatedAt).HasDefaultValueSql("now()");
        marker.HasOne<Channel>().WithMany().HasForeignKey(m => m.ChannelId).OnDelete(DeleteBehavior.Cascade);
        marker.HasIndex(m => new { m.ChannelId, m.At });
    }
}
