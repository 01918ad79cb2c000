using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Streaming.Core.Data.Migrations
{
    /// <inheritdoc />
    public partial class RoomMetadata : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<int>(
                name: "metadata_told",
                table: "room_sessions",
                type: "integer",
                nullable: false,
                defaultValue: 0);

            migrationBuilder.AddColumn<int>(
                name: "metadata_wanted",
                table: "room_sessions",
                type: "integer",
                nullable: false,
                defaultValue: 1);

            migrationBuilder.CreateIndex(
                name: "ix_room_sessions_untold",
                table: "room_sessions",
                column: "channel_id",
                filter: "finished_at is null and metadata_told <> metadata_wanted");

            migrationBuilder.Sql(RoomMetadataTriggers.Create);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql(RoomMetadataTriggers.Drop);

            migrationBuilder.DropIndex(
                name: "ix_room_sessions_untold",
                table: "room_sessions");

            migrationBuilder.DropColumn(
                name: "metadata_told",
                table: "room_sessions");

            migrationBuilder.DropColumn(
                name: "metadata_wanted",
                table: "room_sessions");
        }
    }
}
