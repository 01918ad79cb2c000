namespace Streaming.AppHost.Model;

internal static class RedisContainer
{
    /// <summary>The lines of a redis.conf, as arguments: they reach everything this is published to, a mounted file does not.</summary>
    public static IResourceBuilder<RedisResource> WithSettingsOf(this IResourceBuilder<RedisResource> redis, string file)
    {
        var path = Path.Combine(redis.ApplicationBuilder.AppHostDirectory, file);
        var settings = string.Concat(File.ReadLines(path).Where(line => line is not ("" or ['#', ..])).Select(line => " --" + line));

        // Aspire hands the command line to a shell: as a list of words when it runs, as one string when published; what came after that string
        // would be arguments of the shell. The last word wins, also over the snapshots that a data volume brings along.
        return redis.WithArgs(context => context.Args[^1] = context.Args[^1] + settings);
    }

    /// <summary>Where the developer trusts a certificate, Aspire would use it for Redis; LiveKit and its ingress would have to know.</summary>
    public static IResourceBuilder<RedisResource> WithoutTls(this IResourceBuilder<RedisResource> redis) =>
#pragma warning disable ASPIRECERTIFICATES001 // still marked as experimental
        redis.WithoutHttpsCertificate();
#pragma warning restore ASPIRECERTIFICATES001
}
