using System.Net.Http.Json;

namespace Streaming.AppHost.Local;

/// <summary>Session tokens for the seeded users, from the API's development issuer.</summary>
public sealed record DevelopmentTokens(string Creator, string Viewer, string Admin)
{
    public static async Task<DevelopmentTokens> FromAsync(string api, CancellationToken stop)
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new Uri(api) };
        return new DevelopmentTokens(await TokenAsync("dev-creator"), await TokenAsync("dev-viewer"), await TokenAsync("dev-admin"));

        async Task<string> TokenAsync(string userId)
        {
            using var answer = await client.PostAsJsonAsync("/dev/tokens", new { userId }, stop);
            if (!answer.IsSuccessStatusCode) throw new SetupException($"The API gave no session token for {userId}: HTTP {(int)answer.StatusCode}.");
            return (await answer.Content.ReadFromJsonAsync<Issued>(stop))!.Token;
        }
    }

    private sealed record Issued(string Token);
}
