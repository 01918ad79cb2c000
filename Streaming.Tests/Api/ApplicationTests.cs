using System.Net;
using System.Text.Json;
using Npgsql;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Api;

/// <summary>From a user to a creator and back. Each test has users of its own.</summary>
public sealed class ApplicationTests : IAsyncLifetime
{
    private const string Own = "/api/creator/application", Review = "/api/admin/applications";

    private TestSystem _system = null!;
    private HttpClient _admin = null!;
    private string _userId = null!;
    private HttpClient _user = null!;

    public async Task InitializeAsync()
    {
        _system = await TestSystem.Shared;
        (_admin, _userId) = (await _system.NewAdministrator(), $"user-{Guid.CreateVersion7():N}");
        _user = await _system.As(_userId);
    }

    public Task DisposeAsync()
    {
        _admin.Dispose();
        _user.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public async Task Who_applies_and_is_approved_is_a_creator_from_the_next_call_on()
    {
        await (await _user.GetAt(Own)).IsError(404, "application_not_found");
        var applied = await TestCreator.Read(await _user.PostJson(Own, """{"about":"  I build small boats.  ","links":["https://example.com/boats"]}"""), HttpStatusCode.Created);
        Assert.Equal(("pending", "I build small boats.", "https://example.com/boats"), (Status(applied), applied.GetProperty("about").GetString(), applied.GetProperty("links")[0].GetString()));
        Assert.Equal(applied.GetRawText(), (await TestCreator.Read(await _user.GetAt(Own), HttpStatusCode.OK)).GetRawText());
        await (await _user.GetAt("/api/stream/info")).IsError(403, "creator_access_required");

        Assert.Equal("approved", Status(await Decide(applied, "approve")));

        await (await _user.GetAt("/api/stream/info")).IsError(404, "stream_not_found");
        Assert.Equal("approved", Status(await TestCreator.Read(await _user.GetAt(Own), HttpStatusCode.OK)));
        await (await _user.DeleteAsync(new Uri(Own, UriKind.Relative))).IsError(409, "application_decided");
        await (await Apply()).IsError(409, "application_open");
        Assert.Equal(["ApplicationApproved | - | Pending | Approved"], await Audit());
    }

    [Fact]
    public async Task Who_is_rejected_reads_why_and_applies_again_after_the_cool_down_only()
    {
        var application = await TestCreator.Read(await Apply(), HttpStatusCode.Created);
        await Decide(application, "reject", """{"reason":" Too short. "}""");

        var read = await TestCreator.Read(await _user.GetAt(Own), HttpStatusCode.OK);
        Assert.Equal(("rejected", "Too short."), (Status(read), read.GetProperty("reason").GetString()));
        var refused = await Apply();
        var reapplyAt = (await refused.IsError(409, "reapply_too_soon")).GetProperty("details").GetProperty("reapplyAt").GetDateTimeOffset();
        Assert.Equal(read.GetProperty("decidedAt").GetDateTimeOffset().AddDays(7), reapplyAt, TimeSpan.FromMilliseconds(1));
        Assert.Equal(reapplyAt, read.GetProperty("reapplyAt").GetDateTimeOffset());
        Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value, TimeSpan.FromDays(6.99), TimeSpan.FromDays(7));

        await Pass(TimeSpan.FromDays(7));
        var again = await TestCreator.Read(await Apply(), HttpStatusCode.Created);
        Assert.NotEqual(Id(application), Id(again));
        await (await _admin.PostAsync(new Uri($"{Review}/{Id(application)}/approve", UriKind.Relative), null)).IsError(409, "application_decided"); // the text that was rejected
        Assert.Equal(["ApplicationRejected | Too short. | Pending | Rejected"], await Audit());
    }

    [Fact]
    public async Task What_is_withdrawn_can_be_made_anew_and_does_not_undo_a_rejection()
    {
        var first = await TestCreator.Read(await Apply(), HttpStatusCode.Created);
        Assert.Equal("withdrawn", Status(await TestCreator.Read(await _user.DeleteAsync(new Uri(Own, UriKind.Relative)), HttpStatusCode.OK)));
        await (await _user.DeleteAsync(new Uri(Own, UriKind.Relative))).IsError(409, "application_decided");
        await (await _admin.PostAsync(new Uri($"{Review}/{Id(first)}/approve", UriKind.Relative), null)).IsError(409, "application_decided");

        await Decide(await TestCreator.Read(await Apply(), HttpStatusCode.Created), "reject", """{"reason":"No."}""");
        await Pass(TimeSpan.FromDays(7));
        await TestCreator.Read(await Apply(), HttpStatusCode.Created);
        await _user.DeleteAsync(new Uri(Own, UriKind.Relative));
        await Pass(-TimeSpan.FromDays(3)); // as if the rejection had been three days later
        await (await Apply()).IsError(409, "reapply_too_soon");
    }

