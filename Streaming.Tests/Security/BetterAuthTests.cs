using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Time.Testing;
using Streaming.Api.Auth;
using Streaming.Tests.Api;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Security;

/// <summary>A real Better Auth, as its documentation sets it up, and the API beside it.</summary>
public sealed class BetterAuthTests
{
    private const string Frontend = "https://www.example.com";

    [NodeTheory]
    [InlineData("EdDSA")]
    [InlineData("ES256")]
    [InlineData("RS256")]
    public async Task What_a_real_Better_Auth_gives_its_users_opens_the_API_until_they_sign_out(string algorithm)
    {
        await using var auth = await BetterAuthServer.Start(algorithm);
        await using var database = await TestDatabase.NewAsync();
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var app = await SmallApp.Start(Routes, database: database, time: time, settings: new Dictionary<string, string?>(auth.Settings) { ["Http:CorsOrigins:0"] = Frontend });
        var ann = await auth.SignUp("ann");
        var jwt = await auth.JwtOf(ann);

        Assert.Equal($"{ann.UserId} no", await (await app.Get("/me", jwt)).Content.ReadAsStringAsync());
        foreach (var opaque in new[] { ann.Token, ann.SignedToken, Uri.EscapeDataString(ann.SignedToken) })
            Assert.Equal($"{ann.UserId} yes", await (await app.Get("/me", opaque)).Content.ReadAsStringAsync());
        Assert.Equal(200, await WithCookie(HttpMethod.Get, null));
        Assert.Equal(200, await WithCookie(HttpMethod.Post, Frontend));
        Assert.Equal(401, await WithCookie(HttpMethod.Post, "https://evil.example.com"));
        Assert.Equal(401, (int)(await app.Get("/me", "nobodys-token-nobodys-token-none")).StatusCode);

        // She called herself an administrator when she signed up, and Better Auth's JWTs hold the whole user.
        await (await app.Get("/admin", jwt)).IsError(403, "forbidden");
        await (await app.Get("/creator", ann.Token)).IsError(403, "creator_access_required");

        await auth.SignOut(ann);
        time.Advance(OpaqueTokens.KeptFor);
        Assert.Equal(401, (int)(await app.Get("/me", ann.Token)).StatusCode);
        Assert.Equal(401, await WithCookie(HttpMethod.Get, null));
        Assert.Equal(200, (int)(await app.Get("/me", jwt)).StatusCode); // until it expires: the auth server cannot call it back

        await auth.Rotate();
        var bob = await auth.SignUp("bob");
        Assert.Equal(200, (int)(await app.Get("/me", await auth.JwtOf(bob))).StatusCode);
        time.Advance(TimeSpan.FromMinutes(10));
        Assert.Equal(401, (int)(await app.Get("/me", jwt)).StatusCode); // its key is published no more

        async Task<int> WithCookie(HttpMethod method, string? origin) => (int)(await app.Send(method, "/me", (byte[]?)null, request =>
        {
            request.Headers.Add("Cookie", ann.Cookie);
            if (origin is not null) request.Headers.Add("Origin", origin);
        })).StatusCode;
    }

    private static void Routes(WebApplication app)
    {
        app.MapGet("/me", (CurrentUser user) => $"{user.Id} {(user.SignedInAt is null ? "no" : "yes")}");
        app.MapPost("/me", (CurrentUser user) => user.Id);
        app.MapGet("/creator", (CurrentUser user) => user.Id).RequireAuthorization(ApprovedCreator.Policy);
        app.MapGet("/admin", (CurrentUser user) => user.Id).RequireAuthorization(AdministratorsOnly.Policy);
    }
}
