using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Streaming.Core.Data.Migrations
{
    /// <inheritdoc />
    public partial class IngressHolds : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<bool>(
                name: "is_enabled",
                table: "ingresses",
                type: "boolean",
                nullable: true);
            migrationBuilder.Sql("update ingresses set is_enabled = true"); // so far none was ever made otherwise

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "cut_at",
                table: "ingest_segments",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "cut_reason",
                table: "ingest_segments",
                type: "text",
                nullable: true);

            migrationBuilder.CreateTable(
                name: "ingress_holds",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    channel_id = table.Column<Guid>(type: "uuid", nullable: false),
                    ingress_id = table.Column<string>(type: "character varying(128)", nullable: true),
                    reason = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: false),
                    until = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    placed_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_ingress_holds", x => x.id);
                    table.ForeignKey(
                        name: "fk_ingress_holds_channels_channel_id",
                        column: x => x.channel_id,
                        principalTable: "channels",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                    table.ForeignKey(
                        name: "fk_ingress_holds_ingresses_ingress_id",
                        column: x => x.ingress_id,
                        principalTable: "ingresses",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "ix_ingresses_not_enabled",
                table: "ingresses",
                column: "id",
                filter: "deleted_at is null and is_enabled is distinct from true");

            migrationBuilder.CreateIndex(
                name: "ix_ingress_holds_channel_id_ingress_id_reason",
                table: "ingress_holds",
                columns: new[] { "channel_id", "ingress_id", "reason" },
                unique: true)
                .Annotation("Npgsql:NullsDistinct", false);

            migrationBuilder.CreateIndex(
                name: "ix_ingress_holds_ingress_id",
                table: "ingress_holds",
                column: "ingress_id");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "ingress_holds");

            migrationBuilder.DropIndex(
                name: "ix_ingresses_not_enabled",
                table: "ingresses");

            migrationBuilder.DropColumn(
                name: "is_enabled",
                table: "ingresses");

            migrationBuilder.DropColumn(
                name: "cut_at",
                table: "ingest_segments");

            migrationBuilder.DropColumn(
                name: "cut_reason",
                table: "ingest_segments");
        }
    }
}