    [Fact]
    public async Task A_revoked_approval_is_lost_at_once()
    {
        var application = await TestCreator.Read(await Apply(), HttpStatusCode.Created);
        await (await _admin.PostJson($"{Review}/{Id(application)}/revoke", """{"reason":"Not yet."}""")).IsError(409, "application_not_approved");
        await Decide(application, "approve");
        await (await _user.GetAt("/api/stream/info")).IsError(404, "stream_not_found");

        await Decide(application, "revoke", """{"reason":"Broadcast what is not his."}""");

        await (await _user.GetAt("/api/stream/info")).IsError(403, "creator_access_required");
        await (await _user.PostJson("/api/stream/ingress", "{}")).IsError(403, "creator_access_required");
        Assert.Equal("Broadcast what is not his.", (await TestCreator.Read(await _user.GetAt(Own), HttpStatusCode.OK)).GetProperty("reason").GetString());
        await (await Apply()).IsError(409, "reapply_too_soon");
        Assert.Equal(["ApplicationApproved | - | Pending | Approved", "ApprovalRevoked | Broadcast what is not his. | Approved | Revoked"], await Audit());
    }

    [Fact]
    public async Task A_revoked_approval_ends_the_broadcast_at_once_and_holds_the_key_until_the_next_approval()
    {
        var creator = await _system.NewChannel();
        Assert.True((await _system.LiveKit.GoLive(creator.StreamKey)).Accepted);
        await Eventually.True(creator.IsLive);
        var application = await TestCreator.Read(await creator.Api.GetAt(Own), HttpStatusCode.OK);

        await Decide(application, "revoke", """{"reason":"Broadcast what is not his."}""");

        Assert.Equal(["ended revoked"], await _system.Database.Rows(
            "select case when x.media_ended_at is null then 'live' else 'ended ' || x.end_reason end from sessions x join channels c on c.id = x.channel_id where c.user_id = @user", new NpgsqlParameter("user", creator.UserId)));
        await Eventually.True(async () => !(await _system.LiveKit.GoLive(creator.StreamKey)).Accepted);

        await Pass(TimeSpan.FromDays(7), creator.UserId);
        await Decide(await TestCreator.Read(await creator.Api.PostJson(Own, """{"about":"Only my own boats."}"""), HttpStatusCode.Created), "approve");
        await Eventually.True(async () => (await _system.LiveKit.GoLive(creator.StreamKey)).Accepted);
        await Eventually.True(creator.IsLive);
    }

    [Fact]
    public async Task Who_loses_his_approval_while_his_first_key_is_being_made_gets_none()
    {
        await Decide(await TestCreator.Read(await Apply(), HttpStatusCode.Created), "approve");
        await using var connection = await _system.Database.Source.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using var revoke = new NpgsqlCommand("update creator_applications set status = 'Revoked' where user_id = @user", connection);
        revoke.Parameters.AddWithValue("user", _userId);
        await revoke.ExecuteNonQueryAsync();

        var asking = _user.PostJson("/api/stream/ingress", "{}");
        await Eventually.True(async () => (await _system.Database.Rows(
            "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock' and query like '%with approval as%'")).Count > 0);
        await transaction.CommitAsync();

        await (await asking).IsError(403, "creator_access_required");
    }

