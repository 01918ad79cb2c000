using Streaming.Api;
using Streaming.Api.Auth;
using Streaming.Api.Features;
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

app.MapFeatures();                   // ingress, stream, token, timeline, webhook, pipeline
app.MapServiceEndpoints();           // alive, health
app.MapDevelopment();                // development issuer, OpenAPI; nothing outside Development

app.Run();
return 0;

public partial class Program;
