using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Streaming.AppHost.Local;
using Streaming.Tests.Api;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Security;

/// <summary>Who may ask what: every operation of the contract, asked by every kind of caller, is answered as <see cref="Table"/> says.</summary>
public sealed partial class AccessTests
{
    /// <summary>
    /// A new operation needs a line, at a place where what it removes is not asked for below. Bodies are empty objects. <c>+</c>: it is done;
    /// <c>~</c>: he may, but not so or not now; <c>u</c> unauthorized, <c>c</c> creator access required, <c>f</c> forbidden, <c>b</c> blocked,
    /// <c>n</c> banned, <c>o</c> not to oneself, <c>s</c> not signed by LiveKit; <c>0</c>: as if what he asks for did not exist.
    /// <c>{owner}</c> is live, and <c>{channel}</c>, <c>{session}</c> and <c>{ingress}</c> are his; <c>{bystander}</c> is nobody's friend or foe;
    /// <c>{application}</c> is the unapproved one's.
    /// </summary>
    private const string Table =
        """
                                                             anonymous guest viewer blocked banned unapproved other owner suspended administrator
        GET    /api/stream/{username}                        +         +     +      0       +      +          +     +     +         +
        GET    /api/stream/token/{owner}                     +         +     +      b       n      +          +     +     +         +
        GET    /api/stream/{channel}/events                  +         +     +      0       n      +          +     +     +         +
        GET    /api/stream/live                              +         +     +      +       +      +          +     +     +         +
        GET    /api/stream/recommended                       +         +     +      +       +      +          +     +     +         +
        GET    /api/stream/search                            ~         ~     ~      ~       ~      ~          ~     ~     ~         ~
        GET    /api/sessions/{session}                       +         +     +      0       +      +          +     +     +         +
        POST   /api/webhook/livekit                          s         s     s      s       s      s          s     s     s         s

        GET    /api/follows                                  u         u     +      +       +      +          +     +     +         +
        PUT    /api/follows/{owner}                          u         u     +      0       +      +          +     o     +         +
        DELETE /api/follows/{owner}                          u         u     +      +       +      +          +     +     +         +
        GET    /api/stream/following                         u         u     +      +       +      +          +     +     +         +
        GET    /api/blocks                                   u         u     +      +       +      +          +     +     +         +
        PUT    /api/blocks/{bystander}                       u         u     +      +       +      +          +     +     +         +
        DELETE /api/blocks/{bystander}                       u         u     +      +       +      +          +     +     +         +
        POST   /api/creator/application                      u         u     ~      ~       ~      ~          ~     ~     ~         ~
        GET    /api/creator/application                      u         u     0      0       0      +          +     +     +         0
        GET    /api/me/events                                u         u     +      +       +      +          +     +     +         +
        GET    /api/me/export                                u         u     +      +       +      +          +     +     +         +
        GET    /api/me/notices                               u         u     +      +       +      +          +     +     +         +
        GET    /api/me/username                              u         u     +      +       +      +          +     +     +         +
        PUT    /api/me/username                              u         u     ~      ~       ~      ~          ~     ~     ~         ~

        GET    /api/sessions/{session}/timeline              u         u     c      c       c      c          0     +     0         c
        GET    /api/stream/sessions                          u         u     c      c       c      c          +     +     +         c
        POST   /api/stream/markers                           u         u     c      c       c      c          ~     +     ~         c
        GET    /api/stream/allow-list                        u         u     c      c       c      c          +     +     +         c
        PUT    /api/stream/allow-list/{bystander}            u         u     c      c       c      c          +     +     +         c
        DELETE /api/stream/allow-list/{bystander}            u         u     c      c       c      c          +     +     +         c
        GET    /api/chat/{channel}/bans                      u         u     c      c       c      c          0     +     0         c
        PUT    /api/chat/{channel}/bans/{bystander}          u         u     c      c       c      c          ~     ~     ~         c
        DELETE /api/chat/{channel}/bans/{bystander}          u         u     c      c       c      c          0     +     0         c
        PUT    /api/stream/chat-settings                     u         u     c      c       c      c          +     +     +         c
        POST   /api/stream/creator-token                     u         u     c      c       c      c          +     +     ~         c
        GET    /api/stream/health                            u         u     c      c       c      c          +     +     +         c
        GET    /api/stream/info                              u         u     c      c       c      c          +     +     +         c
        PUT    /api/stream/info                              u         u     c      c       c      c          +     +     +         c
        GET    /api/stream/status                            u         u     c      c       c      c          +     +     +         c
        POST   /api/stream/preflight                         u         u     c      c       c      c          +     +     +         c
        GET    /api/stream/ingress                           u         u     c      c       c      c          +     +     +         c
        GET    /api/stream/ingress/{ingress}/uses            u         u     c      c       c      c          0     +     0         c
        POST   /api/stream/ingress/keys                      u         u     c      c       c      c          ~     ~     ~         c
        POST   /api/stream/ingress/{ingress}/reveal          u         u     c      c       c      c          0     +     0         c
        PUT    /api/stream/ingress/{ingress}/quality         u         u     c      c       c      c          ~     ~     ~         c
        PUT    /api/stream/ingress/{ingress}/state           u         u     c      c       c      c          ~     ~     ~         c
        POST   /api/stream/ingress/{ingress}/rotate          u         u     c      c       c      c          ~     ~     ~         c
        POST   /api/stream/ingress                           u         u     c      c       c      c          +     ~     ~         c
        POST   /api/stream/end                               u         u     c      c       c      c          ~     +     ~         c
        DELETE /api/stream/ingress/{ingress}                 u         u     c      c       c      c          0     +     0         c
        DELETE /api/stream/ingress                           u         u     c      c       c      c          +     0     +         c

        GET    /api/admin/accounting                         u         u     f      f       f      f          f     f     f         +
        GET    /api/admin/administrators                     u         u     f      f       f      f          f     f     f         +
        PUT    /api/admin/administrators/{bystander}         u         u     f      f       f      f          f     f     f         +
        DELETE /api/admin/administrators/{bystander}         u         u     f      f       f      f          f     f     f         +
        GET    /api/admin/applications                       u         u     f      f       f      f          f     f     f         +
        POST   /api/admin/applications/{application}/approve u         u     f      f       f      f          f     f     f         +
        POST   /api/admin/applications/{application}/reject  u         u     f      f       f      f          f     f     f         ~
        POST   /api/admin/applications/{application}/revoke  u         u     f      f       f      f          f     f     f         ~
        GET    /api/admin/audit                              u         u     f      f       f      f          f     f     f         +
        GET    /api/admin/events                             u         u     f      f       f      f          f     f     f         +
        POST   /api/admin/streams/{bystander}/suspend        u         u     f      f       f      f          f     f     f         ~
        POST   /api/admin/streams/{bystander}/unsuspend      u         u     f      f       f      f          f     f     f         +

        DELETE /api/creator/application                      u         u     0      0       0      ~          ~     ~     ~         0
        DELETE /api/me                                       u         u     +      +       +      +          +     +     +         +
        """;

