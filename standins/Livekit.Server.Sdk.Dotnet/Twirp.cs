using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Google.Protobuf;

// In the global namespace and with these names because the SDK's is.
public class Twirp
{
    public static readonly MediaTypeWithQualityHeaderValue CONTENT_TYPE_PROTOBUF = new("application/protobuf");

    public enum ErrorCode
    {
        NoError, Canceled, Unknown, Invalid_Argument, Malformed, Deadline_Exceeded, Not_Found, Bad_Route, Already_Exists,
        Permission_Denied, Unauthenticated, Resource_Exhausted, Failed_Precondition, Aborted, Out_Of_Range, Unimplemented, Internal,
        Unavailable, Data_Loss,
    }

    public class Exception(ErrorCode type, string message) : System.Exception(message)
    {
        public readonly ErrorCode Type = type;
    }

    internal static async Task<TResponse> Post<TResponse>(HttpClient client, string path, IMessage request, MessageParser<TResponse> parser)
        where TResponse : IMessage<TResponse>
    {
        using var content = new ByteArrayContent(request.ToByteArray());
        content.Headers.ContentType = CONTENT_TYPE_PROTOBUF;
        using var response = await client.PostAsync(new Uri("twirp/" + path, UriKind.Relative), content);
        var answer = await response.Content.ReadAsByteArrayAsync();
        return response.IsSuccessStatusCode ? parser.ParseFrom(answer) : throw Refusal(Encoding.UTF8.GetString(answer));
    }

    // What is not Twirp JSON (a plain 401, a proxy's page) becomes Unknown with the text as its message.
    private static Exception Refusal(string answer)
    {
        try
        {
            using var json = JsonDocument.Parse(answer);
            if (json.RootElement.ValueKind is not JsonValueKind.Object || !json.RootElement.TryGetProperty("code", out var code))
                return new Exception(ErrorCode.Unknown, answer);

            var known = Enum.TryParse<ErrorCode>(code.GetString(), ignoreCase: true, out var type);
            var message = json.RootElement.TryGetProperty("msg", out var msg) ? msg.GetString() : null;
            return new Exception(known ? type : ErrorCode.Unknown, message ?? answer);
        }
        catch (JsonException)
        {
            return new Exception(ErrorCode.Unknown, answer);
        }
    }
}
