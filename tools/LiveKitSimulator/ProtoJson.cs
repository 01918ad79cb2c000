using System.Collections;
using System.Globalization;
using System.Text;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace LiveKitSimulator;

/// <summary>
/// Protobuf messages as LiveKit's Go server prints them: members in declaration order, 64-bit integers as strings, enums by name, one
/// space after each comma. Webhooks use lowerCamelCase and leave zeros out; Twirp answers use the proto's names and print zeros.
/// </summary>
public sealed class ProtoJson
{
    public static readonly ProtoJson Webhook = new(protoNames: false, zeros: false);
    public static readonly ProtoJson TwirpAnswer = new(protoNames: true, zeros: true);

    private readonly bool protoNames;
    private readonly bool zeros;

    private ProtoJson(bool protoNames, bool zeros) => (this.protoNames, this.zeros) = (protoNames, zeros);

    /// <param name="extra">Ready-made members that this message's type does not know; they come last.</param>
    public string Format(IMessage message, params IEnumerable<string> extra)
    {
        var members = message.Descriptor.Fields.InDeclarationOrder()
            .Select(field => (field, value: Value(message, field)))
            .Where(member => member.value is not null)
            .Select(member => $"{Quote(protoNames ? member.field.Name : member.field.JsonName)}:{member.value}");
        return "{" + string.Join(", ", members.Concat(extra)) + "}";
    }

    public static string Quote(string text)
    {
        var quoted = new StringBuilder(text.Length + 2).Append('"');
        foreach (var c in text)
        {
            _ = c switch
            {
                '"' or '\\' => quoted.Append('\\').Append(c),
                '\b' => quoted.Append("\\b"),
                '\f' => quoted.Append("\\f"),
                '\n' => quoted.Append("\\n"),
                '\r' => quoted.Append("\\r"),
                '\t' => quoted.Append("\\t"),
                < ' ' => quoted.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => quoted.Append(c),
            };
        }

        return quoted.Append('"').ToString();
    }

    private string? Value(IMessage message, FieldDescriptor field)
    {
        var value = field.Accessor.GetValue(message);
        if (field.IsMap) return Map(field, (IDictionary<string, string>)value);
        if (field.IsRepeated) return List(field, (IList)value);
        if (field.FieldType is FieldType.Message) return value is IMessage inner ? Format(inner) : WhenZero(field, "null");
        if (field.HasPresence) return field.Accessor.HasValue(message) ? Scalar(field, value) : null;
        return IsZero(value) ? WhenZero(field, Scalar(field, value)) : Scalar(field, value);
    }

    // A member of a oneof that is not the chosen one is left out even where zeros are printed.
    private string? WhenZero(FieldDescriptor field, string text) => zeros && field.ContainingOneof is null ? text : null;

    private string? List(FieldDescriptor field, IList items) => items.Count == 0
        ? WhenZero(field, "[]")
        : "[" + string.Join(", ", items.Cast<object>().Select(item => item is IMessage inner ? Format(inner) : Scalar(field, item))) + "]";

    // Every map of LiveKit's goes from text to text.
    private string? Map(FieldDescriptor field, IDictionary<string, string> entries)
    {
        var members = entries.OrderBy(entry => entry.Key, StringComparer.Ordinal)
            .Select(entry => $"{Quote(entry.Key)}:{Quote(entry.Value)}");
        return entries.Count == 0 ? WhenZero(field, "{}") : "{" + string.Join(", ", members) + "}";
    }

    private static string Scalar(FieldDescriptor field, object value) => value switch
    {
        string text => Quote(text),
        bool yes => yes ? "true" : "false",
        long or ulong => $"\"{Convert.ToString(value, CultureInfo.InvariantCulture)}\"",
        ByteString bytes => $"\"{bytes.ToBase64()}\"",
        _ when field.FieldType is FieldType.Enum => EnumName(field.EnumType, Convert.ToInt32(value, CultureInfo.InvariantCulture)),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    private static string EnumName(EnumDescriptor type, int number) =>
        type.FindValueByNumber(number) is { } known ? Quote(known.Name) : number.ToString(CultureInfo.InvariantCulture);

    private static bool IsZero(object value) => value switch
    {
        string text => text.Length == 0,
        ByteString bytes => bytes.IsEmpty,
        Enum or IConvertible => Convert.ToDouble(value, CultureInfo.InvariantCulture) == 0,
        _ => false,
    };
}
