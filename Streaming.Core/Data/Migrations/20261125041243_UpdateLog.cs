using System;
using Microsoft.EntityFrameworkCore.Migrations;
using Npgsql.EntityFrameworkCore.PostgreSQL.Metadata;

#nullable disable

namespace Streaming.Core.Data.Migrations
{
    /// <inheritdoc />
    public partial class UpdateLog : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "update_log",
                columns: table => new
                {
                    id = table.Column<int>(type: "integer", nullable: false),
                    head = table.Column<long>(type: "bigint", nullable: false),
                    forgotten = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_update_log", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "updates",
                columns: table => new
                {
                    id = table.Column<long>(type: "bigint", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    position = table.Column<long>(type: "bigint", nullable: true),
                    channel_id = table.Column<Guid>(type: "uuid", nullable: true),
                    user_id = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: true),
                    is_for_owner = table.Column<bool>(type: "boolean", nullable: false, defaultValue: false),
                    type = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    body = table.Column<string>(type: "jsonb", nullable: false),
                    published_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_updates", x => x.id);
                    table.CheckConstraint("ck_updates_one_audience", "(channel_id is null) <> (user_id is null)");
                });

            migrationBuilder.InsertData(
                table: "update_log",
                columns: new[] { "id", "forgotten", "head" },
                values: new object[] { 1, 0L, 0L });

            migrationBuilder.CreateIndex(
                name: "ix_sessions_reconnect_until",
                table: "sessions",
                column: "reconnect_until",
                filter: "media_ended_at is not null");

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
                name: "ix_updates_unplaced",
                table: "updates",
                column: "id",
                filter: "position is null");

            migrationBuilder.CreateIndex(
                name: "ix_updates_user_id_position",
                table: "updates",
                columns: new[] { "user_id", "position" },
                filter: "user_id is not null");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "update_log");

            migrationBuilder.DropTable(
                name: "updates");

            migrationBuilder.DropIndex(
                name: "ix_sessions_reconnect_until",
                table: "sessions");
        }
    }
}
