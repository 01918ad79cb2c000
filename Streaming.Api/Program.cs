using Streaming.Api;
using Streaming.Api.Auth;
using Streaming.Api.Features;
using Streaming.Api.Features.ChatSettings;
using Streaming.Api.Features.CreatorToken;
using Streaming.Api.Features.Info;
using Streaming.Api.Features.Ingresses;
using Streaming.Api.Features.Pipeline;
using Streaming.Api.Features.Sessions;
using Streaming.Api.Features.Status;
using Streaming.Api.Features.Webhooks;
using Streaming.Api.Http;
using Streaming.Core;

var builder = WebApplication.CreateBuilder(args);

builder.AddServiceDefaults();
builder.AddStreamingData();          // Postgres, Redis, queue
builder.Services.AddLiveKit();       // client, token minting, webhook signature
builder.AddUserTokens();             // JWKS bearer, CurrentUser, ApprovedCreator
builder.AddHttpConventions();        // errors, validation, JSON, limits, CORS
builder.Services.AddFeatures();

var app = builder.Build();
if (!app.IsWellConfigured()) return 1;
app.UseHttpConventions();

app.MapIngress();
app.MapStreamInfo();
app.MapChatSettings();
app.MapStreamStatus();
app.MapCreatorToken();
app.MapTimeline();
app.MapLiveKitWebhook();
app.MapPipeline();                   // dead letters and the books, for administrators
app.MapServiceEndpoints();           // alive, health
app.MapDevelopment();                // development issuer, OpenAPI; nothing outside Development

app.Run();
return 0;

public partial class Program;
