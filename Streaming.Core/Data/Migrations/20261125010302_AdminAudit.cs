using System;
using Microsoft.EntityFrameworkCore.Migrations;
using Npgsql.EntityFrameworkCore.PostgreSQL.Metadata;

#nullable disable

namespace Streaming.Core.Data.Migrations
{
    /// <inheritdoc />
    public partial class AdminAudit : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "admin_audit",
                columns: table => new
                {
                    id = table.Column<long>(type: "bigint", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    administrator_id = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    act = table.Column<string>(type: "character varying(32)", maxLength: 32, nullable: false),
                    subject = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false),
                    reason = table.Column<string>(type: "character varying(1000)", maxLength: 1000, nullable: true),
                    before = table.Column<string>(type: "jsonb", nullable: true),
                    after = table.Column<string>(type: "jsonb", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_admin_audit", x => x.id);
                });

            migrationBuilder.CreateIndex(
                name: "ix_admin_audit_administrator_id_id",
                table: "admin_audit",
                columns: new[] { "administrator_id", "id" });

            migrationBuilder.CreateIndex(
                name: "ix_admin_audit_subject_id",
                table: "admin_audit",
                columns: new[] { "subject", "id" });

            // Whoever the application is for Postgres, and whatever goes wrong in it: what was written stays.
            migrationBuilder.Sql(
                """
                create function refuse_admin_audit_change() returns trigger language plpgsql as $$
                begin
                    raise exception 'admin_audit is append-only';
                end $$;
                create trigger append_only before update or delete or truncate on admin_audit
                    for each statement execute function refuse_admin_audit_change();
                """);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "admin_audit");
            migrationBuilder.Sql("drop function refuse_admin_audit_change");
        }
    }
}
