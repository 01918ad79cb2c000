using System.Globalization;
using System.Security.Claims;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Authorization;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Streaming.Api.Http;
using Streaming.Core.Creators;

namespace Streaming.Api.Auth;

/// <summary>Who is calling: session tokens of the auth server, in the Authorization header (and, where a deployment names one, in a cookie: <see cref="OpaqueSignIn"/>).</summary>
public static partial class UserTokens
{
    /// <summary>A token with a whole user row in it has some 1 KiB.</summary>
    public const int MaxBytes = 8 * 1024;

    private const string Scheme = JwtBearerDefaults.AuthenticationScheme;
    private static readonly TimeSpan Skew = TimeSpan.FromSeconds(30);

    public static void AddUserTokens(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.TryAddSingleton(TimeProvider.System);

        services.AddOptions<DevelopmentIssuerOptions>().BindConfiguration(DevelopmentIssuerOptions.Section).ValidateDataAnnotations()
            .Validate<IHostEnvironment>((issuer, environment) => !issuer.Enabled || !environment.IsProduction(), DevelopmentIssuerOptions.RefusedInProduction)
            .ValidateOnStart();
        services.AddOptions<SessionTokenOptions>().BindConfiguration(SessionTokenOptions.Section)
            .PostConfigure<IOptions<DevelopmentIssuerOptions>>((tokens, issuer) => issuer.Value.ApplyTo(tokens))
            .ValidateDataAnnotations()
            .Validate<IOptions<DevelopmentIssuerOptions>>((tokens, issuer) => tokens.JwksUrl is not null || issuer.Value.Enabled || tokens is { SessionUrl: not null, Issuer: null },
                "SessionTokens:JwksUrl must be the address of the auth server's keys, or SessionTokens:SessionUrl that of its sessions (for local work without either, enable DevelopmentIssuer).")
            .ValidateOnStart();

        services.AddSingleton<DevelopmentIssuer>();
        services.AddSingleton<SessionKeys>();
        services.AddSingleton<VerifiedTokens>();
        services.AddHttpClient(SessionKeys.HttpClientName, client =>
            {
                client.Timeout = SessionKeys.FetchTimeout;
                client.MaxResponseContentBufferSize = SessionKeys.MaxBytes;
            })
            .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false });
        services.AddSingleton<OpaqueTokens>();
        services.AddSingleton<OpaqueSignIn>();
        services.AddHttpClient(OpaqueTokens.HttpClientName, client =>
            {
                client.Timeout = OpaqueTokens.AskTimeout;
                client.MaxResponseContentBufferSize = OpaqueTokens.MaxBytes;
            })
            .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false });

        services.AddAuthentication(Scheme).AddJwtBearer();
        services.AddOptions<JwtBearerOptions>(Scheme).Configure<SessionKeys, VerifiedTokens, OpaqueSignIn, IOptions<SessionTokenOptions>, TimeProvider>(Configure);
        services.AddSingleton<IAuthorizationHandler, ApprovedCreator.Check>();
        services.AddSingleton<IAuthorizationHandler, AdministratorsOnly.Check>();
        services.AddSingleton<IAuthorizationMiddlewareResultHandler, Refusals>();
        services.AddSingleton<FirstSight>();
        services.AddAuthorizationBuilder()
            .SetFallbackPolicy(new AuthorizationPolicyBuilder().RequireAuthenticatedUser().Build())
            .AddPolicy(ApprovedCreator.Policy, policy => policy.RequireAuthenticatedUser().AddRequirements(new ApprovedCreator()))
            .AddPolicy(AdministratorsOnly.Policy, policy => policy.RequireAuthenticatedUser().AddRequirements(new AdministratorsOnly()));
    }

    private static void Configure(JwtBearerOptions bearer, SessionKeys keys, VerifiedTokens verified, OpaqueSignIn opaque, IOptions<SessionTokenOptions> options, TimeProvider time)
    {
        var tokens = options.Value;
        bearer.MapInboundClaims = false;
        bearer.IncludeErrorDetails = false;
        bearer.SaveToken = false;
        bearer.TokenHandlers.Clear();
        bearer.TokenHandlers.Add(new JsonWebTokenHandler { MapInboundClaims = false, MaximumTokenSizeInBytes = MaxBytes });
        bearer.TokenValidationParameters = new()
        {
            ValidAlgorithms = tokens.Accepted,
            IssuerSigningKeyResolver = (_, token, keyId, _) => keys.Get(keyId, ((JsonWebToken)token).Alg) is { } key ? [key] : [],
            TryAllIssuerSigningKeys = false,
            ValidIssuer = tokens.Issuer,
            ValidAudience = tokens.Audience,
            IgnoreTrailingSlashWhenValidatingAudience = false,
            RequireExpirationTime = true,
            LifetimeValidator = (notBefore, expires, _, _) => IsCurrent(time.GetUtcNow().UtcDateTime, notBefore, expires),
        };
        bearer.Events = new()
        {
            OnMessageReceived = async context =>
            {
                if (!await opaque.TryReceive(context)) await Receive(context, keys, verified, tokens);
            },
            OnTokenValidated = context => Accept(context, verified),
        };
    }

    internal static bool IsCurrent(DateTime now, DateTime? notBefore, DateTime? expires) =>
        expires is { } end && now - Skew < end && (notBefore is not { } start || now >= start - Skew);

    private static async Task Receive(MessageReceivedContext context, SessionKeys keys, VerifiedTokens verified, SessionTokenOptions options)
    {
        if (context.Request.Headers.Authorization is not [{ } header] || !header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase))
        {
            context.NoResult();
            return;
        }
        var token = header["Bearer ".Length..].Trim();
        if (token.Length > MaxBytes) context.Fail("Not a session token.");
        else if (await verified.Find(token, context.HttpContext.RequestAborted) is { } known)
        {
            context.Principal = SignIn(context.HttpContext, known);
            context.Properties.ExpiresUtc = DateTime.SpecifyKind(known.Expires, DateTimeKind.Utc); // as the handler does for one that it checks
            context.Success();
        }
        else if (ReadHeader(token) is not var (algorithm, keyId) || !options.Accepted.Contains(algorithm)) context.Fail("Not a session token.");
        else if (!await keys.Look(keyId, algorithm, context.HttpContext.RequestAborted)) context.Fail(new CannotBeChecked(Errors.AuthUnavailable));
        else context.Token = token; // for the handler to validate
    }

    /// <returns>Null when it is no signed JWT, names no key, or wants something understood (<c>crit</c>) that we do not know.</returns>
    private static (string Algorithm, string KeyId)? ReadHeader(string token)
    {
        try
        {
            if (token.Split('.') is not [var encoded, _, _]) return null;
            using var json = JsonDocument.Parse(Base64UrlEncoder.DecodeBytes(encoded), new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 8 });
            var header = json.RootElement;
            return header.ValueKind == JsonValueKind.Object && !header.TryGetProperty("crit", out _)
                && header.TryGetProperty("alg", out var algorithm) && algorithm.ValueKind == JsonValueKind.String
                && header.TryGetProperty("kid", out var keyId) && keyId.ValueKind == JsonValueKind.String && keyId.GetString() is { Length: > 0 and <= 256 } id
                ? (algorithm.GetString()!, id) : null;
        }
        catch (Exception e) when (e is FormatException or JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private static Task Accept(TokenValidatedContext context, VerifiedTokens verified)
    {
        var token = (JsonWebToken)context.SecurityToken;
        if (ReadText(token, "sub") is { } id && IsUserId(id))
        {
            var signedIn = token.Claims.FirstOrDefault(c => c is { Type: "auth_time", ValueType: ClaimValueTypes.Integer or ClaimValueTypes.Integer32 or ClaimValueTypes.Integer64 });
            var good = new VerifiedToken(
                token.SigningKey, token.Alg, token.ValidFrom == DateTime.MinValue ? null : token.ValidFrom, token.ValidTo, id,
                long.TryParse(signedIn?.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) ? seconds : null, Username.Of(ReadText(token, "username")));
            verified.Add(token.EncodedToken, good);
            context.Principal = SignIn(context.HttpContext, good);
        }
        else
            context.Fail("No user id.");
        return Task.CompletedTask;
    }

    private static ClaimsPrincipal SignIn(HttpContext http, VerifiedToken token)
    {
        if (token.Username is { } name) http.Features.Set(new UsernameInToken(name));
        return PrincipalOf(token.UserId, token.SignedIn);
    }

    /// <summary>Of all that a token says, only who it is goes on, and when he proved it: what he may do is for the database to say.</summary>
    /// <param name="signedIn">In Unix seconds.</param>
    internal static ClaimsPrincipal PrincipalOf(string userId, long? signedIn)
    {
        var claims = new List<Claim> { new("sub", userId) };
        if (signedIn is { } seconds) claims.Add(new("auth_time", seconds.ToString(CultureInfo.InvariantCulture)));
        return new(new ClaimsIdentity(claims, Scheme, nameType: "sub", roleType: null));
    }

    /// <summary>Read here because IdentityModel gives a number in the place of the text as if it were one.</summary>
    private static string? ReadText(JsonWebToken token, string claim)
    {
        using var json = JsonDocument.Parse(Base64UrlEncoder.DecodeBytes(token.EncodedPayload));
        return json.RootElement.TryGetProperty(claim, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
    }

    /// <summary>A user's id becomes part of LiveKit identities, where ':' separates.</summary>
    public static bool IsUserId(string id) => UserId().IsMatch(id);

    [GeneratedRegex(@"\A[A-Za-z0-9_-]{1,64}\z", RegexOptions.CultureInvariant)]
    private static partial Regex UserId();

    /// <summary>A token that nobody can check now. It may well be valid.</summary>
    internal sealed class CannotBeChecked(ApiError error) : Exception(error.Code)
    {
        public ApiError Error => error;
    }
}
