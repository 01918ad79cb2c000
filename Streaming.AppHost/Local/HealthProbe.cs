namespace Streaming.AppHost.Local;

public static class HealthProbe
{
    private static readonly HttpClient Client = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(5) };

    public static Func<CancellationToken, Task<bool>> At(string url) => stop => IsHealthyAsync(url, stop);

    public static async Task<bool> IsHealthyAsync(string url, CancellationToken stop = default)
    {
        try
        {
            using var answer = await Client.GetAsync(new Uri(url), HttpCompletionOption.ResponseHeadersRead, stop);
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return false; // it did not answer in time
        }
    }
}