    [Fact]
    public async Task Ten_requests_at_once_are_one_application()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => Apply()));

        Assert.Equal((1, 9), (answers.Count(a => a.StatusCode == HttpStatusCode.Created), answers.Count(a => a.StatusCode == HttpStatusCode.Conflict)));
        foreach (var refused in answers.Where(a => a.StatusCode == HttpStatusCode.Conflict)) await refused.IsError(409, "application_open");
    }

    [Fact]
    public async Task Of_all_who_decide_at_once_one_does_and_the_others_are_told_what()
    {
        for (var round = 0; round < 5; round++)
        {
            var user = $"user-{Guid.CreateVersion7():N}";
            using var applicant = await _system.As(user);
            var id = Id(await TestCreator.Read(await applicant.PostJson(Own, """{"about":"Boats."}"""), HttpStatusCode.Created));

            var answers = await Task.WhenAll(
                _admin.PostAsync(new Uri($"{Review}/{id}/approve", UriKind.Relative), null), _admin.PostJson($"{Review}/{id}/reject", """{"reason":"No."}"""),
                applicant.DeleteAsync(new Uri(Own, UriKind.Relative)), _admin.PostAsync(new Uri($"{Review}/{id}/approve", UriKind.Relative), null));

            var won = Assert.Single(answers, a => a.StatusCode == HttpStatusCode.OK);
            var outcome = Status(await TestCreator.Read(won, HttpStatusCode.OK));
            foreach (var lost in answers.Where(a => a != won)) Assert.Equal(outcome, (await lost.IsError(409, "application_decided")).GetProperty("details").GetProperty("status").GetString());
            Assert.Equal(outcome, Status(await TestCreator.Read(await applicant.GetAt(Own), HttpStatusCode.OK)));
            Assert.Equal(outcome == "withdrawn" ? 0 : 1, (await Audit(user)).Count);
        }
    }

    [Fact]
    public async Task The_list_is_read_page_by_page_from_the_oldest_on()
    {
        var ids = new List<string>();
        for (var i = 0; i < 3; i++)
        {
            using var applicant = await _system.As($"user-{Guid.CreateVersion7():N}");
            ids.Add(Id(await TestCreator.Read(await applicant.PostJson(Own, """{"about":"Boats."}"""), HttpStatusCode.Created)));
        }

        var found = new List<string>();
        for (string? cursor = null, address = $"{Review}?status=pending&limit=2"; ;)
        {
            var page = await TestCreator.Read(await _admin.GetAt(address + (cursor is null ? "" : $"&cursor={cursor}")), HttpStatusCode.OK);
            found.AddRange(page.GetProperty("items").EnumerateArray().Select(Id));
            Assert.All(page.GetProperty("items").EnumerateArray(), i => Assert.Equal("pending", Status(i)));
            if (!page.TryGetProperty("nextCursor", out var next)) break;
            cursor = next.GetString();
        }
        Assert.Equal(found.Distinct(), found);
        Assert.Equal(ids, found.Where(ids.Contains)); // others apply meanwhile
    }

    [Theory]
    [InlineData("""{"about":""}""")]
    [InlineData("""{"about":"   "}""")]
    [InlineData("""{"about":"one\ntwo"}""")]
    [InlineData("""{"about":null}""", "invalid_json")]
    [InlineData("{}", "invalid_json")]
    [InlineData("""{"about":"Boats.","status":"approved"}""", "invalid_json")]
    [InlineData("""{"about":"Boats.","links":["http://example.com/"]}""")]
    [InlineData("""{"about":"Boats.","links":["https://127.0.0.1/"]}""")]
    [InlineData("""{"about":"Boats.","links":["javascript:alert(1)"]}""")]
    [InlineData("""{"about":"Boats.","links":[null]}""")]
    [InlineData("""{"about":"Boats.","links":["https://a.example.com","https://b.example.com","https://c.example.com","https://d.example.com"]}""")]
    public async Task What_breaks_the_rules_is_no_application(string json, string code = "validation_failed")
    {
        await (await _user.PostJson(Own, json)).IsError(400, code);
        await (await _user.GetAt(Own)).IsError(404, "application_not_found");
    }

    [Fact]
    public async Task A_decision_needs_an_administrator_a_reason_and_an_application()
    {
        var id = Id(await TestCreator.Read(await Apply(), HttpStatusCode.Created));

        await (await _user.PostAsync(new Uri($"{Review}/{id}/approve", UriKind.Relative), null)).IsError(403, "forbidden");
        await (await _admin.PostJson($"{Review}/{id}/reject", """{"reason":" "}""")).IsError(400, "validation_failed");
        await (await _admin.PostJson($"{Review}/{Guid.CreateVersion7()}/reject", """{"reason":"No."}""")).IsError(404, "application_not_found");
        Assert.Empty(await Audit());
    }

    private Task<HttpResponseMessage> Apply() => _user.PostJson(Own, """{"about":"I build small boats."}""");

    private async Task<JsonElement> Decide(JsonElement application, string verdict, string? json = null) => await TestCreator.Read(
        json is null ? await _admin.PostAsync(new Uri($"{Review}/{Id(application)}/{verdict}", UriKind.Relative), null) : await _admin.PostJson($"{Review}/{Id(application)}/{verdict}", json), HttpStatusCode.OK);

    /// <summary>His applications are that much older.</summary>
    private async Task Pass(TimeSpan time, string? user = null)
    {
        await using var command = _system.Database.Source.CreateCommand("update creator_applications set decided_at = decided_at - @time where user_id = @user");
        command.Parameters.AddWithValue("time", time);
        command.Parameters.AddWithValue("user", user ?? _userId);
        Assert.True(await command.ExecuteNonQueryAsync() > 0);
    }

    private Task<IReadOnlyList<string>> Audit(string? user = null) => _system.Database.Rows(
        "select act, reason, before ->> 'status', after ->> 'status' from admin_audit where subject = @user order by id", new NpgsqlParameter("user", user ?? _userId));

    private static string Id(JsonElement application) => application.GetProperty("id").GetString()!;

    private static string Status(JsonElement application) => application.GetProperty("status").GetString()!;
}
