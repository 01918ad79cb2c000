using System.Net;
using Npgsql;
using Streaming.Core.Administration;
using Streaming.Tests.Api;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Security;

/// <summary>What administrators did stays written, and administrators can read it.</summary>
public sealed class AdminAuditTests : IAsyncLifetime
{
    private readonly string _subject = $"subject-{Guid.CreateVersion7():N}";
    private TestSystem _system = null!;

    public async Task InitializeAsync()
    {
        _system = await TestSystem.Shared;
        foreach (var reason in new[] { "first", "second", "third" }) await Append(reason);
    }

    public Task DisposeAsync() => Task.CompletedTask;

    [Theory]
    [InlineData("update admin_audit set reason = 'none' where subject = @subject")]
    [InlineData("update admin_audit set reason = reason where subject = 'nobody'")]
    [InlineData("delete from admin_audit where subject = @subject")]
    [InlineData("truncate admin_audit")]
    [InlineData("truncate admin_audit cascade")]
    public async Task What_is_written_can_be_neither_changed_nor_deleted(string sql)
    {
        await using var command = _system.Database.Source.CreateCommand(sql);
        if (sql.Contains('@', StringComparison.Ordinal)) command.Parameters.AddWithValue("subject", _subject);

        var refusal = await Assert.ThrowsAsync<PostgresException>(() => command.ExecuteNonQueryAsync());

        Assert.Contains("admin_audit", refusal.MessageText, StringComparison.Ordinal);
        Assert.Equal(["first", "second", "third"], await _system.Database.Rows("select reason from admin_audit where subject = @subject order by id", new NpgsqlParameter("subject", _subject)));
    }

    [Fact]
    public async Task An_act_that_is_undone_leaves_no_entry()
    {
        await using (var db = _system.Database.Open())
        await using (await db.Database.BeginTransactionAsync())
        {
            db.Append(new AdminAuditEntry("admin", AdminAct.ChannelSuspended, _subject, "rolled back", null, null, TimeProvider.System.GetUtcNow()));
            await db.SaveChangesAsync();
        }

        Assert.Equal(["3"], await _system.Database.Rows("select count(*) from admin_audit where subject = @subject", new NpgsqlParameter("subject", _subject)));
    }

    [Fact]
    public async Task Administrators_read_it_page_by_page_from_the_newest_on()
    {
        using var admin = await _system.NewAdministrator();

        var first = await TestCreator.Read(await admin.GetAt($"/api/admin/audit?subject={_subject}&limit=2"), HttpStatusCode.OK);
        Assert.Equal(["third", "second"], first.GetProperty("items").EnumerateArray().Select(i => i.GetProperty("reason").GetString()));
        var newest = first.GetProperty("items")[0];
        Assert.Equal(("an-admin", "approvalRevoked", _subject), (newest.GetProperty("administratorId").GetString(), newest.GetProperty("act").GetString(), newest.GetProperty("subject").GetString()));
        Assert.Equal("approved", newest.GetProperty("before").GetProperty("status").GetString());
        Assert.False(newest.TryGetProperty("after", out _));

        var cursor = first.GetProperty("nextCursor").GetString();
        var last = await TestCreator.Read(await admin.GetAt($"/api/admin/audit?subject={_subject}&limit=2&cursor={cursor}"), HttpStatusCode.OK);
        Assert.Equal(["first"], last.GetProperty("items").EnumerateArray().Select(i => i.GetProperty("reason").GetString()));
        Assert.False(last.TryGetProperty("nextCursor", out _));

        Assert.Empty((await TestCreator.Read(await admin.GetAt($"/api/admin/audit?subject={_subject}&administrator=another"), HttpStatusCode.OK)).GetProperty("items").EnumerateArray());
        await (await admin.GetAt("/api/admin/audit?cursor=AAAA")).IsError(400, "invalid_cursor");
        await (await admin.GetAt("/api/admin/audit?limit=101")).IsError(400, "validation_failed");
        await (await admin.GetAt("/api/admin/audit?subject=a%00b")).IsError(400, "validation_failed");
    }

    [Fact]
    public async Task Nobody_else_may_read_it()
    {
        var creator = await _system.NewCreator();

        await (await creator.Api.GetAt("/api/admin/audit")).IsError(403, "forbidden");
        await (await _system.Anonymous.GetAt("/api/admin/audit")).IsError(401, "unauthorized");
    }

    private async Task Append(string reason)
    {
        await using var db = _system.Database.Open();
        db.Append(new AdminAuditEntry("an-admin", AdminAct.ApprovalRevoked, _subject, reason, new { Status = "approved" }, null, TimeProvider.System.GetUtcNow()));
        await db.SaveChangesAsync();
    }
}
