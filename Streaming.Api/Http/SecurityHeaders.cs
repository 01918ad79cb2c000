using Microsoft.Net.Http.Headers;

namespace Streaming.Api.Http;

public static class SecurityHeaders
{
    /// <summary>What every response carries. An endpoint whose answer may be kept sets its own Cache-Control.</summary>
    public static void UseSecurityHeaders(this IApplicationBuilder app) => app.Use((context, next) =>
    {
        context.Response.OnStarting(static state =>
        {
            var headers = (IHeaderDictionary)state;
            headers.XContentTypeOptions = "nosniff";
            if (!headers.ContainsKey(HeaderNames.CacheControl)) headers.CacheControl = "no-store";
            return Task.CompletedTask;
        }, context.Response.Headers);
        return next(context);
    });
}