    private static readonly string[] Lines = Table.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private static readonly (string Operation, string[] Answers)[] Rows =
        [.. Lines.Skip(1).Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Select(words => ($"{words[0]} {words[1]}", words[2..]))];

    [Fact]
    public void Every_operation_of_the_contract_is_in_the_table()
    {
        var document = JsonDocument.Parse(File.ReadAllText(Path.Combine(Clone.Root, "docs", "openapi.json"))).RootElement;
        Assert.Equal(
            RandomRequest.Operations(document).Select(o => $"{o.Method.ToUpperInvariant()} {Nameless(o.Path)}").Order(StringComparer.Ordinal),
            Rows.Select(r => Nameless(r.Operation)).Order(StringComparer.Ordinal));

        static string Nameless(string path) => Parameter().Replace(path, "{}");
    }

    [Fact]
    public async Task Every_caller_is_let_in_or_turned_away_as_the_table_says()
    {
        var system = await TestSystem.Shared;
        var (ids, callers) = await Scene(system);
        Assert.Equal(Lines[0].Split(' ', StringSplitOptions.RemoveEmptyEntries), callers.Select(c => c.Name));

        var wrong = new List<string>();
        foreach (var (operation, expected) in Rows)
        {
            Assert.True(expected.Length == callers.Count, $"{operation} has {expected.Length} answers for {callers.Count} callers");
            var words = Parameter().Replace(operation, name => ids[name.Value]).Split(' ');
            foreach (var (caller, letter) in callers.Zip(expected))
            {
                using var answer = words[1].EndsWith("/events", StringComparison.Ordinal) ? await EventReader.Ask(caller.Api, words[1]) // a stream of events has no end
                    : await caller.Api.SendBytes(new HttpMethod(words[0]), words[1], words[0] == "GET" ? null : "{}"u8.ToArray());
                var code = answer.IsSuccessStatusCode ? "" : JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement.GetProperty("code").GetString()!;
                if (LetterOf((int)answer.StatusCode, code) != letter) wrong.Add($"{operation} by {caller.Name}: {(int)answer.StatusCode} {code} instead of '{letter}'");
            }
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    private static string LetterOf(int status, string code) => code switch
    {
        "unauthorized" => "u",
        "creator_access_required" => "c",
        "forbidden" => "f",
        "blocked" => "b",
        "banned" => "n",
        "oneself" => "o",
        "invalid_signature" => "s",
        _ => status switch { < 300 => "+", 404 => "0", < 500 => "~", _ => $"{status}" },
    };

    private static async Task<(Dictionary<string, string> Ids, IReadOnlyList<(string Name, HttpClient Api)> Callers)> Scene(TestSystem system)
    {
        var (owner, _) = await system.NewLiveChannel();
        var username = $"o{owner.UserId[^20..]}";
        await TestCreator.Read(await owner.Api.PutJson("/api/me/username", $$"""{"username":"{{username}}"}"""), HttpStatusCode.OK);
        var (viewer, blocked, banned) = (await system.NewViewer(), await system.NewViewer(), await system.NewViewer());
        var (unapproved, suspended) = (await system.NewViewer(), await system.NewChannel());
        await TestCreator.Read(await owner.Api.PutJson($"/api/blocks/{blocked.UserId}", ""), HttpStatusCode.OK);
        await TestCreator.Read(await owner.Api.PutJson($"/api/chat/{await owner.Room()}/bans/{banned.UserId}", """{"scope":"stream"}"""), HttpStatusCode.OK);
        var applied = await TestCreator.Read(await unapproved.Api.PostJson("/api/creator/application", """{"about":"I build small boats."}"""), HttpStatusCode.Created);
        var administrator = await system.NewAdministrator();
        await system.NewAdministrator(); // the last one could not go
        await TestCreator.Read(await administrator.PostJson($"/api/admin/streams/{suspended.UserId}/suspend", """{"reason":"A test."}"""), HttpStatusCode.OK);
        return (
            new()
            {
                ["{username}"] = username,
                ["{owner}"] = owner.UserId,
                ["{bystander}"] = (await system.NewViewer()).UserId,
                ["{channel}"] = await owner.Room(),
                ["{session}"] = (await owner.Status()).GetProperty("sessionId").GetString()!,
                ["{ingress}"] = owner.IngressId,
                ["{application}"] = applied.GetProperty("id").GetString()!,
            },
            [
                ("anonymous", system.Anonymous), ("guest", await Guest(system, owner)), ("viewer", viewer.Api), ("blocked", blocked.Api), ("banned", banned.Api), ("unapproved", unapproved.Api),
                ("other", (await system.NewChannel()).Api), ("owner", owner.Api), ("suspended", suspended.Api), ("administrator", administrator),
            ]);
    }

    /// <summary>Somebody who has watched without signing in, and is known by his cookie.</summary>
    private static async Task<HttpClient> Guest(TestSystem system, TestCreator owner)
    {
        var guest = new HttpClient(new Leaks.OfAnswers(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false })) { BaseAddress = system.Anonymous.BaseAddress };
        using var met = await guest.GetAt($"/api/stream/token/{owner.UserId}");
        guest.DefaultRequestHeaders.Add("Cookie", met.Headers.GetValues("Set-Cookie").Single().Split(';')[0]);
        return guest;
    }

    [GeneratedRegex(@"\{\w+\}")]
    private static partial Regex Parameter();
}
