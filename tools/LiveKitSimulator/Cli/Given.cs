using System.CommandLine;

namespace LiveKitSimulator;

/// <summary>Short ways to say what can be given.</summary>
internal static class Given
{
    public static Option<T> Optional<T>(string name, string description) => new(name) { Description = description };

    public static Option<T> Optional<T>(string name, string description, T usual) =>
        new(name) { Description = description, DefaultValueFactory = _ => usual };

    public static string? FromEnvironment(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;

    public static Option<T> Required<T>(string name, string description) => new(name) { Description = description, Required = true };
}
