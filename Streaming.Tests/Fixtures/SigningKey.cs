using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.IdentityModel.Tokens;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Crypto.Signers;

namespace Streaming.Tests.Fixtures;

/// <summary>A key pair as auth servers have them, and the tokens made with it. Tokens are put together here by hand, so that bad ones can be, too.</summary>
public sealed class SigningKey(string algorithm, string keyId, JsonObject publicKey, byte[] publicBytes, Func<byte[], byte[]> sign)
{
    public string Algorithm => algorithm;
    public string KeyId => keyId;
    public byte[] PublicBytes => publicBytes;

    /// <summary>The entry of a JWKS, as Better Auth publishes it: without <c>use</c>.</summary>
    public JsonObject Jwk(string? use = null, string? kid = null)
    {
        var jwk = (JsonObject)publicKey.DeepClone();
        (jwk["kid"], jwk["alg"]) = (kid ?? keyId, algorithm);
        if (use is not null) jwk["use"] = use;
        return jwk;
    }

    public static SigningKey Ed25519(string? keyId = null)
    {
        var key = new Ed25519PrivateKeyParameters(RandomNumberGenerator.GetBytes(32));
        var x = key.GeneratePublicKey().GetEncoded();
        return new("EdDSA", keyId ?? NewId(), new() { ["kty"] = "OKP", ["crv"] = "Ed25519", ["x"] = Base64UrlEncoder.Encode(x) }, x, data =>
        {
            var signer = new Ed25519Signer();
            signer.Init(forSigning: true, key);
            signer.BlockUpdate(data);
            return signer.GenerateSignature();
        });
    }

    public static SigningKey P256(string? keyId = null)
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var q = key.ExportParameters(false).Q;
        return new("ES256", keyId ?? NewId(), new() { ["kty"] = "EC", ["crv"] = "P-256", ["x"] = Base64UrlEncoder.Encode(q.X), ["y"] = Base64UrlEncoder.Encode(q.Y) },
            key.ExportSubjectPublicKeyInfo(), data => key.SignData(data, HashAlgorithmName.SHA256));
    }

    public static SigningKey Rsa(string? keyId = null, int bits = 2048)
    {
        var key = RSA.Create(bits);
        var parts = key.ExportParameters(false);
        return new("RS256", keyId ?? NewId(), new() { ["kty"] = "RSA", ["n"] = Base64UrlEncoder.Encode(parts.Modulus), ["e"] = Base64UrlEncoder.Encode(parts.Exponent) },
            key.ExportSubjectPublicKeyInfo(), data => key.SignData(data, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
    }

    public static SigningKey Of(string algorithm) => algorithm switch { "EdDSA" => Ed25519(), "ES256" => P256(), _ => Rsa() };

    /// <summary>HS256 with any bytes as the secret, under the id of another key.</summary>
    public static SigningKey Hmac(byte[] secret, string keyId) => new("HS256", keyId, [], secret, data => HMACSHA256.HashData(secret, data));

    /// <summary>A token as it is, whatever is in it.</summary>
    public string Sign(JsonObject payload, Action<JsonObject>? header = null)
    {
        var head = new JsonObject { ["alg"] = algorithm, ["kid"] = keyId };
        header?.Invoke(head);
        var content = $"{Base64UrlEncoder.Encode(head.ToJsonString())}.{Base64UrlEncoder.Encode(payload.ToJsonString())}";
        return $"{content}.{Base64UrlEncoder.Encode(sign(Encoding.ASCII.GetBytes(content)))}";
    }

    private static string NewId() => $"{Guid.CreateVersion7():N}";
}
