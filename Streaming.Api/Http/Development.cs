using Microsoft.Extensions.Options;
using Streaming.Api.Auth;

namespace Streaming.Api.Http;

internal static class Development
{
    /// <summary>What local work has beside the API itself. Nothing outside Development.</summary>
    public static void MapDevelopment(this WebApplication app)
    {
        if (!app.Environment.IsDevelopment()) return;
        if (app.Services.GetRequiredService<IOptions<DevelopmentIssuerOptions>>().Value.Enabled) app.Services.GetRequiredService<DevelopmentIssuer>().Map(app);
    }
}
