using Streaming.AppHost.Local;

namespace Streaming.Tests.Fixtures;

/// <summary>Ports of this test run, no one of them handed out twice.</summary>
public static class TestPorts
{
    private static readonly FreePorts Free = new($"{Guid.CreateVersion7()}");

    public static int Next() => Free.Next();
}
