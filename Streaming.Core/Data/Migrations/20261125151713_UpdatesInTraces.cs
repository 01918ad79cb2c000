using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Streaming.Core.Data.Migrations
{
    /// <inheritdoc />
    public partial class UpdatesInTraces : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<string>(
                name: "trace_parent",
                table: "updates",
                type: "text",
                nullable: true);

            migrationBuilder.Sql(TraceTriggers.Create);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql(TraceTriggers.Drop);

            migrationBuilder.DropColumn(
                name: "trace_parent",
                table: "updates");
        }
    }
}
