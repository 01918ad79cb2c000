using Microsoft.AspNetCore.Http.Features;

namespace Streaming.Api.Http;

/// <summary>When a request came, before its caller was known and its body read: a parameter of a handler.</summary>
public sealed record Arrival(DateTimeOffset At)
{
    public static ValueTask<Arrival> BindAsync(HttpContext context) => new(context.Features.GetRequiredFeature<Arrival>());
}

public static class ArrivalNote
{
    /// <summary>Belongs before everything that takes time.</summary>
    public static void NoteArrivals(this WebApplication app)
    {
        var time = app.Services.GetRequiredService<TimeProvider>();
        app.Use((context, next) =>
        {
            context.Features.Set(new Arrival(time.GetUtcNow()));
            return next(context);
        });
    }
}
