namespace Streaming.Api.Http;

/// <summary>A request body as the OpenAPI document shows it.</summary>
public sealed record RequestExample(object Body);

/// <summary>The body of a success as the OpenAPI document shows it.</summary>
public sealed record ResponseExample(object Body);

public static class Examples
{
    public static TBuilder Takes<TBuilder>(this TBuilder endpoint, object example) where TBuilder : IEndpointConventionBuilder =>
        endpoint.WithMetadata(new RequestExample(example));

    public static TBuilder Gives<TBuilder>(this TBuilder endpoint, object example) where TBuilder : IEndpointConventionBuilder =>
        endpoint.WithMetadata(new ResponseExample(example));
}
