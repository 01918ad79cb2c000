using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Streaming.AppHost.Local;
using Streaming.Tests.Api;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Security;

/// <summary>Who may ask what: every operation of the contract is in this table, and every kind of caller is turned away where it says so and nowhere else.</summary>
public sealed class AccessTests
{
    private const string NoCreator = "creator_access_required", Forbidden = "forbidden";

    private static readonly Dictionary<Access, string[]> Table = new()
    {
        [Access.Everybody] = ["GET /api/stream/live", "GET /api/stream/recommended", "GET /api/stream/search", "GET /api/stream/{username}", "GET /api/stream/token/{hostId}", "GET /api/stream/{id}/events"],
        [Access.LiveKit] = ["POST /api/webhook/livekit"],
        [Access.Users] =
        [
            "GET /api/blocks", "PUT /api/blocks/{userId}", "DELETE /api/blocks/{userId}", "GET /api/follows", "PUT /api/follows/{userId}", "DELETE /api/follows/{userId}",
            "POST /api/creator/application", "GET /api/creator/application", "DELETE /api/creator/application",
            "GET /api/me/events", "GET /api/me/export", "GET /api/stream/following", "GET /api/me/username", "PUT /api/me/username", "DELETE /api/me",
        ],
        [Access.Creators] =
        [
            "GET /api/sessions/{id}/timeline", "GET /api/stream/allow-list", "PUT /api/stream/allow-list/{userId}", "DELETE /api/stream/allow-list/{userId}",
            "PUT /api/stream/chat-settings", "POST /api/stream/creator-token", "POST /api/stream/end", "GET /api/stream/health", "GET /api/stream/info", "PUT /api/stream/info",
            "POST /api/stream/ingress", "DELETE /api/stream/ingress", "GET /api/stream/ingress", "POST /api/stream/ingress/keys", "DELETE /api/stream/ingress/{id}",
            "PUT /api/stream/ingress/{id}/quality", "POST /api/stream/ingress/{id}/reveal", "POST /api/stream/ingress/{id}/rotate", "PUT /api/stream/ingress/{id}/state",
            "GET /api/stream/ingress/{id}/uses", "POST /api/stream/preflight", "GET /api/stream/status",
        ],
        [Access.Administrators] =
        [
            "GET /api/admin/accounting", "GET /api/admin/administrators", "PUT /api/admin/administrators/{userId}", "DELETE /api/admin/administrators/{userId}",
            "GET /api/admin/applications", "POST /api/admin/applications/{id}/approve", "POST /api/admin/applications/{id}/reject", "POST /api/admin/applications/{id}/revoke",
            "GET /api/admin/audit", "GET /api/admin/events", "POST /api/admin/streams/{userId}/suspend", "POST /api/admin/streams/{userId}/unsuspend",
        ],
    };

    /// <summary>Only these take what others have no right to.</summary>
    private enum Access
    {
        Everybody,
        LiveKit,
        Users,
        Creators,
        Administrators,
    }

    [Fact]
    public void Every_operation_of_the_contract_is_in_the_table()
    {
        var document = JsonDocument.Parse(File.ReadAllText(Path.Combine(Clone.Root, "docs", "openapi.json"))).RootElement;
        Assert.Equal(
            RandomRequest.Operations(document).Select(o => $"{o.Method.ToUpperInvariant()} {o.Path}").Order(StringComparer.Ordinal),
            Table.Values.SelectMany(o => o).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Every_caller_is_let_in_or_turned_away_as_the_table_says()
    {
        var system = await TestSystem.Shared;
        var (viewer, applicant, bystander, other, suspended) = (await system.NewViewer(), await system.NewViewer(), await system.NewViewer(), await system.NewChannel(), await system.NewChannel());
        var (owner, room) = await system.NewLiveChannel();
        using var administrator = await system.NewAdministrator();
        await applicant.Api.PostJson("/api/creator/application", """{"about":"I build small boats."}""");
        await TestCreator.Read(await administrator.PostJson($"/api/admin/streams/{suspended.UserId}/suspend", """{"reason":"A test."}"""), HttpStatusCode.OK);
        var revoked = (await system.NewLiveChannel()).Creator;
        var application = (await TestCreator.Read(await revoked.Api.GetAt("/api/creator/application"), HttpStatusCode.OK)).GetProperty("id").GetString();
        await TestCreator.Read(await administrator.PostJson($"/api/admin/applications/{application}/revoke", """{"reason":"A test."}"""), HttpStatusCode.OK);
        var session = (await owner.Status()).GetProperty("sessionId").GetString()!;
        (string Name, HttpClient Api, bool IsUser, bool IsCreator, bool IsAdministrator)[] callers =
        [
            ("anonymous", system.Anonymous, false, false, false), ("viewer", viewer.Api, true, false, false), ("applicant", applicant.Api, true, false, false),
            ("other creator", other.Api, true, true, false), ("suspended creator", suspended.Api, true, true, false), ("owner", owner.Api, true, true, false),
            ("creator whose approval was revoked", revoked.Api, true, false, false),
            ("administrator", administrator, true, false, true),
        ];

        var wrong = new List<string>();
        // His own end comes last.
        foreach (var (access, operation) in Table.SelectMany(t => t.Value.Select(o => (t.Key, Operation: o))).OrderBy(o => o.Operation == "DELETE /api/me").ThenBy(o => o.Key))
            foreach (var caller in callers)
            {
                var (method, path) = (operation.Split(' ')[0], operation.Split(' ')[1]);
                var id = path.Contains("/ingress/", StringComparison.Ordinal) ? owner.IngressId : path == "/api/stream/{id}/events" ? room : session;
                var address = Regex.Replace(path.Replace("{id}", id, StringComparison.Ordinal).Replace("{userId}", bystander.UserId, StringComparison.Ordinal), @"\{\w+\}", owner.UserId);
                using var answer = path.EndsWith("/events", StringComparison.Ordinal) ? await EventReader.Ask(caller.Api, address) // a stream of events has no end
                    : await caller.Api.SendBytes(new HttpMethod(method), address, method == "GET" ? null : "{}"u8.ToArray());
                var code = answer.IsSuccessStatusCode ? "" : JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement.GetProperty("code").GetString();
                var expected = (access, caller) switch
                {
                    (Access.LiveKit, _) => "invalid_signature",
                    (Access.Everybody, _) => "",
                    (_, { IsUser: false }) => "unauthorized",
                    (Access.Creators, { IsCreator: false }) => NoCreator,
                    (Access.Administrators, { IsAdministrator: false }) => Forbidden,
                    _ => "",
                };
                var refused = code is "unauthorized" or "invalid_signature" or NoCreator or Forbidden ? code : "";
                if (refused != expected) wrong.Add($"{operation} by {caller.Name}: {(int)answer.StatusCode} {code} instead of '{expected}'");
            }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }
}
