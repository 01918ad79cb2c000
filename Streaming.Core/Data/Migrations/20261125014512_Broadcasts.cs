using System;
using Microsoft.EntityFrameworkCore.Migrations;
using Npgsql.EntityFrameworkCore.PostgreSQL.Metadata;

#nullable disable

namespace Streaming.Core.Data.Migrations
{
    /// <inheritdoc />
    public partial class Broadcasts : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<string>(
                name: "replaced_by",
                table: "timeline",
                type: "character varying(256)",
                maxLength: 256,
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "subject",
                table: "timeline",
                type: "character varying(256)",
                maxLength: 256,
                nullable: true);

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "contested_at",
                table: "sessions",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "replaced_by",
                table: "ingest_segments",
                type: "text",
                nullable: true);

            migrationBuilder.AddColumn<int>(
                name: "max_duration_minutes",
                table: "channels",
                type: "integer",
                nullable: false,
                defaultValue: 720);

            migrationBuilder.AddColumn<string>(
                name: "on_contest",
                table: "channels",
                type: "character varying(8)",
                maxLength: 8,
                nullable: false,
                defaultValue: "Alert");

            migrationBuilder.CreateTable(
                name: "cutoffs",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    channel_id = table.Column<Guid>(type: "uuid", nullable: false),
                    at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    reason = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: false),
                    off_until = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    note = table.Column<string>(type: "character varying(400)", maxLength: 400, nullable: true),
                    enforced_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_cutoffs", x => x.id);
                    table.ForeignKey(
                        name: "fk_cutoffs_channels_channel_id",
                        column: x => x.channel_id,
                        principalTable: "channels",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "ingest_inputs",
                columns: table => new
                {
                    channel_id = table.Column<Guid>(type: "uuid", nullable: false),
                    seen_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    video_codec = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: true),
                    width = table.Column<int>(type: "integer", nullable: true),
                    height = table.Column<int>(type: "integer", nullable: true),
                    frames_per_second = table.Column<double>(type: "double precision", nullable: true),
                    video_bitrate = table.Column<int>(type: "integer", nullable: true),
                    audio_codec = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: true),
                    audio_bitrate = table.Column<int>(type: "integer", nullable: true),
                    audio_channels = table.Column<int>(type: "integer", nullable: true),
                    sample_rate = table.Column<int>(type: "integer", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_ingest_inputs", x => x.channel_id);
                    table.ForeignKey(
                        name: "fk_ingest_inputs_channels_channel_id",
                        column: x => x.channel_id,
                        principalTable: "channels",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "ingest_issues",
                columns: table => new
                {
                    id = table.Column<long>(type: "bigint", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    channel_id = table.Column<Guid>(type: "uuid", nullable: false),
                    session_id = table.Column<Guid>(type: "uuid", nullable: false),
                    code = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: false),
                    opened_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    closed_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_ingest_issues", x => x.id);
                    table.ForeignKey(
                        name: "fk_ingest_issues_channels_channel_id",
                        column: x => x.channel_id,
                        principalTable: "channels",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "suspensions",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    user_id = table.Column<string>(type: "character varying(64)", nullable: false),
                    reason = table.Column<string>(type: "character varying(1000)", maxLength: 1000, nullable: false),
                    suspended_by = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    suspended_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    until = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    lifted_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    lifted_by = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_suspensions", x => x.id);
                    table.ForeignKey(
                        name: "fk_suspensions_users_user_id",
                        column: x => x.user_id,
                        principalTable: "users",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Restrict);
                });

            migrationBuilder.CreateIndex(
                name: "ix_timeline_one_warning",
                table: "timeline",
                columns: new[] { "session_id", "subject" },
                unique: true,
                filter: "transition = 'DurationWarning'");

            migrationBuilder.CreateIndex(
                name: "ix_cutoffs_channel_id_at",
                table: "cutoffs",
                columns: new[] { "channel_id", "at" });

            migrationBuilder.CreateIndex(
                name: "ix_cutoffs_off_until",
                table: "cutoffs",
                column: "off_until");

            migrationBuilder.CreateIndex(
                name: "ix_cutoffs_unenforced",
                table: "cutoffs",
                column: "channel_id",
                filter: "enforced_at is null");

            migrationBuilder.CreateIndex(
                name: "ix_ingest_issues_channel_id_id",
                table: "ingest_issues",
                columns: new[] { "channel_id", "id" });

            migrationBuilder.CreateIndex(
                name: "ix_ingest_issues_open",
                table: "ingest_issues",
                columns: new[] { "session_id", "code" },
                unique: true,
                filter: "closed_at is null");

            migrationBuilder.CreateIndex(
                name: "ix_suspensions_in_force",
                table: "suspensions",
                column: "user_id",
                filter: "lifted_at is null");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "cutoffs");

            migrationBuilder.DropTable(
                name: "ingest_inputs");

            migrationBuilder.DropTable(
                name: "ingest_issues");

            migrationBuilder.DropTable(
                name: "suspensions");

            migrationBuilder.DropIndex(
                name: "ix_timeline_one_warning",
                table: "timeline");

            migrationBuilder.DropColumn(
                name: "replaced_by",
                table: "timeline");

            migrationBuilder.DropColumn(
                name: "subject",
                table: "timeline");

            migrationBuilder.DropColumn(
                name: "contested_at",
                table: "sessions");

            migrationBuilder.DropColumn(
                name: "replaced_by",
                table: "ingest_segments");

            migrationBuilder.DropColumn(
                name: "max_duration_minutes",
                table: "channels");

            migrationBuilder.DropColumn(
                name: "on_contest",
                table: "channels");
        }
    }
}
