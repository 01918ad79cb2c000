using Streaming.Core;
using Streaming.WebhookWorker;
using Streaming.WebhookWorker.Consuming;
using Streaming.WebhookWorker.Housekeeping;
using Streaming.WebhookWorker.Leading;

var builder = WebApplication.CreateBuilder(args);

builder.AddServiceDefaults();
builder.AddStreamingData();          // Postgres, Redis, queue
builder.Services.AddLiveKit();       // client
builder.AddEventConsuming();         // the queue and the spool into the guarded writes
builder.AddLeaderDuties();           // one worker for all: reconciles with LiveKit, sweeps, reads the books

var app = builder.Build();
if (Migration.IsAskedFor(args)) return await Migration.Run(app, args); // needs the database, and is given nothing else
if (PipelineCommands.AreAskedFor(args)) return await PipelineCommands.Run(app, args);
if (LedgerCommand.IsAskedFor(args)) return await LedgerCommand.Run(app);
if (!app.IsWellConfigured()) return 1;

app.MapServiceEndpoints();           // alive, health
await app.RunAsync();
return 0;
