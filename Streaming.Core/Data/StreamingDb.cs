using Microsoft.EntityFrameworkCore;
using Streaming.Core.Administration;
using Streaming.Core.Creators;
using Streaming.Core.Discovery;
using Streaming.Core.Events;
using Streaming.Core.Health;
using Streaming.Core.Idempotency;
using Streaming.Core.LiveUpdates;
using Streaming.Core.Privacy;
using Streaming.Core.Sessions;
using Streaming.Core.Social;
using Streaming.Core.Streams;
using Streaming.Core.Viewers;

namespace Streaming.Core.Data;

/// <summary>
/// The entities that people change, and for reading what the guarded writes derive from LiveKit's facts.
/// </summary>
public sealed class StreamingDb(DbContextOptions<StreamingDb> options) : DbContext(options)
{
    /// <summary>The name of the database and of its connection string.</summary>
    public const string Name = "streamingdb";

    public DbSet<User> Users => Set<User>();
    public DbSet<CreatorApplication> CreatorApplications => Set<CreatorApplication>();
    public DbSet<Follow> Follows => Set<Follow>();
    public DbSet<Notice> Notices => Set<Notice>();
    public DbSet<NoticeFanOut> NoticeFanOuts => Set<NoticeFanOut>();
    public DbSet<Block> Blocks => Set<Block>();
    public DbSet<AllowedViewer> AllowedViewers => Set<AllowedViewer>();
    public DbSet<Ban> Bans => Set<Ban>();
    public DbSet<GuestAddress> GuestAddresses => Set<GuestAddress>();
    public DbSet<RoomCheck> RoomChecks => Set<RoomCheck>();
    public DbSet<Channel> Channels => Set<Channel>();
    public DbSet<Ingress> Ingresses => Set<Ingress>();
    public DbSet<KeyLedgerEntry> KeyLedger => Set<KeyLedgerEntry>();
    public DbSet<KeyLedgerHead> KeyLedgerHeads => Set<KeyLedgerHead>();
    public DbSet<IngressHold> IngressHolds => Set<IngressHold>();
    public DbSet<IngestSegment> IngestSegments => Set<IngestSegment>();
    public DbSet<Session> Sessions => Set<Session>();
    public DbSet<SessionSnapshot> SessionSnapshots => Set<SessionSnapshot>();
    public DbSet<SessionAudience> SessionAudiences => Set<SessionAudience>();
    public DbSet<Marker> Markers => Set<Marker>();
    public DbSet<RoomSession> RoomSessions => Set<RoomSession>();
    public DbSet<Presence> Presences => Set<Presence>();
    public DbSet<ProcessedEvent> ProcessedEvents => Set<ProcessedEvent>();
    public DbSet<DeadLetter> DeadLetters => Set<DeadLetter>();
    public DbSet<SpooledEvent> WebhookSpool => Set<SpooledEvent>();
    public DbSet<LastBeat> WorkerPulse => Set<LastBeat>();
    public DbSet<DuplicateDelivery> DuplicateDeliveries => Set<DuplicateDelivery>();
    public DbSet<AccountPage> Accounting => Set<AccountPage>();
    public DbSet<QueueLife> QueueLives => Set<QueueLife>();
    public DbSet<Correction> Corrections => Set<Correction>();
    public DbSet<Cutoff> Cutoffs => Set<Cutoff>();
    public DbSet<Suspension> Suspensions => Set<Suspension>();
    public DbSet<IngestIssue> IngestIssues => Set<IngestIssue>();
    public DbSet<IngestInput> IngestInputs => Set<IngestInput>();
    public DbSet<TimelineEntry> Timeline => Set<TimelineEntry>();
    public DbSet<Update> Updates => Set<Update>();
    public DbSet<PublishedState> PublishedStates => Set<PublishedState>();
    public DbSet<AnnouncedSession> AnnouncedSessions => Set<AnnouncedSession>();
    public DbSet<RoomDescription> RoomDescriptions => Set<RoomDescription>();
    public DbSet<UpdateLogEnds> UpdateLog => Set<UpdateLogEnds>();
    public DbSet<RememberedRequest> RememberedRequests => Set<RememberedRequest>();
    public DbSet<Administrator> Administrators => Set<Administrator>();
    public DbSet<AdminAuditEntry> AdminAudit => Set<AdminAuditEntry>();
    public DbSet<SearchEntry> ChannelSearch => Set<SearchEntry>();
    public DbSet<KeptOrder> ListOrders => Set<KeptOrder>();
    public DbSet<Erasure> Erasures => Set<Erasure>();

    /// <summary>The one way in which <see cref="StreamingDb"/> is set up, at run time and when migrations are made.</summary>
    public static DbContextOptionsBuilder Configure(DbContextOptionsBuilder options, Npgsql.NpgsqlDataSource source) =>
        options.UseNpgsql(source).UseSnakeCaseNamingConvention();

    protected override void OnModelCreating(ModelBuilder modelBuilder) =>
        modelBuilder.HasPostgresExtension("pg_trgm").ApplyConfigurationsFromAssembly(typeof(StreamingDb).Assembly);
}
