namespace Streaming.Api.Http;

/// <summary>The failures that an endpoint adds to those every endpoint has, for the OpenAPI document.</summary>
public sealed record FailsMetadata(IReadOnlyList<ApiError> Errors);

public static class FailsConvention
{
    /// <summary>Says which errors of the catalogue this endpoint can answer with, beside those of sign-in, limits and bodies.</summary>
    public static TBuilder Fails<TBuilder>(this TBuilder endpoint, params ApiError[] errors) where TBuilder : IEndpointConventionBuilder =>
        endpoint.WithMetadata(new FailsMetadata(errors));
}
