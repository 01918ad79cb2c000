using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Streaming.Core.Data.Migrations
{
    /// <inheritdoc />
    public partial class Discovery : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AlterDatabase()
                .Annotation("Npgsql:PostgresExtension:pg_trgm", ",,");

            migrationBuilder.CreateTable(
                name: "channel_search",
                columns: table => new
                {
                    channel_id = table.Column<Guid>(type: "uuid", nullable: false),
                    words = table.Column<string>(type: "text", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_channel_search", x => x.channel_id);
                    table.ForeignKey(
                        name: "fk_channel_search_channels_channel_id",
                        column: x => x.channel_id,
                        principalTable: "channels",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "list_orders",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    made_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false, defaultValueSql: "now()"),
                    channels = table.Column<Guid[]>(type: "uuid[]", nullable: false),
                    reasons = table.Column<int[]>(type: "integer[]", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_list_orders", x => x.id);
                });

            migrationBuilder.CreateIndex(
                name: "ix_sessions_media_ended_at",
                table: "sessions",
                column: "media_ended_at");

            migrationBuilder.CreateIndex(
                name: "ix_channel_search_words",
                table: "channel_search",
                column: "words")
                .Annotation("Npgsql:IndexMethod", "gin")
                .Annotation("Npgsql:IndexOperators", new[] { "gin_trgm_ops" });

            migrationBuilder.CreateIndex(
                name: "ix_list_orders_made_at",
                table: "list_orders",
                column: "made_at");

            // A crash of Postgres may empty it: it holds nothing that is missed for longer than a page.
            migrationBuilder.Sql("alter table list_orders set unlogged");
            // What is written is found by its trigrams at once, and no search has to look through what waits to be.
            migrationBuilder.Sql("alter index ix_channel_search_words set (fastupdate = off)");
            migrationBuilder.Sql(SearchTriggers.Create);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql(SearchTriggers.Drop);

            migrationBuilder.DropTable(
                name: "channel_search");

            migrationBuilder.DropTable(
                name: "list_orders");

            migrationBuilder.DropIndex(
                name: "ix_sessions_media_ended_at",
                table: "sessions");

            migrationBuilder.AlterDatabase()
                .OldAnnotation("Npgsql:PostgresExtension:pg_trgm", ",,");
        }
    }
}
