using System.Net;
using Streaming.Core.Creators;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Api;

/// <summary>The name under which a channel is found.</summary>
public sealed class UsernameTests : IAsyncLifetime
{
    private const string Address = "/api/me/username";

    private TestSystem _system = null!;

    public async Task InitializeAsync() => _system = await TestSystem.Shared;

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task The_first_token_that_names_one_gives_it_and_later_ones_change_nothing()
    {
        var (id, name) = (NewId(), NewName());

        Assert.Equal(name, await Read(await _system.As(id, name.ToUpperInvariant())));
        Assert.Equal(name, await Read(await _system.As(id, NewName())));
    }

    [Fact]
    public async Task A_name_that_is_taken_however_it_is_written_leaves_the_second_without_until_he_chooses()
    {
        var (name, other) = (NewName(), NewName());
        await Read(await _system.As(NewId(), name));
        var second = await _system.As(NewId(), name);

        Assert.Null(await Read(second));
        await (await second.PutJson(Address, $$"""{"username":"{{name.ToUpperInvariant()}}"}""")).IsError(409, "username_taken");
        Assert.Equal(other, await Name(await second.PutJson(Address, $$"""{"username":"{{other.ToUpperInvariant()}}"}""")));
        Assert.Equal(other, await Name(await second.PutJson(Address, $$"""{"username":"{{other}}"}"""))); // his own is not taken from himself
        Assert.Equal(other, await Read(second));
    }

    [Fact]
    public async Task Of_twenty_who_want_one_name_at_once_one_gets_it()
    {
        var name = NewName();
        var users = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => _system.As(NewId())));

        var answers = await Task.WhenAll(users.Select(user => user.PutJson(Address, $$"""{"username":"{{name}}"}""")));

        Assert.Equal((1, 19), (answers.Count(a => a.StatusCode == HttpStatusCode.OK), answers.Count(a => a.StatusCode == HttpStatusCode.Conflict)));
    }

    [Theory]
    [InlineData("ab")]
    [InlineData("a234567890123456789012345678901")]
    [InlineData(".hidden")]
    [InlineData("-dash")]
    [InlineData("a b c")]
    [InlineData("a/b")]
    [InlineData("a%2fb")]
    [InlineData("änn")]
    [InlineData("ann\\n")]
    [InlineData("ann\\u202e")]
    [InlineData("")]
    [InlineData("Live")]
    [InlineData("chat-settings")]
    public async Task What_is_no_name_or_reserved_is_refused(string name) =>
        await (await (await _system.As(NewId())).PutJson(Address, $$"""{"username":"{{name}}"}""")).IsError(400, "validation_failed");

    [Theory]
    [InlineData("Ann", "ann")]
    [InlineData("a.n-n_7", "a.n-n_7")]
    [InlineData("live", null)]
    [InlineData("LIVE", null)]
    [InlineData("ann\n", null)]
    [InlineData(null, null)]
    public void A_claim_that_is_no_name_is_none(string? given, string? kept) => Assert.Equal(kept, Username.Of(given));

    private static string NewId() => $"user-{Guid.CreateVersion7():N}";

    private static string NewName() => $"n{Convert.ToHexStringLower(System.Security.Cryptography.RandomNumberGenerator.GetBytes(10))}";

    private static async Task<string?> Read(HttpClient user) => await Name(await user.GetAt(Address));

    private static async Task<string?> Name(HttpResponseMessage answer) => (await TestCreator.Read(answer, HttpStatusCode.OK)).GetProperty("username").GetString();
}
