using System.Text.Json;
using System.Text.Json.Serialization;

namespace Streaming.Api.Http;

/// <summary>
/// A member of a partial update: absent (leave it), null (clear it; only for <c>Optional&lt;T?&gt;</c>) or a value. Validation attributes on
/// the member apply to the value inside (<see cref="OptionalValidation"/>), and in the OpenAPI document it is simply the value.
/// </summary>
[JsonConverter(typeof(OptionalConverter))]
public readonly record struct Optional<T>(T Value) : IOptional
{
    public bool IsGiven { get; } = true;

    object? IOptional.Value => Value;

    /// <summary>The value given, or what is there already.</summary>
    public T Or(T current) => IsGiven ? Value : current;

    public static implicit operator Optional<T>(T value) => new(value);
}

public interface IOptional
{
    bool IsGiven { get; }
    object? Value { get; }
}

public sealed class OptionalConverter : JsonConverterFactory
{
    public override bool CanConvert(Type typeToConvert) => typeToConvert.IsGenericType && typeToConvert.GetGenericTypeDefinition() == typeof(Optional<>);

    public override JsonConverter CreateConverter(Type typeToConvert, JsonSerializerOptions options) =>
        (JsonConverter)Activator.CreateInstance(typeof(Converter<>).MakeGenericType(typeToConvert.GetGenericArguments()))!;

    private sealed class Converter<T> : JsonConverter<Optional<T>>
    {
        public override bool HandleNull => true;

        public override Optional<T> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            try
            {
                return new(JsonSerializer.Deserialize<T>(ref reader, options)!);
            }
            catch (JsonException inner)
            {
                throw new JsonException(null, inner); // that one counts lines from the start of this value; the reader adds the true place
            }
        }

        public override void Write(Utf8JsonWriter writer, Optional<T> value, JsonSerializerOptions options) =>
            JsonSerializer.Serialize(writer, value.Value, options);
    }
}
