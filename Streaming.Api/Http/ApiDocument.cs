using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.Options;
using Microsoft.OpenApi;
using Streaming.Api.Auth;

namespace Streaming.Api.Http;

/// <summary>What the OpenAPI document says beyond what the framework finds by itself: sign-in, and which errors each endpoint can answer with.</summary>
internal static class ApiDocument
{
    private const string SignIn = "session";

    public static void Configure(OpenApiOptions options)
    {
        options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
        options.CreateSchemaReferenceId = type => OptionalValidation.IsOptional(type.Type) ? null : OpenApiOptions.CreateDefaultSchemaReferenceId(type); // each with its own rules
        options.AddDocumentTransformer(Introduce);
        options.AddOperationTransformer(Describe);
        options.AddSchemaTransformer(Describe);
    }

    private static async Task Introduce(OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken ct)
    {
        document.Info = new()
        {
            Title = "Streaming",
            Version = "1.0",
            Description = "Live streaming for creator platforms: stream keys, live state, viewers. JSON in and out; times are UTC. "
                + "Every error has one shape with a stable `code`; with `Accept: application/problem+json` it has the form of RFC 9457.",
        };
        document.Servers = [];
        // By address, so that a new endpoint is one place in the document and not a matter of who is mapped first.
        var paths = document.Paths.OrderBy(p => p.Key, StringComparer.Ordinal).ToList();
        document.Paths = [];
        foreach (var (address, operations) in paths) document.Paths.Add(address, operations);
        document.AddComponent("Error", await context.GetOrCreateSchemaAsync(typeof(ErrorBody), null, ct));
        document.AddComponent("Problem", await context.GetOrCreateSchemaAsync(typeof(Problem), null, ct));
        document.AddComponent<IOpenApiSecurityScheme>(SignIn, new OpenApiSecurityScheme
        {
            Type = SecuritySchemeType.Http,
            Scheme = "bearer",
            BearerFormat = "JWT",
            Description = "A session token of the auth server. In development: `POST /dev/tokens` with `{ \"userId\": \"dev-creator\" }`.",
        });
    }

    private static Task Describe(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken ct)
    {
        var metadata = context.Description.ActionDescriptor.EndpointMetadata;
        var json = context.ApplicationServices.GetRequiredService<IOptions<JsonOptions>>().Value.SerializerOptions;
        operation.OperationId ??= NameOf(context.Description.HttpMethod!, context.Description.RelativePath!);

        if (!metadata.OfType<IAllowAnonymous>().Any())
            operation.Security = [new() { [new OpenApiSecuritySchemeReference(SignIn, context.Document)] = [] }];

        if (metadata.OfType<IdempotentMetadata>().Any()) (operation.Parameters ??= []).Add(IdempotencyKey());
        var errors = ErrorsOf(metadata, hasParameters: operation.Parameters is { Count: > 0 });
        foreach (var status in errors.GroupBy(e => e.Status).OrderBy(g => g.Key))
            (operation.Responses ??= [])[$"{status.Key}"] = Response([.. status], context.Document!, json);

        var success = operation.Responses?.FirstOrDefault(r => r.Key.StartsWith('2')).Value;
        if (metadata.OfType<ResponseExample>().LastOrDefault() is { Body: var given }) Show(success?.Content, given);
        if (metadata.OfType<RequestExample>().LastOrDefault() is { Body: var taken }) Show(operation.RequestBody?.Content, taken);
        return Task.CompletedTask;

        void Show(IDictionary<string, OpenApiMediaType>? content, object example)
        {
            if (content is not null && (content.TryGetValue("application/json", out var media) || content.TryGetValue("text/event-stream", out media))) media.Example = JsonSerializer.SerializeToNode(example, json);
        }
    }

    /// <summary>Those that the endpoint names, and those that follow from how it is reached.</summary>
    public static IReadOnlyList<ApiError> ErrorsOf(IList<object> metadata, bool hasParameters)
    {
        var errors = new List<ApiError> { Errors.InternalError };
        if (!metadata.OfType<IAllowAnonymous>().Any()) errors.AddRange([Errors.Unauthorized, Errors.AuthUnavailable, Errors.ServiceUnavailable]);
        if (metadata.OfType<IAuthorizeData>().Any(a => a.Policy == ApprovedCreator.Policy)) errors.Add(Errors.CreatorAccessRequired);
        if (!metadata.OfType<DisableRateLimitingAttribute>().Any()) errors.Add(Errors.RateLimited);
        if (metadata.OfType<IAcceptsMetadata>().Any(a => a.ContentTypes is ["application/json"]))
            errors.AddRange([Errors.InvalidJson, Errors.ValidationFailed, Errors.PayloadTooLarge, Errors.UnsupportedMediaType]);
        if (hasParameters) errors.Add(Errors.InvalidRequest);
        if (metadata.OfType<IdempotentMetadata>().Any()) errors.AddRange([Errors.InvalidIdempotencyKey, Errors.IdempotencyKeyInUse, Errors.IdempotencyKeyReused]);
        errors.AddRange(metadata.OfType<FailsMetadata>().SelectMany(f => f.Errors));
        return [.. errors.DistinctBy(e => e.Code)];
    }

