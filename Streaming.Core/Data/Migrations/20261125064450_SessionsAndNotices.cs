using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Streaming.Core.Data.Migrations
{
    /// <inheritdoc />
    public partial class SessionsAndNotices : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql("delete from ingest_inputs"); // of which connection they were is not known; those on the air are looked at within seconds

            migrationBuilder.DropPrimaryKey(
                name: "pk_ingest_inputs",
                table: "ingest_inputs");

            migrationBuilder.DropIndex(
                name: "ix_follows_followee_id",
                table: "follows");

            migrationBuilder.AddColumn<string>(
                name: "resource_id",
                table: "ingest_inputs",
                type: "text",
                nullable: false,
                defaultValue: "");

            migrationBuilder.AddColumn<bool>(
                name: "notify",
                table: "follows",
                type: "boolean",
                nullable: false,
                defaultValue: true);

            migrationBuilder.AddPrimaryKey(
                name: "pk_ingest_inputs",
                table: "ingest_inputs",
                column: "resource_id");

            migrationBuilder.CreateTable(
                name: "markers",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    channel_id = table.Column<Guid>(type: "uuid", nullable: false),
                    at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    description = table.Column<string>(type: "character varying(280)", maxLength: 280, nullable: true),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false, defaultValueSql: "now()")
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_markers", x => x.id);
                    table.ForeignKey(
                        name: "fk_markers_channels_channel_id",
                        column: x => x.channel_id,
                        principalTable: "channels",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "notice_fan_outs",
                columns: table => new
                {
                    session_id = table.Column<Guid>(type: "uuid", nullable: false),
                    channel_id = table.Column<Guid>(type: "uuid", nullable: false),
                    session_started_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    opened_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    position = table.Column<string>(type: "text", nullable: false),
                    told = table.Column<int>(type: "integer", nullable: false),
                    moved_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    closed_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_notice_fan_outs", x => x.session_id);
                    table.ForeignKey(
                        name: "fk_notice_fan_outs_channels_channel_id",
                        column: x => x.channel_id,
                        principalTable: "channels",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "notices",
                columns: table => new
                {
                    user_id = table.Column<string>(type: "character varying(64)", nullable: false),
                    session_id = table.Column<Guid>(type: "uuid", nullable: false),
                    channel_id = table.Column<Guid>(type: "uuid", nullable: false),
                    at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_notices", x => new { x.user_id, x.session_id });
                    table.ForeignKey(
                        name: "fk_notices_users_user_id",
                        column: x => x.user_id,
                        principalTable: "users",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "session_audiences",
                columns: table => new
                {
                    session_id = table.Column<Guid>(type: "uuid", nullable: false),
                    peak_viewers = table.Column<long>(type: "bigint", nullable: false),
                    average_viewers = table.Column<double>(type: "double precision", nullable: false),
                    settled_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_session_audiences", x => x.session_id);
                    table.ForeignKey(
                        name: "fk_session_audiences_sessions_session_id",
                        column: x => x.session_id,
                        principalTable: "sessions",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "session_snapshots",
                columns: table => new
                {
                    session_id = table.Column<Guid>(type: "uuid", nullable: false),
                    channel_id = table.Column<Guid>(type: "uuid", nullable: false),
                    title = table.Column<string>(type: "character varying(400)", maxLength: 400, nullable: false),
                    thumbnail = table.Column<string>(type: "character varying(2048)", maxLength: 2048, nullable: true),
                    category = table.Column<string>(type: "character varying(100)", maxLength: 100, nullable: true),
                    language = table.Column<string>(type: "character varying(35)", maxLength: 35, nullable: true),
                    tags = table.Column<string[]>(type: "text[]", nullable: false),
                    is_mature = table.Column<bool>(type: "boolean", nullable: false),
                    visibility = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: false),
                    allows_guests = table.Column<bool>(type: "boolean", nullable: false),
                    is_chat_enabled = table.Column<bool>(type: "boolean", nullable: false),
                    is_chat_delayed = table.Column<bool>(type: "boolean", nullable: false),
                    is_chat_followers_only = table.Column<bool>(type: "boolean", nullable: false),
                    reconnect_window_seconds = table.Column<int>(type: "integer", nullable: false),
                    max_duration_minutes = table.Column<int>(type: "integer", nullable: false),
                    on_contest = table.Column<string>(type: "character varying(8)", maxLength: 8, nullable: false),
                    quality = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: true),
                    taken_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_session_snapshots", x => x.session_id);
                    table.ForeignKey(
                        name: "fk_session_snapshots_channels_channel_id",
                        column: x => x.channel_id,
                        principalTable: "channels",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "ix_ingest_inputs_channel_id_seen_at",
                table: "ingest_inputs",
                columns: new[] { "channel_id", "seen_at" });

            migrationBuilder.CreateIndex(
                name: "ix_follows_followee_id_follower_id",
                table: "follows",
                columns: new[] { "followee_id", "follower_id" });

            migrationBuilder.CreateIndex(
                name: "ix_markers_channel_id_at",
                table: "markers",
                columns: new[] { "channel_id", "at" });

            migrationBuilder.CreateIndex(
                name: "ix_notice_fan_outs_channel_id_session_started_at",
                table: "notice_fan_outs",
                columns: new[] { "channel_id", "session_started_at" });

            migrationBuilder.CreateIndex(
                name: "ix_notice_fan_outs_open",
                table: "notice_fan_outs",
                column: "moved_at",
                filter: "closed_at is null");

            migrationBuilder.CreateIndex(
                name: "ix_notices_at",
                table: "notices",
                column: "at")
                .Annotation("Npgsql:IndexMethod", "brin");

            migrationBuilder.CreateIndex(
                name: "ix_session_snapshots_channel_id",
                table: "session_snapshots",
                column: "channel_id");

            migrationBuilder.Sql(SessionTriggers.Create);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql(SessionTriggers.Drop);
            migrationBuilder.Sql("delete from ingest_inputs");

            migrationBuilder.DropTable(
                name: "markers");

            migrationBuilder.DropTable(
                name: "notice_fan_outs");

            migrationBuilder.DropTable(
                name: "notices");

            migrationBuilder.DropTable(
                name: "session_audiences");

            migrationBuilder.DropTable(
                name: "session_snapshots");

            migrationBuilder.DropPrimaryKey(
                name: "pk_ingest_inputs",
                table: "ingest_inputs");

            migrationBuilder.DropIndex(
                name: "ix_ingest_inputs_channel_id_seen_at",
                table: "ingest_inputs");

            migrationBuilder.DropIndex(
                name: "ix_follows_followee_id_follower_id",
                table: "follows");

            migrationBuilder.DropColumn(
                name: "resource_id",
                table: "ingest_inputs");

            migrationBuilder.DropColumn(
                name: "notify",
                table: "follows");

            migrationBuilder.AddPrimaryKey(
                name: "pk_ingest_inputs",
                table: "ingest_inputs",
                column: "channel_id");

            migrationBuilder.CreateIndex(
                name: "ix_follows_followee_id",
                table: "follows",
                column: "followee_id");
        }
    }
}
