using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Streaming.Core.Data.Migrations
{
    /// <inheritdoc />
    public partial class RoomDescriptions : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "room_descriptions",
                columns: table => new
                {
                    room_sid = table.Column<string>(type: "text", nullable: false),
                    room_started_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    told = table.Column<uint>(type: "xid", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_room_descriptions", x => x.room_sid);
                    table.ForeignKey(
                        name: "fk_room_descriptions_room_sessions_room_sid",
                        column: x => x.room_sid,
                        principalTable: "room_sessions",
                        principalColumn: "room_sid",
                        onDelete: ReferentialAction.Cascade);
                });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "room_descriptions");
        }
    }
}
