using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Streaming.Api.Http;

/// <summary>
/// Enums by the exact names of their members, in camelCase but for acronyms (RTMP). JsonStringEnumConverter would also take other
/// cases, blanks around a name, and "a,b", which can add up to a value that does not exist.
/// </summary>
public sealed class EnumNames : JsonConverterFactory
{
    public override bool CanConvert(Type typeToConvert) => typeToConvert.IsEnum;

    public override JsonConverter CreateConverter(Type typeToConvert, JsonSerializerOptions options) =>
        (JsonConverter)Activator.CreateInstance(typeof(Converter<>).MakeGenericType(typeToConvert))!;

    public static IEnumerable<(string Name, object Value)> Of(Type type) =>
        type.GetFields(BindingFlags.Public | BindingFlags.Static)
            .Select(f => (f.GetCustomAttribute<JsonStringEnumMemberNameAttribute>()?.Name ?? NameOf(f.Name), f.GetValue(null)!));

    private static string NameOf(string member) => member.All(char.IsUpper) ? member : JsonNamingPolicy.CamelCase.ConvertName(member);

    private sealed class Converter<T> : JsonConverter<T> where T : struct, Enum
    {
        private static readonly Dictionary<string, T> Values = Of(typeof(T)).ToDictionary(m => m.Name, m => (T)m.Value);
        private static readonly Dictionary<T, string> Names = Values.ToDictionary(m => m.Value, m => m.Key);

        public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.TokenType == JsonTokenType.String && Values.TryGetValue(reader.GetString()!, out var value) ? value : throw new JsonException();

        public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => writer.WriteStringValue(Names[value]);

        public override T ReadAsPropertyName(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            Values.TryGetValue(reader.GetString()!, out var value) ? value : throw new JsonException();

        public override void WriteAsPropertyName(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => writer.WritePropertyName(Names[value]);
    }
}
