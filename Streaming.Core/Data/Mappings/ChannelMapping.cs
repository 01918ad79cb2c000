using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Streaming.Core.Creators;
using Streaming.Core.Streams;

namespace Streaming.Core.Data.Mappings;

internal sealed class ChannelMapping : IEntityTypeConfiguration<Channel>
{
    public void Configure(EntityTypeBuilder<Channel> channel)
    {
        channel.Property(c => c.Id).ValueGeneratedNever();
        channel.Property(c => c.Title).HasMaxLength(Channel.TitleMax * 2); // code points, which are up to two characters each
        channel.Property(c => c.Thumbnail).HasMaxLength(Channel.ThumbnailMax);
        channel.Property(c => c.Category).HasMaxLength(Channel.CategoryMax * 2);
        channel.Property(c => c.Language).HasMaxLength(LanguageTag.MaxLength);
        channel.Property(c => c.Tags).HasColumnType("text[]").HasDefaultValueSql("'{}'");
        channel.Property(c => c.IsMature).HasDefaultValue(false);
        channel.Property(c => c.Visibility).HasConversion<string>().HasMaxLength(16).HasDefaultValueSql("'Public'").HasSentinel(Visibility.Public);
        channel.Property(c => c.MaxDurationMinutes).HasDefaultValue(Channel.DefaultMaxDurationMinutes);
        channel.Property(c => c.OnContest).HasConversion<string>().HasMaxLength(8).HasDefaultValue(ContestRule.Alert).HasSentinel(ContestRule.Alert);
        channel.Property(c => c.AllowsGuests).HasDefaultValue(true);
        channel.HasOne<User>().WithMany().HasForeignKey(c => c.UserId).OnDelete(DeleteBehavior.Restrict);
        channel.HasIndex(c => c.UserId).IsUnique();
        channel.Property<uint>("xmin").IsRowVersion();
    }
}
