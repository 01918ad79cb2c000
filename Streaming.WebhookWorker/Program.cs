using Streaming.WebhookWorker;
using Streaming.WebhookWorker.Consuming;
using Streaming.WebhookWorker.Housekeeping;

var builder = WebApplication.CreateBuilder(args);

builder.AddServiceDefaults();
builder.AddStreamingData();          // Postgres, Redis, queue
builder.AddEventConsuming();         // the queue and the spool into the guarded writes

var app = builder.Build();
if (Migration.IsAskedFor(args)) return await Migration.Run(app, args);

app.MapServiceEndpoints();           // alive, health
await app.RunAsync();
return 0;
