namespace Streaming.AppHost.Model;

internal static class GeneratedSecret
{
    /// <summary>
    /// A secret that nobody has to think of: made at the first start and kept in user secrets, because the data volumes remember it too;
    /// published as a parameter with a rule to generate it. LiveKit wants 32 bytes, and none of its readers wants quoting.
    /// </summary>
    public static IResourceBuilder<ParameterResource> AddGeneratedSecret(this IDistributedApplicationBuilder builder, string name) =>
        builder.AddParameter(name, new GenerateParameterDefault { MinLength = 48, Special = false }, secret: true, persist: true);
}
