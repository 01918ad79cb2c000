using System.Text;

namespace LiveKitSimulator;

public sealed class ApiSecret(string value)
{
    public byte[] Bytes { get; } = Encoding.UTF8.GetBytes(value);

    public string Reveal() => value;

    public override string ToString() => "***";
}
