using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Streaming.Core.Data.Migrations
{
    /// <inheritdoc />
    public partial class KeysAndLedger : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "ix_ingresses_one_per_channel",
                table: "ingresses");

            migrationBuilder.AddColumn<bool>(
                name: "is_primary",
                table: "ingresses",
                type: "boolean",
                nullable: false,
                defaultValue: true);

            migrationBuilder.AddColumn<string>(
                name: "label",
                table: "ingresses",
                type: "character varying(80)",
                maxLength: 80,
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "live_kit_quality",
                table: "ingresses",
                type: "character varying(16)",
                maxLength: 16,
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "quality",
                table: "ingresses",
                type: "character varying(16)",
                maxLength: 16,
                nullable: false,
                defaultValue: "Auto");
            migrationBuilder.Sql("update ingresses set live_kit_quality = 'Auto'"); // so far LiveKit was never told otherwise
            migrationBuilder.Sql("alter table ingresses alter column is_primary drop default, alter column quality drop default");

            migrationBuilder.AddColumn<string>(
                name: "replaced_by_id",
                table: "ingresses",
                type: "character varying(128)",
                maxLength: 128,
                nullable: true);

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "retires_at",
                table: "ingresses",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<Guid>(
                name: "retires_with_session",
                table: "ingresses",
                type: "uuid",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "ledgered_as",
                table: "ingest_segments",
                type: "character varying(16)",
                maxLength: 16,
                nullable: true);

            migrationBuilder.CreateTable(
                name: "key_ledger",
                columns: table => new
                {
                    channel_id = table.Column<Guid>(type: "uuid", nullable: false),
                    sequence = table.Column<long>(type: "bigint", nullable: false),
                    at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    happened_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    ingress_id = table.Column<string>(type: "character varying(128)", maxLength: 128, nullable: true),
                    kind = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: false),
                    resource_id = table.Column<string>(type: "text", nullable: true),
                    detail = table.Column<string>(type: "text", nullable: true),
                    corrects = table.Column<long>(type: "bigint", nullable: true),
                    previous_hash = table.Column<byte[]>(type: "bytea", nullable: false),
                    hash = table.Column<byte[]>(type: "bytea", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_key_ledger", x => new { x.channel_id, x.sequence });
                    table.ForeignKey(
                        name: "fk_key_ledger_channels_channel_id",
                        column: x => x.channel_id,
                        principalTable: "channels",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "key_ledger_heads",
                columns: table => new
                {
                    channel_id = table.Column<Guid>(type: "uuid", nullable: false),
                    sequence = table.Column<long>(type: "bigint", nullable: false),
                    hash = table.Column<byte[]>(type: "bytea", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_key_ledger_heads", x => x.channel_id);
                    table.ForeignKey(
                        name: "fk_key_ledger_heads_channels_channel_id",
                        column: x => x.channel_id,
                        principalTable: "channels",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "ix_ingresses_of_channel",
                table: "ingresses",
                column: "channel_id",
                filter: "deleted_at is null");

            migrationBuilder.CreateIndex(
                name: "ix_ingresses_one_primary",
                table: "ingresses",
                columns: new[] { "channel_id", "is_primary" },
                unique: true,
                filter: "deleted_at is null and is_primary");

            migrationBuilder.CreateIndex(
                name: "ix_ingresses_quality_due",
                table: "ingresses",
                column: "live_kit_quality",
                filter: "deleted_at is null and live_kit_quality is distinct from quality");

            migrationBuilder.CreateIndex(
                name: "ix_ingresses_replaced",
                table: "ingresses",
                column: "replaced_by_id",
                filter: "deleted_at is null and replaced_by_id is not null");

            migrationBuilder.CreateIndex(
                name: "ix_ingest_segments_unledgered",
                table: "ingest_segments",
                column: "resource_id",
                filter: "source = 'Ingress' and ledgered_as is distinct from case when began_at is not null and end_reason = 'taken_over' then 'TakenOver' when began_at is not null then 'Accepted' when stopped_at is not null then 'Refused' end");

            migrationBuilder.CreateIndex(
                name: "ix_key_ledger_ingress_id_sequence",
                table: "key_ledger",
                columns: new[] { "ingress_id", "sequence" });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "key_ledger");

            migrationBuilder.DropTable(
                name: "key_ledger_heads");

            migrationBuilder.DropIndex(
                name: "ix_ingresses_of_channel",
                table: "ingresses");

            migrationBuilder.DropIndex(
                name: "ix_ingresses_one_primary",
                table: "ingresses");

            migrationBuilder.DropIndex(
                name: "ix_ingresses_quality_due",
                table: "ingresses");

            migrationBuilder.DropIndex(
                name: "ix_ingresses_replaced",
                table: "ingresses");

            migrationBuilder.DropIndex(
                name: "ix_ingest_segments_unledgered",
                table: "ingest_segments");

            migrationBuilder.DropColumn(
                name: "is_primary",
                table: "ingresses");

            migrationBuilder.DropColumn(
                name: "label",
                table: "ingresses");

            migrationBuilder.DropColumn(
                name: "live_kit_quality",
                table: "ingresses");

            migrationBuilder.DropColumn(
                name: "quality",
                table: "ingresses");

            migrationBuilder.DropColumn(
                name: "replaced_by_id",
                table: "ingresses");

            migrationBuilder.DropColumn(
                name: "retires_at",
                table: "ingresses");

            migrationBuilder.DropColumn(
                name: "retires_with_session",
                table: "ingresses");

            migrationBuilder.DropColumn(
                name: "ledgered_as",
                table: "ingest_segments");

            migrationBuilder.CreateIndex(
                name: "ix_ingresses_one_per_channel",
                table: "ingresses",
                column: "channel_id",
                unique: true,
                filter: "deleted_at is null");
        }
    }
}
