using Microsoft.Extensions.Options;
using Streaming.Api.Http;
using Streaming.Core.LiveKit;

namespace Streaming.Tests.Api;

public sealed class CursorsTests
{
    private const string Secret = "a-livekit-secret-of-at-least-32-bytes", Next = "another-secret-of-at-least-32-bytes-x";

    private readonly Cursors _cursors = With(Secret);

    [Theory]
    [InlineData("")]
    [InlineData("417")]
    [InlineData("EV_7nXbJ4vYqRkT")]
    [InlineData("é|\n|💡")]
    public void Every_replica_opens_what_one_of_them_sealed(string position) =>
        Assert.Equal(position, With(Secret).Open("sessions of ann", _cursors.Seal("sessions of ann", position)));

    [Fact]
    public void A_cursor_of_one_list_is_none_of_another()
    {
        var cursor = _cursors.Seal("sessions of ann", "417");

        foreach (var other in new[] { "sessions of bob", "sessions of an", "sessions of ann4", "sessions of ann417", "" }) Assert.Null(_cursors.Open(other, cursor));
    }

    [Fact]
    public void An_altered_cursor_is_none()
    {
        var cursor = _cursors.Seal("list", "1234567890");

        for (var i = 0; i < cursor.Length; i++)
            foreach (var other in "AQz_".Where(c => c != cursor[i]))
                Assert.Null(_cursors.Open("list", $"{cursor[..i]}{other}{cursor[(i + 1)..]}"));
        for (var length = 0; length < cursor.Length; length++) Assert.Null(_cursors.Open("list", cursor[..length]));
        foreach (var added in new[] { "A", "AAAA", "=", " ", "\n" }) Assert.Null(_cursors.Open("list", cursor + added));
    }

    [Fact]
    public void A_cursor_made_with_another_secret_is_none() => Assert.Null(_cursors.Open("list", With(Next).Seal("list", "417")));

    [Fact]
    public void While_the_secret_is_rotated_both_hold()
    {
        var rotating = With(Next, previous: Secret);

        Assert.Equal("417", rotating.Open("list", _cursors.Seal("list", "417")));
        Assert.Equal("417", With(Next).Open("list", rotating.Seal("list", "417")));
    }

    private static Cursors With(string secret, string? previous = null) =>
        new(Options.Create(new LiveKitOptions { ApiKey = "key", ApiSecret = secret, PreviousApiKey = previous is null ? null : "old", PreviousApiSecret = previous }));
}
