using System;
using Microsoft.EntityFrameworkCore.Migrations;
using Npgsql.EntityFrameworkCore.PostgreSQL.Metadata;

#nullable disable

namespace Streaming.Core.Data.Migrations
{
    /// <inheritdoc />
    public partial class Pipeline : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropPrimaryKey(
                name: "pk_webhook_spool",
                table: "webhook_spool");

            migrationBuilder.DropIndex(
                name: "ix_webhook_spool_received_at",
                table: "webhook_spool");

            migrationBuilder.DropIndex(
                name: "ix_presences_present",
                table: "presences");

            migrationBuilder.DropIndex(
                name: "ix_ingest_segments_channel_id_started_at",
                table: "ingest_segments");

            migrationBuilder.AddColumn<long>(
                name: "id",
                table: "webhook_spool",
                type: "bigint",
                nullable: false,
                defaultValue: 0L)
                .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityAlwaysColumn);

            migrationBuilder.AddColumn<string>(
                name: "entry_id",
                table: "processed_events",
                type: "text",
                nullable: false,
                defaultValue: "");

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "missing_at",
                table: "presences",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "seen_at",
                table: "presences",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "missing_at",
                table: "ingest_segments",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "seen_at",
                table: "ingest_segments",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "seen_from",
                table: "ingest_segments",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<bool>(
                name: "is_present",
                table: "presences",
                type: "boolean",
                nullable: false,
                computedColumnSql: "joined_at is not null and left_at is null and (missing_at is null or coalesce(seen_at > missing_at, false))",
                stored: true);

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "began_at",
                table: "ingest_segments",
                type: "timestamp with time zone",
                nullable: true,
                computedColumnSql: "coalesce(started_at, seen_from)",
                stored: true);

            migrationBuilder.AddPrimaryKey(
                name: "pk_webhook_spool",
                table: "webhook_spool",
                column: "id");

            migrationBuilder.CreateTable(
                name: "accounting",
                columns: table => new
                {
                    page = table.Column<int>(type: "integer", nullable: false),
                    applied = table.Column<long>(type: "bigint", nullable: false, defaultValue: 0L),
                    superseded = table.Column<long>(type: "bigint", nullable: false, defaultValue: 0L),
                    skipped = table.Column<long>(type: "bigint", nullable: false, defaultValue: 0L),
                    duplicate = table.Column<long>(type: "bigint", nullable: false, defaultValue: 0L),
                    dead = table.Column<long>(type: "bigint", nullable: false, defaultValue: 0L),
                    spooled = table.Column<long>(type: "bigint", nullable: false, defaultValue: 0L)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_accounting", x => x.page);
                });

            migrationBuilder.CreateTable(
                name: "administrators",
                columns: table => new
                {
                    user_id = table.Column<string>(type: "character varying(64)", nullable: false),
                    granted_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_administrators", x => x.user_id);
                    table.ForeignKey(
                        name: "fk_administrators_users_user_id",
                        column: x => x.user_id,
                        principalTable: "users",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "corrections",
                columns: table => new
                {
                    id = table.Column<long>(type: "bigint", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false, defaultValueSql: "now()"),
                    channel_id = table.Column<Guid>(type: "uuid", nullable: false),
                    kind = table.Column<string>(type: "character varying(24)", maxLength: 24, nullable: false),
                    subject = table.Column<string>(type: "text", nullable: false),
                    room_sid = table.Column<string>(type: "text", nullable: true),
                    first_seen_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_corrections", x => x.id);
                    table.ForeignKey(
                        name: "fk_corrections_channels_channel_id",
                        column: x => x.channel_id,
                        principalTable: "channels",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "duplicate_deliveries",
                columns: table => new
                {
                    entry_id = table.Column<string>(type: "text", nullable: false),
                    event_id = table.Column<string>(type: "text", nullable: false),
                    at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false, defaultValueSql: "now()")
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_duplicate_deliveries", x => x.entry_id);
                });

            migrationBuilder.CreateTable(
                name: "queue_lives",
                columns: table => new
                {
                    id = table.Column<string>(type: "text", nullable: false),
                    received_before = table.Column<long>(type: "bigint", nullable: false),
                    first_seen_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false, defaultValueSql: "now()")
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_queue_lives", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "timeline",
                columns: table => new
                {
                    id = table.Column<long>(type: "bigint", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    channel_id = table.Column<Guid>(type: "uuid", nullable: false),
                    session_id = table.Column<Guid>(type: "uuid", nullable: false),
                    transition = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: false),
                    at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    reason = table.Column<string>(type: "text", nullable: true),
                    cause = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: false),
                    evidence = table.Column<string>(type: "text", nullable: false),
                    recorded_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false, defaultValueSql: "now()")
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_timeline", x => x.id);
                    table.ForeignKey(
                        name: "fk_timeline_channels_channel_id",
                        column: x => x.channel_id,
                        principalTable: "channels",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "ix_webhook_spool_event_id",
                table: "webhook_spool",
                column: "event_id",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ix_presences_present",
                table: "presences",
                columns: new[] { "channel_id", "role" },
                filter: "is_present");

            migrationBuilder.CreateIndex(
                name: "ix_ingest_segments_channel_id_began_at",
                table: "ingest_segments",
                columns: new[] { "channel_id", "began_at" });

            migrationBuilder.CreateIndex(
                name: "ix_ingest_segments_open",
                table: "ingest_segments",
                column: "channel_id",
                filter: "began_at is not null and ended_at is null");

            migrationBuilder.CreateIndex(
                name: "ix_corrections_at",
                table: "corrections",
                column: "at");

            migrationBuilder.CreateIndex(
                name: "ix_corrections_channel_id",
                table: "corrections",
                column: "channel_id");

            migrationBuilder.CreateIndex(
                name: "ix_duplicate_deliveries_at",
                table: "duplicate_deliveries",
                column: "at");

            migrationBuilder.CreateIndex(
                name: "ix_timeline_channel_id",
                table: "timeline",
                column: "channel_id");

            migrationBuilder.CreateIndex(
                name: "ix_timeline_one_start",
                table: "timeline",
                column: "session_id",
                unique: true,
                filter: "transition = 'Started'");

            migrationBuilder.CreateIndex(
                name: "ix_timeline_session_id_id",
                table: "timeline",
                columns: new[] { "session_id", "id" });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "accounting");

            migrationBuilder.DropTable(
                name: "administrators");

            migrationBuilder.DropTable(
                name: "corrections");

            migrationBuilder.DropTable(
                name: "duplicate_deliveries");

            migrationBuilder.DropTable(
                name: "queue_lives");

            migrationBuilder.DropTable(
                name: "timeline");

            migrationBuilder.DropPrimaryKey(
                name: "pk_webhook_spool",
                table: "webhook_spool");

            migrationBuilder.DropIndex(
                name: "ix_webhook_spool_event_id",
                table: "webhook_spool");

            migrationBuilder.DropIndex(
                name: "ix_presences_present",
                table: "presences");

            migrationBuilder.DropIndex(
                name: "ix_ingest_segments_channel_id_began_at",
                table: "ingest_segments");

            migrationBuilder.DropIndex(
                name: "ix_ingest_segments_open",
                table: "ingest_segments");

            migrationBuilder.DropColumn(
                name: "is_present",
                table: "presences");

            migrationBuilder.DropColumn(
                name: "began_at",
                table: "ingest_segments");

            migrationBuilder.DropColumn(
                name: "id",
                table: "webhook_spool");

            migrationBuilder.DropColumn(
                name: "entry_id",
                table: "processed_events");

            migrationBuilder.DropColumn(
                name: "missing_at",
                table: "presences");

            migrationBuilder.DropColumn(
                name: "seen_at",
                table: "presences");

            migrationBuilder.DropColumn(
                name: "missing_at",
                table: "ingest_segments");

            migrationBuilder.DropColumn(
                name: "seen_at",
                table: "ingest_segments");

            migrationBuilder.DropColumn(
                name: "seen_from",
                table: "ingest_segments");

            migrationBuilder.AddPrimaryKey(
                name: "pk_webhook_spool",
                table: "webhook_spool",
                column: "event_id");

            migrationBuilder.CreateIndex(
                name: "ix_webhook_spool_received_at",
                table: "webhook_spool",
                column: "received_at");

            migrationBuilder.CreateIndex(
                name: "ix_presences_present",
                table: "presences",
                columns: new[] { "channel_id", "role" },
                filter: "joined_at is not null and left_at is null");

            migrationBuilder.CreateIndex(
                name: "ix_ingest_segments_channel_id_started_at",
                table: "ingest_segments",
                columns: new[] { "channel_id", "started_at" });
        }
    }
}
