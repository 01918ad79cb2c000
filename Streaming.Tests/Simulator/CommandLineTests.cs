using System.Diagnostics;
using Livekit.Server.Sdk.Dotnet;
using LiveKitSimulator;
using Streaming.Tests.Fixtures;

namespace Streaming.Tests.Simulator;

public sealed class CommandLineTests
{
    private static readonly string Program = Path.Combine(AppContext.BaseDirectory, "LiveKitSimulator.dll");

    [Fact]
    public async Task Served_from_the_command_line_it_plays_verbs_and_logs_no_secret()
    {
        await using var receiver = await Receiver.StartAsync();
        receiver.Answer = (_, _) => Task.FromResult(500);
        using var server = Start(
            "serve", "--urls", "http://127.0.0.1:0", "--webhook", receiver.Url.ToString(),
            "--stream-key-prefix", "sk_CANARY_", "--retry-unit-seconds", "0");
        try
        {
            var greeting = await server.StandardOutput.ReadLineAsync() ?? "";
            var url = greeting[(greeting.LastIndexOf(' ') + 1)..];
            using var http = new HttpClient(new SocketsHttpHandler());
            var ingress = await new IngressServiceClient(url, "devkey", "devsecret-devsecret-devsecret-devsecret", http)
                .CreateIngress(new CreateIngressRequest { RoomName = "room", ParticipantIdentity = "ingress:room" });

            Assert.Contains("\"accepted\": true", await Run(0, "go-live", "--url", url, "--stream-key", ingress.StreamKey));
            Assert.Contains("\"accepted\": true", await Run(0, "viewer-joins", "--url", url, "--room", "room", "--identity", "viewer"));
            Assert.Contains("done", await Run(0, "stop", "--url", url, "--stream-key", ingress.StreamKey));
            Assert.Contains("ingress_ended", await Run(0, "deliveries", "--url", url));
            await Run(1, "stop", "--url", url, "--stream-key", ingress.StreamKey);
            await Eventually.True(() => receiver.All.Any(request => request.Event == "ingress_ended"));
        }
        finally
        {
            server.Kill();
        }

        var log = await server.StandardOutput.ReadToEndAsync() + await server.StandardError.ReadToEndAsync();
        Assert.Contains("did not arrive", log);
        Assert.DoesNotContain("sk_CANARY_", log);
        Assert.DoesNotContain("turnPassword", log);
        Assert.DoesNotContain("devsecret", log);
    }

    [Theory]
    [InlineData("--api-secret", "too short")]
    [InlineData("--webhook", "not a URL")]
    [InlineData("--drop", "2")]
    [InlineData("--departure-timeout-seconds", "-1")]
    public async Task A_wrong_option_is_refused_in_one_sentence(string option, string value)
    {
        var complaint = await Run(2, "serve", option, value);
        Assert.Single(complaint.Trim().Split('\n'));
        Assert.EndsWith(".", complaint.Trim());
    }

    [Fact]
    public void Every_story_is_a_verb()
    {
        var verbs = SimulatorCommands.Root().Subcommands.Select(command => command.Name).ToList();
        var stories = typeof(Stories).GetMethods().Where(method => method.DeclaringType == typeof(Stories)).Select(method => method.Name);
        foreach (var story in stories.Except([nameof(LiveKitSimulator.Stories.Leaves)])) Assert.Contains(Verb(story), verbs);

        static string Verb(string method) => method switch
        {
            "TakeOver" => "takeover",
            "LiveKitKilledAndRestarted" => "livekit-killed-and-restarted",
            _ => string.Concat(method.Select((c, i) => char.IsUpper(c) ? $"{(i > 0 ? "-" : "")}{char.ToLowerInvariant(c)}" : $"{c}")),
        };
    }

    [Fact]
    public async Task Help_does_not_show_the_secret_it_was_given_by_the_environment()
    {
        var start = new ProcessStartInfo("dotnet", [Program, "serve", "--help"]) { RedirectStandardOutput = true };
        start.Environment["LIVEKIT_API_SECRET"] = "a secret that nobody may see on a screen";
        using var process = Process.Start(start)!;
        var help = await process.StandardOutput.ReadToEndAsync();
        Assert.Contains("--api-secret", help);
        Assert.DoesNotContain("nobody may see", help);
    }

    private static Process Start(params string[] arguments) => Process.Start(
        new ProcessStartInfo("dotnet", [Program, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true })!;

    private static async Task<string> Run(int exitCode, params string[] arguments)
    {
        using var process = Start(arguments);
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        var said = await output + await error;
        Assert.True(process.ExitCode == exitCode, $"{string.Join(' ', arguments)} ended with {process.ExitCode}: {said}");
        return said;
    }
}
