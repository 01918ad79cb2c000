using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Streaming.Core.Health;
using Streaming.Core.Streams;

namespace Streaming.Core.Data.Mappings;

internal sealed class IngestIssueMapping : IEntityTypeConfiguration<IngestIssue>
{
    public void Configure(EntityTypeBuilder<IngestIssue> issue)
    {
        issue.ToTable("ingest_issues");
        issue.Property(i => i.Code).HasMaxLength(32);
        issue.HasOne<Channel>().WithMany().HasForeignKey(i => i.ChannelId).OnDelete(DeleteBehavior.Cascade);
        issue.HasIndex(i => new { i.SessionId, i.Code }).IsUnique().HasFilter("closed_at is null").HasDatabaseName("ix_ingest_issues_open");
        issue.HasIndex(i => new { i.ChannelId, i.Id });
    }
}
