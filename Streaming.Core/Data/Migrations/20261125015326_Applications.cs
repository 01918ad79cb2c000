using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Streaming.Core.Data.Migrations
{
    /// <inheritdoc />
    public partial class Applications : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "ix_creator_applications_user_id",
                table: "creator_applications");

            migrationBuilder.AddColumn<string>(
                name: "about",
                table: "creator_applications",
                type: "character varying(2000)",
                maxLength: 2000,
                nullable: false,
                defaultValue: "");

            migrationBuilder.AddColumn<string[]>(
                name: "links",
                table: "creator_applications",
                type: "text[]",
                nullable: false,
                defaultValue: new string[0]);

            migrationBuilder.AddColumn<string>(
                name: "reason",
                table: "creator_applications",
                type: "text",
                nullable: true);

            migrationBuilder.CreateIndex(
                name: "ix_creator_applications_one_open",
                table: "creator_applications",
                column: "user_id",
                unique: true,
                filter: "status in ('Pending', 'Approved')");

            migrationBuilder.CreateIndex(
                name: "ix_creator_applications_status_id",
                table: "creator_applications",
                columns: new[] { "status", "id" });

            migrationBuilder.CreateIndex(
                name: "ix_creator_applications_user_id_id",
                table: "creator_applications",
                columns: new[] { "user_id", "id" });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "ix_creator_applications_one_open",
                table: "creator_applications");

            migrationBuilder.DropIndex(
                name: "ix_creator_applications_status_id",
                table: "creator_applications");

            migrationBuilder.DropIndex(
                name: "ix_creator_applications_user_id_id",
                table: "creator_applications");

            migrationBuilder.DropColumn(
                name: "about",
                table: "creator_applications");

            migrationBuilder.DropColumn(
                name: "links",
                table: "creator_applications");

            migrationBuilder.DropColumn(
                name: "reason",
                table: "creator_applications");

            migrationBuilder.CreateIndex(
                name: "ix_creator_applications_user_id",
                table: "creator_applications",
                column: "user_id",
                unique: true);
        }
    }
}
