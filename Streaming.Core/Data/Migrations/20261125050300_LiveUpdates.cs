using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Streaming.Core.Data.Migrations
{
    /// <inheritdoc />
    public partial class LiveUpdates : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "ix_updates_channel_id_position",
                table: "updates");

            migrationBuilder.DropIndex(
                name: "ix_updates_position",
                table: "updates");

            migrationBuilder.DropIndex(
                name: "ix_updates_user_id_position",
                table: "updates");

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "concluded_for",
                table: "sessions",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.CreateTable(
                name: "announced_sessions",
                columns: table => new
                {
                    session_id = table.Column<Guid>(type: "uuid", nullable: false),
                    channel_id = table.Column<Guid>(type: "uuid", nullable: false),
                    is_over = table.Column<bool>(type: "boolean", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_announced_sessions", x => x.session_id);
                    table.ForeignKey(
                        name: "fk_announced_sessions_channels_channel_id",
                        column: x => x.channel_id,
                        principalTable: "channels",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "published_states",
                columns: table => new
                {
                    channel_id = table.Column<Guid>(type: "uuid", nullable: false),
                    state = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: false),
                    session_id = table.Column<Guid>(type: "uuid", nullable: true),
                    started_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    media_ended_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    end_reason = table.Column<string>(type: "text", nullable: true),
                    reconnect_until = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_published_states", x => x.channel_id);
                    table.ForeignKey(
                        name: "fk_published_states_channels_channel_id",
                        column: x => x.channel_id,
                        principalTable: "channels",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "ix_updates_channel_id_position",
                table: "updates",
                columns: new[] { "channel_id", "position" },
                filter: "channel_id is not null and position is not null");

            migrationBuilder.CreateIndex(
                name: "ix_updates_position",
                table: "updates",
                column: "position",
                unique: true,
                filter: "position is not null");

            migrationBuilder.CreateIndex(
                name: "ix_updates_user_id_position",
                table: "updates",
                columns: new[] { "user_id", "position" },
                filter: "user_id is not null and position is not null");

            migrationBuilder.CreateIndex(
                name: "ix_sessions_reconnect_until1",
                table: "sessions",
                column: "reconnect_until",
                filter: "media_ended_at is not null and concluded_for is distinct from media_ended_at");

            migrationBuilder.CreateIndex(
                name: "ix_announced_sessions_on",
                table: "announced_sessions",
                column: "channel_id",
                filter: "not is_over");

            migrationBuilder.Sql(LiveUpdateTriggers.Create);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql(LiveUpdateTriggers.Drop);

            migrationBuilder.DropTable(
                name: "announced_sessions");

            migrationBuilder.DropTable(
                name: "published_states");

            migrationBuilder.DropIndex(
                name: "ix_updates_channel_id_position",
                table: "updates");

            migrationBuilder.DropIndex(
                name: "ix_updates_position",
                table: "updates");

            migrationBuilder.DropIndex(
                name: "ix_updates_user_id_position",
                table: "updates");

            migrationBuilder.DropIndex(
                name: "ix_sessions_reconnect_until1",
                table: "sessions");

            migrationBuilder.DropColumn(
                name: "concluded_for",
                table: "sessions");

            migrationBuilder.CreateIndex(
                name: "ix_updates_channel_id_position",
                table: "updates",
                columns: new[] { "channel_id", "position" },
                filter: "channel_id is not null");

            migrationBuilder.CreateIndex(
                name: "ix_updates_position",
                table: "updates",
                column: "position",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ix_updates_user_id_position",
                table: "updates",
                columns: new[] { "user_id", "position" },
                filter: "user_id is not null");
        }
    }
}
