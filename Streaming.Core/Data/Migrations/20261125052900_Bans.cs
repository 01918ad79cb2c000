using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Streaming.Core.Data.Migrations
{
    /// <inheritdoc />
    public partial class Bans : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "ix_presences_present",
                table: "presences");

            migrationBuilder.CreateTable(
                name: "bans",
                columns: table => new
                {
                    channel_id = table.Column<Guid>(type: "uuid", nullable: false),
                    person = table.Column<string>(type: "character varying(71)", maxLength: 71, nullable: false),
                    user_id = table.Column<string>(type: "character varying(64)", nullable: true),
                    scope = table.Column<string>(type: "character varying(8)", maxLength: 8, nullable: false),
                    reason = table.Column<string>(type: "character varying(1000)", maxLength: 1000, nullable: true),
                    banned_by = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    banned_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    until = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_bans", x => new { x.channel_id, x.person });
                    table.ForeignKey(
                        name: "fk_bans_channels_channel_id",
                        column: x => x.channel_id,
                        principalTable: "channels",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                    table.ForeignKey(
                        name: "fk_bans_users_user_id",
                        column: x => x.user_id,
                        principalTable: "users",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "guest_addresses",
                columns: table => new
                {
                    person = table.Column<string>(type: "character varying(71)", maxLength: 71, nullable: false),
                    address = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: false),
                    noted_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_guest_addresses", x => new { x.person, x.address });
                });

            migrationBuilder.CreateIndex(
                name: "ix_presences_present",
                table: "presences",
                columns: new[] { "channel_id", "role", "person" },
                filter: "is_present");

            migrationBuilder.CreateIndex(
                name: "ix_bans_channel_id",
                table: "bans",
                column: "channel_id",
                filter: "user_id is null");

            migrationBuilder.CreateIndex(
                name: "ix_bans_channel_id_banned_at",
                table: "bans",
                columns: new[] { "channel_id", "banned_at" });

            migrationBuilder.CreateIndex(
                name: "ix_bans_until",
                table: "bans",
                column: "until");

            migrationBuilder.CreateIndex(
                name: "ix_bans_user_id",
                table: "bans",
                column: "user_id");

            migrationBuilder.CreateIndex(
                name: "ix_guest_addresses_noted_at",
                table: "guest_addresses",
                column: "noted_at");

            migrationBuilder.Sql(BanTriggers.Create);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql(BanTriggers.Drop);

            migrationBuilder.DropTable(
                name: "bans");

            migrationBuilder.DropTable(
                name: "guest_addresses");

            migrationBuilder.DropIndex(
                name: "ix_presences_present",
                table: "presences");

            migrationBuilder.CreateIndex(
                name: "ix_presences_present",
                table: "presences",
                columns: new[] { "channel_id", "role" },
                filter: "is_present");
        }
    }
}
