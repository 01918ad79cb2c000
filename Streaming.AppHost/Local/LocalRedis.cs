using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Streaming.AppHost.Local;

/// <summary>A Redis server of our own: the distribution's program, our redis.conf, on loopback only.</summary>
public sealed class LocalRedis
{
    private readonly Secret _password;

    private LocalRedis(string configuration, int port, Secret password)
    {
        (_password, Port) = (password, port);
        Command = new StartCommand(Program, configuration) { OrphanSignal = Signal.Terminate };
    }

    public int Port { get; }

    public StartCommand Command { get; }

    public string ConnectionString => $"127.0.0.1:{Port},password={_password.Reveal()}";

    // The durability of accepted events is written down once, for containers and for us.
    private static string SharedConfiguration => Path.Combine(AppContext.BaseDirectory, "redis.conf");

    private static string Program =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Append("/usr/bin").Select(path => Path.Combine(path, "redis-server"))
        .FirstOrDefault(File.Exists) ?? throw new SetupException("Redis is not installed: sudo apt-get install redis-server");

    /// <summary>Writes its configuration, and ends a server that a killed run left on the directory.</summary>
    public static async Task<LocalRedis> PrepareAsync(string directory, int port, Secret password, CancellationToken stop = default)
    {
        var configuration = Path.Combine(directory, "redis.conf");
        await LeftOver.EndAsync("redis-server", configuration, stop);

        PrivateFile.MakeDirectory(directory);
        await PrivateFile.WriteAsync(configuration, $"""
            include "{SharedConfiguration}"
            bind 127.0.0.1
            port {port}
            requirepass {password.Reveal()}
            dir "{directory}"
            # Keeps the name of this file in the command line, by which a server left behind is known.
            set-proc-title no

            """, stop);
        return new LocalRedis(configuration, port, password);
    }

    public static async Task DeleteAsync(string directory, CancellationToken stop = default)
    {
        await LeftOver.EndAsync("redis-server", Path.Combine(directory, "redis.conf"), stop);
        if (Directory.Exists(directory)) Directory.Delete(directory, recursive: true);
    }

    /// <summary>Answers, and has read its append-only file.</summary>
    public async Task<bool> IsReadyAsync(CancellationToken stop = default)
    {
        try
        {
            using var connection = new TcpClient();
            await connection.ConnectAsync(IPAddress.Loopback, Port, stop);
            var redis = connection.GetStream();
            await redis.WriteAsync(Encoding.ASCII.GetBytes($"AUTH {_password.Reveal()}\r\nPING\r\n"), stop);
            var answer = new byte["+OK\r\n+PONG\r\n".Length];
            await redis.ReadExactlyAsync(answer, stop);
            return answer.AsSpan().SequenceEqual("+OK\r\n+PONG\r\n"u8);
        }
        catch (Exception failure) when (failure is SocketException or IOException)
        {
            return false;
        }
    }
}
