namespace LiveKitSimulator;

public static class Program
{
    public static Task<int> Main(string[] args) => SimulatorCommands.Root().Parse(args).InvokeAsync();
}
