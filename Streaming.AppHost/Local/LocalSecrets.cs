using System.Text.Json;

namespace Streaming.AppHost.Local;

/// <summary>The secrets between the parts of one local system: made at its first start and kept with its data.</summary>
public sealed record LocalSecrets(Secret Postgres, Secret Redis, Secret LiveKit)
{
    public static async Task<LocalSecrets> OfAsync(Instance instance, CancellationToken stop = default)
    {
        var path = Path.Combine(instance.DataDirectory, "secrets.json");
        if (!File.Exists(path))
        {
            var made = new Stored(Secret.New().Reveal(), Secret.New().Reveal(), Secret.New().Reveal());
            await PrivateFile.WriteAsync(path, JsonSerializer.Serialize(made, JsonSerializerOptions.Web), stop);
        }

        var kept = JsonSerializer.Deserialize<Stored>(await File.ReadAllTextAsync(path, stop), JsonSerializerOptions.Web)!;
        return new LocalSecrets(new Secret(kept.Postgres), new Secret(kept.Redis), new Secret(kept.LiveKit));
    }

    private sealed record Stored(string Postgres, string Redis, string LiveKit);
}
