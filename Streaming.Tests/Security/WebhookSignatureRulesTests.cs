using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Streaming.AppHost.Local;
using Streaming.Core.LiveKit;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Security;

/// <summary>What is LiveKit's webhook and what only looks like one.</summary>
public sealed class WebhookSignatureRulesTests
{
    private const string OldKey = "oldkey", OldSecret = "oldsecret-oldsecret-oldsecret-oldsecret";

    private static readonly byte[] Body = """{"event":"room_started","id":"EV_1","createdAt":"1795352636"}"""u8.ToArray();

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 22, 12, 0, 0, TimeSpan.Zero));
    private readonly WebhookSigner _livekit;
    private readonly WebhookSignature _signature;

    public WebhookSignatureRulesTests()
    {
        _livekit = new WebhookSigner(time: _time);
        _signature = Signature(_time);
    }

    public static TheoryData<string> Stories => Captured.Stories;

    [Theory]
    [MemberData(nameof(Stories))]
    public void What_a_real_LiveKit_sent_is_its_own_when_it_arrives_and_no_more_seven_minutes_later(string story)
    {
        foreach (var request in Captured.Read(story))
        {
            Assert.Null(Signature(At(request.ReceivedAt)).Verify(request.Bytes, request.Authorization));
            Assert.Equal(SignatureRefusal.Expired, Signature(At(request.ReceivedAt.AddMinutes(7))).Verify(request.Bytes, request.Authorization));
        }
    }

    [Theory]
    [MemberData(nameof(Stories))]
    public void A_body_with_any_one_byte_changed_missing_or_added_is_refused(string story)
    {
        foreach (var request in Captured.Read(story))
        {
            var signature = Signature(At(request.ReceivedAt));
            var body = request.Bytes;
            for (var i = 0; i < body.Length; i++)
            {
                body[i] ^= 1;
                Assert.Equal(SignatureRefusal.Body, signature.Verify(body, request.Authorization));
                body[i] ^= 1;
            }

            Assert.Equal(SignatureRefusal.Body, signature.Verify(body.AsSpan(1), request.Authorization));
            Assert.Equal(SignatureRefusal.Body, signature.Verify(body.AsSpan(..^1), request.Authorization));
            Assert.Equal(SignatureRefusal.Body, signature.Verify([.. body, (byte)'\n'], request.Authorization));
            Assert.Equal(SignatureRefusal.Body, signature.Verify([], request.Authorization));
        }
    }

    [Fact]
    public void A_capture_is_refused_by_a_deployment_with_another_secret_or_key()
    {
        var request = Captured.Read("room-deleted")[0];
        Assert.Equal(SignatureRefusal.Signature, Signature(At(request.ReceivedAt), secret: "another-another-another-another-another").Verify(request.Bytes, request.Authorization));
        Assert.Equal(SignatureRefusal.UnknownKey, Signature(At(request.ReceivedAt), key: "another").Verify(request.Bytes, request.Authorization));
    }

    [Theory]
    [InlineData(-61, SignatureRefusal.NotYet)]
    [InlineData(-60, null)]
    [InlineData(0, null)]
    [InlineData(300, null)]
    [InlineData(360, null)]
    [InlineData(361, SignatureRefusal.Expired)]
    public void A_token_is_good_from_its_beginning_to_its_end_with_a_minute_for_clocks_that_differ(int secondsAfterSigning, SignatureRefusal? refusal)
    {
        var signed = new WebhookSigner(time: At(_time.GetUtcNow().AddSeconds(-secondsAfterSigning))).Token(Body);
        Assert.Equal(refusal, _signature.Verify(Body, signed));
    }

    [Fact]
    public void A_token_without_an_end_is_refused()
    {
        Assert.Equal(SignatureRefusal.Expired, Verify(claims => claims.Remove("exp")));
        Assert.Equal(SignatureRefusal.Malformed, Verify(claims => claims["exp"] = "4102444800"));
        Assert.Equal(SignatureRefusal.Malformed, Verify(claims => claims["exp"] = null));
        Assert.Equal(SignatureRefusal.Malformed, Verify(claims => claims["exp"] = 1e300));
        Assert.Equal(SignatureRefusal.Expired, Verify(claims => claims["exp"] = long.MinValue));
    }

    [Fact]
    public void A_token_without_a_beginning_is_LiveKits_too() => Assert.Null(Verify(claims => claims.Remove("nbf")));

    [Theory]
    [InlineData("none")]
    [InlineData("None")]
    [InlineData("hs256")]
    [InlineData("RS256")]
    [InlineData("EdDSA")]
    [InlineData("HS512")]
    [InlineData("")]
    [InlineData(null)]
    public void No_other_algorithm_counts_even_over_a_good_HS256_signature(string? algorithm) =>
        Assert.Equal(SignatureRefusal.Algorithm, Verify(header: header => header["alg"] = algorithm));

    [Fact]
    public void A_token_that_names_no_algorithm_is_refused() => Assert.Equal(SignatureRefusal.Algorithm, Verify(header: header => header.Remove("alg")));

    [Fact]
    public void Tokens_that_really_are_of_another_algorithm_are_refused()
    {
        var secret = Encoding.UTF8.GetBytes(Captured.ApiSecret);
        SigningKey[] others = [SigningKey.Rsa(), SigningKey.Ed25519(), SigningKey.P256(), new("HS512", "", [], secret, data => HMACSHA512.HashData(secret, data)), new("none", "", [], [], _ => [])];
        Assert.All(others, key => Assert.Equal(SignatureRefusal.Algorithm, _signature.Verify(Body, _livekit.Token(Body, key: key))));
        Assert.All(others, key => Assert.Equal(SignatureRefusal.Signature, _signature.Verify(Body, _livekit.Token(Body, header: h => h["alg"] = "HS256", key: key))));
    }

    [Fact]
    public void Only_a_key_of_ours_issues_webhooks()
    {
        Assert.Equal(SignatureRefusal.UnknownKey, Verify(claims => claims["iss"] = "somebody"));
        Assert.Equal(SignatureRefusal.UnknownKey, Verify(claims => claims["iss"] = "DEVKEY"));
        Assert.Equal(SignatureRefusal.UnknownKey, Verify(claims => claims["iss"] = ""));
        Assert.Equal(SignatureRefusal.UnknownKey, Verify(claims => claims.Remove("iss")));
        Assert.Equal(SignatureRefusal.UnknownKey, Verify(claims => claims["iss"] = new JsonArray("devkey")));
    }

    [Fact]
    public void During_a_rotation_both_pairs_are_good_and_do_not_mix()
    {
        var rotating = Signature(_time, oldKey: OldKey, oldSecret: OldSecret);
        Assert.Null(rotating.Verify(Body, _livekit.Token(Body)));
        Assert.Null(rotating.Verify(Body, new WebhookSigner(OldKey, OldSecret, _time).Token(Body)));
        Assert.Equal(SignatureRefusal.Signature, rotating.Verify(Body, new WebhookSigner(Captured.ApiKey, OldSecret, _time).Token(Body)));
        Assert.Equal(SignatureRefusal.Signature, rotating.Verify(Body, new WebhookSigner(OldKey, Captured.ApiSecret, _time).Token(Body)));
        Assert.Equal(SignatureRefusal.UnknownKey, _signature.Verify(Body, new WebhookSigner(OldKey, OldSecret, _time).Token(Body))); // after it
    }

    [Fact]
    public void The_body_must_be_vouched_for_by_its_hash_in_base64_and_nothing_else()
    {
        var hash = SHA256.HashData(Body);
        var base64 = Convert.ToBase64String(hash);
        string?[] others =
        [
            null, "", Convert.ToHexString(hash), Convert.ToHexStringLower(hash), base64.TrimEnd('='), base64[..^4], base64[4..], $" {base64}", $"{base64}\n", $"{base64}====",
            base64.Replace('=', ' '), new string('A', 44), Convert.ToBase64String(hash[..31]), Convert.ToBase64String([.. hash, 0]),
            Convert.ToBase64String(SHA512.HashData(Body)), Convert.ToBase64String(SHA256.HashData([])),
        ];
        Assert.All(others, other => Assert.Equal(SignatureRefusal.Body, Verify(claims => claims["sha256"] = other)));
        Assert.Equal(SignatureRefusal.Body, Verify(claims => claims.Remove("sha256")));
        Assert.Equal(SignatureRefusal.Body, Verify(claims => claims["sha256"] = new JsonArray(base64)));
    }

    [Fact]
    public void A_hash_in_the_urls_alphabet_is_refused()
    {
        var body = Enumerable.Range(0, 100).Select(i => Encoding.UTF8.GetBytes($"{i}")).First(b => Convert.ToBase64String(SHA256.HashData(b)).AsSpan().IndexOfAny('+', '/') >= 0);
        var urlSafe = Convert.ToBase64String(SHA256.HashData(body)).Replace('+', '-').Replace('/', '_');
        Assert.Null(_signature.Verify(body, _livekit.Token(body)));
        Assert.Equal(SignatureRefusal.Body, _signature.Verify(body, _livekit.Token(body, claims => claims["sha256"] = urlSafe)));
    }

    [Fact]
    public void An_access_token_of_a_viewer_or_a_creator_is_no_webhook_though_the_secret_is_the_same()
    {
        var tokens = new AccessTokens(Options(Captured.ApiKey, Captured.ApiSecret), _time);
        RoomGrants[] all = [RoomGrants.Creator, RoomGrants.Guest, RoomGrants.Viewer(mayChat: true)];
        Assert.All(all, grants => Assert.Equal(SignatureRefusal.Body, _signature.Verify(Body, tokens.Mint("viewer:ann:1", "room", grants).Reveal())));
        Assert.All(all, grants => Assert.Equal(SignatureRefusal.Body, _signature.Verify([], tokens.Mint("viewer:ann:1", "room", grants).Reveal())));
    }

    [Fact]
    public void LiveKit_says_no_Bearer_and_who_says_it_is_not_LiveKit()
    {
        var token = _livekit.Token(Body);
        Assert.All(["Bearer ", "bearer ", "Basic ", " ", "\t"], scheme => Assert.NotNull(_signature.Verify(Body, scheme + token)));
    }

    [Fact]
    public void A_signature_has_one_spelling()
    {
        var token = _livekit.Token(Body);
        var last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".First(c => c != token[^1] && Decoded(token[..^1] + c).AsSpan().SequenceEqual(Decoded(token)));
        Assert.NotNull(_signature.Verify(Body, token[..^1] + last)); // the same bytes: two bits of the last character are not used
        Assert.All([token + "=", token + "==", token + " ", token[..^3] + " " + token[^3..], token + "\n"], other => Assert.NotNull(_signature.Verify(Body, other)));

        static byte[] Decoded(string token) => Convert.FromBase64String(token.Split('.')[2].Replace('-', '+').Replace('_', '/') + "=");
    }

    [Fact]
    public void What_is_no_token_is_refused()
    {
        string?[] garbage =
        [
            null, "", ".", "..", "...", "a.b", "a.b.c", "=.=.=", "e30.e30.e30", "bnVsbA.bnVsbA.", "W10.W10.W10", new('.', 100), new('a', 4096), new('a', 4097), new('a', 1_000_000),
            "ключ.ключ.ключ", "\ud800", "\0.\0.\0", "\u2028", "eyJhbGciOiJIUzI1NiJ9", "eyJhbGciOiJIUzI1NiJ9.", "eyJhbGciOiJIUzI1NiJ9..", "eyJhbGciOiJIUzI1NiJ9.e30.", ".e30.x",
            _livekit.Token(Body).Split('.')[0] + "." + _livekit.Token(Body).Split('.')[1] + ".", _livekit.Token(Body) + "." + _livekit.Token(Body), _livekit.Token(Body) + "," + _livekit.Token(Body),
            Nested(2000) + ".e30.x", "eyJhbGciOiJIUzI1NiJ9." + Nested(2000) + ".x",
        ];
        Assert.All(garbage, token => Assert.NotNull(_signature.Verify(Body, token)));

        static string Nested(int depth) => Base64Url.EncodeToString(Encoding.ASCII.GetBytes("{\"a\":" + new string('[', depth)));
    }

    [Fact]
    public void Claims_and_headers_that_are_newer_than_we_are_change_nothing()
    {
        Assert.Null(Verify(claims => claims["video"] = new JsonObject { ["roomAdmin"] = true }, header => header["kid"] = "../../etc/passwd"));
        Assert.Null(Verify(claims => claims["metadata"] = new JsonArray(1, new JsonObject(), null, "x")));
    }

    [Fact]
    public void Random_text_is_never_accepted_and_never_throws()
    {
        var random = new Random(1);
        for (var i = 0; i < 5000; i++)
        {
            var bytes = new byte[random.Next(0, 300)];
            random.NextBytes(bytes);
            var text = (i % 4) switch
            {
                0 => Encoding.Latin1.GetString(bytes),
                1 => Encoding.Unicode.GetString(bytes),
                2 => $"{Base64Url.EncodeToString(bytes)}.{Base64Url.EncodeToString(bytes)}.{Base64Url.EncodeToString(bytes)}",
                _ => $"eyJhbGciOiJIUzI1NiJ9.{Base64Url.EncodeToString(bytes)}.{Base64Url.EncodeToString(bytes)}",
            };
            Assert.NotNull(_signature.Verify(Body, text));
        }
    }

    [Fact]
    public void No_mutation_of_a_good_token_is_accepted_and_none_throws()
    {
        var random = new Random(2);
        var good = _livekit.Token(Body);
        Assert.Null(_signature.Verify(Body, good));
        for (var i = 0; i < 5000; i++)
        {
            var token = good;
            for (var edits = random.Next(1, 4); edits > 0; edits--) token = Edited(token, random);
            if (token != good) Assert.True(_signature.Verify(Body, token) is not null, $"Mutation {i} was accepted.");
        }
    }

    [Fact]
    public void A_signed_header_or_payload_of_any_shape_never_throws()
    {
        var random = new Random(3);
        var secret = Encoding.UTF8.GetBytes(Captured.ApiSecret);
        var parts = _livekit.Token(Body).Split('.').Take(2).Select(p => Encoding.UTF8.GetString(Base64Url.DecodeFromChars(p))).ToArray();
        for (var i = 0; i < 5000; i++)
        {
            var content = string.Join('.', parts.Select((json, part) => Base64Url.EncodeToString(Encoding.Latin1.GetBytes(part == i % 2 ? Edited(Edited(json, random), random) : json))));
            _ = _signature.Verify(Body, $"{content}.{Base64Url.EncodeToString(HMACSHA256.HashData(secret, Encoding.ASCII.GetBytes(content)))}");
        }
    }

    [Fact]
    public void Digests_are_compared_in_constant_time()
    {
        var source = File.ReadAllText(Path.Combine(Clone.Root, "Streaming.Core/LiveKit/WebhookSignature.cs"));
        Assert.Equal(2, source.Split("CryptographicOperations.FixedTimeEquals").Length - 1); // the signature and the hash of the body
        Assert.DoesNotContain("SequenceEqual", source);
    }

    private SignatureRefusal? Verify(Action<JsonObject>? claims = null, Action<JsonObject>? header = null) => _signature.Verify(Body, _livekit.Token(Body, claims, header));

    private static string Edited(string text, Random random)
    {
        if (text.Length == 0) return "x";
        var at = random.Next(text.Length);
        var some = (char)(random.Next(4) == 0 ? random.Next(char.MaxValue) : random.Next(128));
        return random.Next(6) switch
        {
            0 => text[..at] + some + text[(at + 1)..],
            1 => text[..at] + some + text[at..],
            2 => text.Remove(at, 1),
            3 => text[..at],
            4 => text + text[at..],
            _ => text[..at] + text[at..].ToUpperInvariant(),
        };
    }

    private static FakeTimeProvider At(DateTimeOffset time) => new(time);

    private static WebhookSignature Signature(
        TimeProvider time, string key = Captured.ApiKey, string secret = Captured.ApiSecret, string? oldKey = null, string? oldSecret = null) =>
        new(Options(key, secret, oldKey, oldSecret), time);

    private static IOptions<LiveKitOptions> Options(string key, string secret, string? oldKey = null, string? oldSecret = null) =>
        Microsoft.Extensions.Options.Options.Create(new LiveKitOptions { ApiKey = key, ApiSecret = secret, PreviousApiKey = oldKey, PreviousApiSecret = oldSecret });
}
