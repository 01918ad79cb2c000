using System.Security.Cryptography;
using Microsoft.IdentityModel.Tokens;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Math.EC.Rfc8032;

namespace Streaming.Api.Auth;

/// <summary>
/// An Ed25519 key for JWTs signed with EdDSA. Auth servers sign so by default, and neither .NET 10 nor Microsoft.IdentityModel has the
/// curve: the mathematics is BouncyCastle's, this class only introduces it to IdentityModel.
/// </summary>
public sealed class Ed25519Key : SecurityKey
{
    public const string Algorithm = "EdDSA";

    private static readonly CryptoProviderFactory Factory = new() { CustomCryptoProvider = new Provider() };

    private readonly Ed25519PrivateKeyParameters? _private;
    private readonly Ed25519PublicKeyParameters _public;

    private Ed25519Key(Ed25519PublicKeyParameters publicKey, Ed25519PrivateKeyParameters? privateKey, string? keyId)
    {
        (_public, _private) = (publicKey, privateKey);
        KeyId = keyId ?? Thumbprint(publicKey);
        CryptoProviderFactory = Factory;
    }

    public override int KeySize => 256;

    public byte[] PublicBytes => _public.GetEncoded();

    public byte[] PrivateBytes => _private?.GetEncoded() ?? throw new InvalidOperationException("This is only a public key.");

    /// <returns>Null when the bytes are no point on the curve of full order.</returns>
    public static Ed25519Key? FromPublic(byte[] bytes, string keyId) =>
        bytes.Length == Ed25519.PublicKeySize && Ed25519.ValidatePublicKeyFull(bytes, 0) ? new(new(bytes), null, keyId) : null;

    public static Ed25519Key FromPrivate(byte[] bytes)
    {
        var key = new Ed25519PrivateKeyParameters(bytes);
        return new(key.GeneratePublicKey(), key, null);
    }

    public static Ed25519Key Create() => FromPrivate(RandomNumberGenerator.GetBytes(Ed25519.SecretKeySize));

    public override bool IsSupportedAlgorithm(string algorithm) => algorithm == Algorithm;

    /// <summary>RFC 8037's thumbprint: the same key has the same id everywhere.</summary>
    private static string Thumbprint(Ed25519PublicKeyParameters key) => Base64UrlEncoder.Encode(SHA256.HashData(
        System.Text.Encoding.ASCII.GetBytes($$"""{"crv":"Ed25519","kty":"OKP","x":"{{Base64UrlEncoder.Encode(key.GetEncoded())}}"}""")));

    private sealed class Provider : ICryptoProvider
    {
        public bool IsSupportedAlgorithm(string algorithm, params object[] args) => algorithm == Algorithm && args is [Ed25519Key, ..];

        public object Create(string algorithm, params object[] args) => new Signature((Ed25519Key)args[0]);

        public void Release(object cryptoInstance) => (cryptoInstance as IDisposable)?.Dispose();
    }

    private sealed class Signature(Ed25519Key key) : SignatureProvider(key, Ed25519Key.Algorithm)
    {
        public override byte[] Sign(byte[] input) => Sign(input, 0, input.Length);

        public override byte[] Sign(byte[] input, int offset, int count)
        {
            var signature = new byte[Ed25519.SignatureSize];
            (key._private ?? throw new InvalidOperationException("This is only a public key."))
                .Sign(Ed25519.Algorithm.Ed25519, null, input, offset, count, signature, 0);
            return signature;
        }

        public override bool Sign(ReadOnlySpan<byte> data, Span<byte> destination, out int bytesWritten)
        {
            var signature = Sign(data.ToArray());
            bytesWritten = signature.Length;
            return signature.AsSpan().TryCopyTo(destination);
        }

        public override bool Verify(byte[] input, byte[] signature) => Verify(input, 0, input.Length, signature, 0, signature.Length);

        public override bool Verify(byte[] input, int inputOffset, int inputLength, byte[] signature, int signatureOffset, int signatureLength) =>
            signatureLength == Ed25519.SignatureSize
            && key._public.Verify(Ed25519.Algorithm.Ed25519, null, input, inputOffset, inputLength, signature, signatureOffset);

        protected override void Dispose(bool disposing) { }
    }
}
