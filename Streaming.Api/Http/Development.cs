using Microsoft.Extensions.Options;
using Scalar.AspNetCore;
using Streaming.Api.Auth;

namespace Streaming.Api.Http;

public static class Development
{
    /// <summary>What helps while developing: tokens from <see cref="DevelopmentIssuer"/>, the OpenAPI document and a page to read it.</summary>
    public static void MapDevelopment(this WebApplication app)
    {
        if (app.Environment.IsProduction()) return;
        if (app.Services.GetRequiredService<IOptions<DevelopmentIssuerOptions>>().Value.Enabled) app.Services.GetRequiredService<DevelopmentIssuer>().Map(app);

        if (!app.Environment.IsDevelopment()) return;
        app.MapOpenApi("/openapi/{documentName}.json").AllowAnonymous();
        // Its script comes from here; all that it would fetch or tell elsewhere is switched off, so that it works without a network.
        app.MapScalarApiReference("/scalar", page => page.WithTitle("Streaming").DisableDefaultFonts().DisableTelemetry().DisableAgent().DisableMcp().HideClientButton())
            .AllowAnonymous();
    }
}
