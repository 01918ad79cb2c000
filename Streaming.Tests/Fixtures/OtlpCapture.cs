using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Streaming.Tests.Fixtures;

/// <summary>Receives the traces, metrics and logs of other processes (OTLP over HTTP) and keeps their bytes on disk: in them every text is readable.</summary>
public sealed class OtlpCapture : IAsyncDisposable
{
    public static readonly string[] Signals = ["traces", "metrics", "logs"];

    private readonly WebApplication _app;
    private readonly Dictionary<string, FileStream> _files;

    private OtlpCapture(WebApplication app, string folder) =>
        (_app, _files) = (app, Signals.ToDictionary(s => s, s => new FileStream(Path.Combine(folder, s), FileMode.CreateNew, FileAccess.ReadWrite)));

    /// <summary>What makes a process send its telemetry here, and soon.</summary>
    public IReadOnlyDictionary<string, string> Settings => new Dictionary<string, string>
    {
        ["OTEL_EXPORTER_OTLP_ENDPOINT"] = _app.Urls.Single(),
        ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
        ["OTEL_METRIC_EXPORT_INTERVAL"] = "2000",
        ["OTEL_BSP_SCHEDULE_DELAY"] = "500",
        ["OTEL_BLRP_SCHEDULE_DELAY"] = "500",
    };

    public static async Task<OtlpCapture> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var app = builder.Build();
        var capture = new OtlpCapture(app, TestDirectory.New("telemetry"));
        app.MapPost("/v1/{signal}", async (HttpRequest request, string signal) =>
        {
            using var body = new MemoryStream();
            await request.Body.CopyToAsync(body);
            var file = capture._files[signal];
            lock (file) file.Write(body.GetBuffer(), 0, (int)body.Length);
        });
        await app.StartAsync();
        return capture;
    }

    /// <param name="signal">traces, metrics or logs</param>
    public string Text(string signal)
    {
        var file = _files[signal];
        lock (file)
        {
            var bytes = new byte[file.Length];
            file.Position = 0;
            file.ReadExactly(bytes);
            return Encoding.Latin1.GetString(bytes);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        foreach (var file in _files.Values)
        {
            await file.DisposeAsync();
            File.Delete(file.Name);
        }
    }
}