    private static OpenApiParameter IdempotencyKey() => new()
    {
        Name = IdempotentRequests.Header,
        In = ParameterLocation.Header,
        Description = "Makes the request safe to repeat: for 24 hours the same key with the same request gives the same answer and has no second effect.",
        Schema = new OpenApiSchema { Type = JsonSchemaType.String, MinLength = 1, MaxLength = IdempotentRequests.MaxKey },
    };

    private static OpenApiResponse Response(ApiError[] errors, OpenApiDocument document, JsonSerializerOptions json)
    {
        return new()
        {
            Description = string.Join("\n\n", errors.Select(e => $"`{e.Code}`: {e.Sentence} {e.When}")),
            Headers = errors.Any(e => e.RetryAfter is not null || e == Errors.RateLimited) ? new Dictionary<string, IOpenApiHeader>
            {
                ["Retry-After"] = new OpenApiHeader { Description = "When to try again, in seconds.", Schema = new OpenApiSchema { Type = JsonSchemaType.Integer } },
            } : null,
            Content = new Dictionary<string, OpenApiMediaType>
            {
                ["application/json"] = new() { Schema = OneOfThese(), Examples = errors.ToDictionary(e => e.Code, Example) },
                [Problem.ContentType] = new() { Schema = new OpenApiSchemaReference("Problem", document) },
            },
        };

        // A generated client knows which codes to expect here.
        OpenApiSchema OneOfThese() => new()
        {
            AllOf =
            [
                new OpenApiSchemaReference("Error", document),
                new OpenApiSchema { Properties = new Dictionary<string, IOpenApiSchema> { ["code"] = new OpenApiSchema { Enum = [.. errors.Select(e => (JsonNode)e.Code)] } } },
            ],
        };

        // Written once and referred to: most errors are those of most endpoints.
        IOpenApiExample Example(ApiError error)
        {
            var body = JsonSerializer.SerializeToNode(new ErrorBody(false, error.Sentence, error.Code, null, TraceId), json);
            document.AddComponent<IOpenApiExample>(error.Code, new OpenApiExample { Summary = error.Sentence, Value = body });
            return new OpenApiExampleReference(error.Code, document);
        }
    }

    private const string TraceId = "4bf92f3577b34da6a3ce929d0e0e4736";

    /// <summary><c>putStreamChatSettings</c></summary>
    private static string NameOf(string method, string path) => method.ToLowerInvariant() + string.Concat(path.Split(['/', '-'])
        .Where(part => part is not ("" or "api") && !part.StartsWith('{')).Select(part => char.ToUpperInvariant(part[0]) + part[1..]));

    private static async Task Describe(OpenApiSchema schema, OpenApiSchemaTransformerContext context, CancellationToken ct)
    {
        var type = context.JsonTypeInfo.Type;
        var property = context.JsonPropertyInfo?.AttributeProvider as PropertyInfo;
        if (OptionalValidation.IsOptional(type))
        {
            var inner = await context.GetOrCreateSchemaAsync(type.GetGenericArguments()[0], null, ct);
            (schema.Type, schema.Format, schema.Enum, schema.Items, schema.Pattern) = (inner.Type, inner.Format, inner.Enum, inner.Items, inner.Pattern);
            (schema.Minimum, schema.Maximum) = (schema.Minimum ?? inner.Minimum, schema.Maximum ?? inner.Maximum);
            if (property is not null && OptionalValidation.IsNullable(property)) schema.Type |= JsonSchemaType.Null;
        }
        if ((Nullable.GetUnderlyingType(type) ?? type) is { IsEnum: true } @enum)
        {
            schema.Type = type == @enum ? JsonSchemaType.String : JsonSchemaType.String | JsonSchemaType.Null;
            schema.Enum = [.. EnumNames.Of(@enum).Select(m => (JsonNode)m.Name)];
        }
        if ((Nullable.GetUnderlyingType(type) ?? type) == typeof(DateTimeOffset)) // written by our own converter, of which the framework knows nothing
            schema.Type = type == typeof(DateTimeOffset) ? JsonSchemaType.String : JsonSchemaType.String | JsonSchemaType.Null;
        foreach (var absent in context.JsonTypeInfo.Properties.Where(MayBeAbsent)) schema.Required?.Remove(absent.Name);
        if (property?.GetCustomAttribute<TextAttribute>() is { } text) (schema.MinLength, schema.MaxLength) = (text.Min, text.Max);
        if (property?.GetCustomAttribute<HttpsUrlAttribute>() is not null) (schema.Format, schema.Pattern, schema.MaxLength) = ("uri", "^https://", HttpsUrlAttribute.MaxLength);
    }

    private static bool MayBeAbsent(JsonPropertyInfo member) => OptionalValidation.IsOptional(member.PropertyType)
        || member.AttributeProvider?.GetCustomAttributes(typeof(JsonIgnoreAttribute), true) is [JsonIgnoreAttribute { Condition: JsonIgnoreCondition.WhenWritingNull }];
}
