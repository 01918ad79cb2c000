namespace Bench;

public static class Program
{
    public static Task<int> Main(string[] args) => BenchCommands.Root().Parse(args).InvokeAsync();
}
