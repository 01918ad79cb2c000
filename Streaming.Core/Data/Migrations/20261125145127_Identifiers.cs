using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Streaming.Core.Data.Migrations
{
    /// <inheritdoc />
    public partial class Identifiers : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "ix_sessions_reconnect_until1",
                table: "sessions");

            migrationBuilder.DropIndex(
                name: "ix_presences_present",
                table: "presences");

            migrationBuilder.AlterColumn<string>(
                name: "room_sid",
                table: "room_sessions",
                type: "text",
                nullable: false,
                collation: "C",
                oldClrType: typeof(string),
                oldType: "text");

            migrationBuilder.AlterColumn<string>(
                name: "room_sid",
                table: "room_descriptions",
                type: "text",
                nullable: false,
                collation: "C",
                oldClrType: typeof(string),
                oldType: "text");

            migrationBuilder.AlterColumn<string>(
                name: "event_id",
                table: "processed_events",
                type: "text",
                nullable: false,
                collation: "C",
                oldClrType: typeof(string),
                oldType: "text");

            migrationBuilder.AlterColumn<string>(
                name: "room_sid",
                table: "presences",
                type: "text",
                nullable: false,
                collation: "C",
                oldClrType: typeof(string),
                oldType: "text");

            migrationBuilder.AlterColumn<string>(
                name: "person",
                table: "presences",
                type: "text",
                nullable: false,
                collation: "C",
                oldClrType: typeof(string),
                oldType: "text");

            migrationBuilder.AlterColumn<string>(
                name: "participant_sid",
                table: "presences",
                type: "text",
                nullable: false,
                collation: "C",
                oldClrType: typeof(string),
                oldType: "text");

            migrationBuilder.AlterColumn<string>(
                name: "room_sid",
                table: "ingest_segments",
                type: "text",
                nullable: true,
                collation: "C",
                oldClrType: typeof(string),
                oldType: "text",
                oldNullable: true);

            migrationBuilder.AlterColumn<string>(
                name: "resource_id",
                table: "ingest_segments",
                type: "text",
                nullable: false,
                collation: "C",
                oldClrType: typeof(string),
                oldType: "text");

            migrationBuilder.CreateIndex(
                name: "ix_sessions_inconclusive",
                table: "sessions",
                columns: new[] { "channel_id", "reconnect_until" },
                filter: "media_ended_at is not null and concluded_for is distinct from media_ended_at");

            migrationBuilder.CreateIndex(
                name: "ix_presences_present",
                table: "presences",
                columns: new[] { "channel_id", "room_sid", "role", "person" },
                filter: "is_present");

            migrationBuilder.CreateIndex(
                name: "ix_ingest_segments_refused",
                table: "ingest_segments",
                column: "stopped_at",
                filter: "failure is not null and began_at is null");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "ix_sessions_inconclusive",
                table: "sessions");

            migrationBuilder.DropIndex(
                name: "ix_presences_present",
                table: "presences");

            migrationBuilder.DropIndex(
                name: "ix_ingest_segments_refused",
                table: "ingest_segments");

            migrationBuilder.AlterColumn<string>(
                name: "room_sid",
                table: "room_sessions",
                type: "text",
                nullable: false,
                oldClrType: typeof(string),
                oldType: "text",
                oldCollation: "C");

            migrationBuilder.AlterColumn<string>(
                name: "room_sid",
                table: "room_descriptions",
                type: "text",
                nullable: false,
                oldClrType: typeof(string),
                oldType: "text",
                oldCollation: "C");

            migrationBuilder.AlterColumn<string>(
                name: "event_id",
                table: "processed_events",
                type: "text",
                nullable: false,
                oldClrType: typeof(string),
                oldType: "text",
                oldCollation: "C");

            migrationBuilder.AlterColumn<string>(
                name: "room_sid",
                table: "presences",
                type: "text",
                nullable: false,
                oldClrType: typeof(string),
                oldType: "text",
                oldCollation: "C");

            migrationBuilder.AlterColumn<string>(
                name: "person",
                table: "presences",
                type: "text",
                nullable: false,
                oldClrType: typeof(string),
                oldType: "text",
                oldCollation: "C");

            migrationBuilder.AlterColumn<string>(
                name: "participant_sid",
                table: "presences",
                type: "text",
                nullable: false,
                oldClrType: typeof(string),
                oldType: "text",
                oldCollation: "C");

            migrationBuilder.AlterColumn<string>(
                name: "room_sid",
                table: "ingest_segments",
                type: "text",
                nullable: true,
                oldClrType: typeof(string),
                oldType: "text",
                oldNullable: true,
                oldCollation: "C");

            migrationBuilder.AlterColumn<string>(
                name: "resource_id",
                table: "ingest_segments",
                type: "text",
                nullable: false,
                oldClrType: typeof(string),
                oldType: "text",
                oldCollation: "C");

            migrationBuilder.CreateIndex(
                name: "ix_sessions_reconnect_until1",
                table: "sessions",
                column: "reconnect_until",
                filter: "media_ended_at is not null and concluded_for is distinct from media_ended_at");

            migrationBuilder.CreateIndex(
                name: "ix_presences_present",
                table: "presences",
                columns: new[] { "channel_id", "role", "person" },
                filter: "is_present");
        }
    }
}
