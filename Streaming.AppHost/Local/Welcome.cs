namespace Streaming.AppHost.Local;

/// <summary>What to do with a system that has just started.</summary>
public static class Welcome
{
    public static void Print(RunningSystem system, Instance instance, bool simulated, string? logs = null)
    {
        logs ??= FromHere(instance.LogDirectory) + "/";
        var goLive = simulated ? "tools/simulate go-live --stream-key STREAM_KEY" : "(point OBS at the serverUrl and streamKey of the answer)";
        Console.WriteLine($"""

            API         {system.Api}
            OpenAPI     {system.OpenApi}
            to read     {system.Api}/scalar
            all of it   {FromHere(instance.RunFile)}, logs in {logs}

            Session tokens of an approved creator, a viewer and an admin, also in {FromHere(instance.EnvironmentFile)}:
              CREATOR={system.Tokens.Creator}
              VIEWER={system.Tokens.Viewer}
              ADMIN={system.Tokens.Admin}

            Next, in another terminal, after typing . {FromHere(instance.EnvironmentFile)} (STREAM_KEY is in the first answer):
              curl -X POST $API/api/stream/ingress -H "Authorization: Bearer $CREATOR"
              {goLive}
              curl $API/api/stream/status -H "Authorization: Bearer $CREATOR"

            Ready. Ctrl+C stops everything; the data stay for the next time.
            """);
    }

    private static string FromHere(string path) => Path.GetRelativePath(Environment.CurrentDirectory, path);
}
