using Microsoft.AspNetCore.Http.HttpResults;
using Streaming.Api.Auth;
using Streaming.Api.Http;

namespace Streaming.Api.Features.LiveUpdates;

/// <summary>Server-sent events: what happens, told as it happens. docs/live-updates.md is for those who read them.</summary>
public static class LiveUpdateEndpoints
{
    public static IServiceCollection AddLiveUpdates(this IServiceCollection services)
    {
        services.AddOptions<LiveUpdateOptions>().BindConfiguration(LiveUpdateOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<Seats>().AddSingleton<Snapshots>().AddSingleton<ChannelEvents>();
        services.AddSingleton<UpdateFeed>().AddHostedService(provider => provider.GetRequiredService<UpdateFeed>());
        services.AddSingleton<SignsOfLife>().AddHostedService(provider => provider.GetRequiredService<SignsOfLife>());
        services.AddSingleton<ViewerNumbers>().AddHostedService(provider => provider.GetRequiredService<ViewerNumbers>());
        return services;
    }

    public static void MapLiveUpdates(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/stream/{id:guid}/events", OfChannel)
            .WithOptionalSignIn()
            .DisableHttpMetrics()
            .WithTags("Live updates")
            .WithSummary("Follow a channel")
            .WithDescription("Server-sent events: a `snapshot`, then `stream.state`, `stream.online`, `stream.offline`, `stream.updated` and `viewers` as they happen. With `Last-Event-ID` the stream goes on exactly where "
                + "it was cut off, for at least five minutes and on any replica; if that is too long ago, it begins anew with `reset`. Whoever may see the channel's page may follow it; it ends when he may no longer, with `end` and the code. "
                + "docs/live-updates.md has the body of each event.")
            .Gives("id: 4713\nevent: stream.state\ndata: {\"state\":\"live\",\"isLive\":true,\"sessionId\":\"019abf58-d2f0-7a31-8e64-5d1c0b7e2f44\",\"startedAt\":\"2025-11-23T10:00:00Z\"}\n\n")
            .Fails(Errors.Unauthorized, Errors.AuthUnavailable, Errors.ServiceUnavailable, Errors.Banned, Errors.ChannelNotFound, Errors.TooManyStreams, Errors.LiveUpdatesFull);
        routes.MapGet("/api/me/events", OfUser)
            .DisableHttpMetrics()
            .WithTags("Live updates")
            .WithSummary("Follow what concerns oneself")
            .WithDescription("Server-sent events as above. As a creator: `session.started`, `.dropped`, `.resumed`, `.ended` and `.duration_warning`, `ingest.takeover`, `.key_contested`, `.issue_opened`, `.issue_closed` and `.new_encoder`, "
                + "`channel.suspended` and `.unsuspended`, `application.decided`.")
            .Gives("id: 4714\nevent: session.started\ndata: {\"at\":\"2025-11-23T10:00:00Z\",\"sessionId\":\"019abf58-d2f0-7a31-8e64-5d1c0b7e2f44\"}\n\n")
            .Fails(Errors.TooManyStreams, Errors.LiveUpdatesFull);
    }

    private static async Task<Results<EventStream, ApiError>> OfChannel(Guid id, HttpContext http, ChannelEvents events, CurrentUser? user = null)
    {
        var (stream, error) = await events.OfChannel(id, user?.Id, http);
        return error is null ? stream! : error;
    }

    private static async Task<Results<EventStream, ApiError>> OfUser(HttpContext http, ChannelEvents events, CurrentUser user)
    {
        var (stream, error) = await events.OfUser(user.Id, http);
        return error is null ? stream! : error;
    }
}
