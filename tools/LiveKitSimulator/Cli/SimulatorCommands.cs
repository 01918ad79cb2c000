using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text.Json;
using static LiveKitSimulator.Given;

namespace LiveKitSimulator;

/// <summary>The command line: <c>serve</c> runs a simulator, every other verb plays one story against a running one.</summary>
public static class SimulatorCommands
{
    private static readonly JsonSerializerOptions Printed = new(SimulatorClient.Json) { WriteIndented = true };

    private static readonly Option<Uri> Url = new("--url")
    {
        Description = "Where the simulator runs; SIMULATOR_URL unless given.",
        DefaultValueFactory = _ => new Uri(FromEnvironment("SIMULATOR_URL") ?? "http://127.0.0.1:7880"),
        CustomParser = Address,
    };

    private static readonly Option<string> Key = Required<string>("--stream-key", "The stream key the encoder has.");
    private static readonly Option<IngestProtocol?> Protocol =
        Optional<IngestProtocol?>("--protocol", "The protocol the encoder speaks; the ingress' own unless said.");
    private static readonly Option<int> Width = Optional("--width", "The picture's width.", 1280);
    private static readonly Option<int> Height = Optional("--height", "The picture's height.", 720);
    private static readonly Option<string> SourceUrl = Optional("--source-url", "Where a URL input pulls from.", UrlInput.Nowhere);

    private static readonly Option<string> Room = Required<string>("--room", "The room's name.");
    private static readonly Option<string> Identity = Required<string>("--identity", "The participant's identity.");
    private static readonly Option<string?> Token =
        Optional<string?>("--token", "A LiveKit access token; it then says who this is and what he may do.");
    private static readonly Option<string?> AnyRoom = Optional<string?>("--room", "The room's name, without a token.");
    private static readonly Option<string?> AnyIdentity = Optional<string?>("--identity", "The participant's identity, without a token.");
    private static readonly Option<int?> AfterMs = Optional<int?>("--after-ms", "How long LiveKit takes to miss a killed client.");

    private static readonly Option<double> Drop = Optional<double>("--drop", "How likely a webhook is lost (0 to 1).");
    private static readonly Option<double> Duplicate = Optional<double>("--duplicate", "How likely a webhook comes twice.");
    private static readonly Option<double> Reorder = Optional<double>("--reorder", "How likely later webhooks overtake one.");
    private static readonly Option<int> Window = Optional("--reorder-window-ms", "How long one stands aside at most.", 500);
    private static readonly Option<double> Delay = Optional<double>("--delay", "How likely a webhook holds up its queue.");
    private static readonly Option<int> DelayMs = Optional("--delay-ms", "How long: a webhook at most, a slow call exactly.", 500);
    private static readonly Option<int?> Seed = Optional<int?>("--seed", "Starts the dice anew.");

    private static readonly Option<ApiFaultMode> Mode = Required<ApiFaultMode>("--mode", "How calls go wrong.");
    private static readonly Option<ApiFaultMoment> When = Optional<ApiFaultMoment>("--when", "Whether the call is performed first.");
    private static readonly Option<string?> Method = Optional<string?>("--method", "The only method that goes wrong.");
    private static readonly Option<int?> Times = Optional<int?>("--times", "How many calls go wrong.");
    private static readonly Option<string> Code = Optional("--code", "The Twirp code of an error.", "unavailable");

    public static RootCommand Root() => new("A stand-in for a LiveKit server: its API, its signed webhooks, and streams on demand.")
    {
        ServeCommand.Create(),

        Story("go-live", "An encoder starts; it takes over when the key is already live.", [Key, Protocol, Width, Height],
            (client, given) => client.GoLive(given.GetValue(Key)!, Encoder(given))),
        Story("takeover", "A second encoder takes a live key over.", [Key, Width, Height],
            (client, given) => client.TakeOver(given.GetValue(Key)!, Encoder(given))),
        Story("duplicate-ingress-started", "An encoder starts, and LiveKit says so twice.", [Key, Width, Height],
            (client, given) => client.DuplicateIngressStarted(given.GetValue(Key)!, Encoder(given))),
        Story("refused-connection-while-live", "Somebody tries a live key with the wrong protocol.", [Key],
            (client, given) => client.RefusedConnectionWhileLive(given.GetValue(Key)!)),
        Story("refused-start", "The ingress server has no capacity left for an encoder.", [Key],
            (client, given) => client.RefusedStart(given.GetValue(Key)!)),
        Story("stop", "The encoder stops.", [Key],
            (client, given) => client.Stop(given.GetValue(Key)!)),
        Story("encoder-killed", "The encoder is killed.", [Key],
            (client, given) => client.EncoderKilled(given.GetValue(Key)!)),
        Story("encoder-frozen", "The encoder stands still with its connection open.", [Key],
            (client, given) => client.EncoderFrozen(given.GetValue(Key)!)),
        Story("delete-while-live", "The ingress is deleted under a live encoder.", [Key],
            (client, given) => client.DeleteWhileLive(given.GetValue(Key)!)),
        Story("url-input-fails", "A URL input finds nothing at its source.", [Room, Identity, SourceUrl],
            (client, given) => client.UrlInputFails(new(given.GetValue(Room)!, given.GetValue(Identity)!, given.GetValue(SourceUrl)!))),

        Story("viewer-joins", "A viewer joins, with a token or without.", [Token, AnyRoom, AnyIdentity],
            (client, given) => client.ViewerJoins(Newcomer(given))),
        Story("viewer-leaves", "A participant leaves.", [Room, Identity],
            (client, given) => client.ViewerLeaves(given.GetValue(Room)!, given.GetValue(Identity)!)),
        Story("viewer-killed", "A client dies without a word.", [Room, Identity, AfterMs],
            (client, given) => client.ViewerKilled(given.GetValue(Room)!, given.GetValue(Identity)!, Wait(given.GetValue(AfterMs)))),
        Story("browser-creator", "A creator joins and publishes microphone and camera.", [Token, AnyRoom, AnyIdentity],
            (client, given) => client.BrowserCreator(Newcomer(given))),
        Story("browser-creator-leaves", "The creator in the browser leaves.", [Room, Identity],
            (client, given) => client.BrowserCreatorLeaves(given.GetValue(Room)!, given.GetValue(Identity)!)),
        Story("connection-aborted", "A client is gone before its media connection stands.", [Token, AnyRoom, AnyIdentity],
            (client, given) => client.ConnectionAborted(Newcomer(given))),
        Story("same-identity-joins-twice", "A participant comes again from another device.", [Room, Identity],
            (client, given) => client.SameIdentityJoinsTwice(given.GetValue(Room)!, given.GetValue(Identity)!)),

        Story("room-deleted", "Somebody deletes the room.", [Room],
            (client, given) => client.RoomDeleted(given.GetValue(Room)!)),
        Story("participant-removed", "Somebody removes a participant.", [Room, Identity],
            (client, given) => client.ParticipantRemoved(given.GetValue(Room)!, given.GetValue(Identity)!)),
        Story("livekit-killed-and-restarted", "LiveKit is killed, comes back, and everybody reconnects.", [],
            (client, _) => client.LiveKitKilledAndRestarted()),

        Story("faults", "Sets how webhooks go wrong from now on.", [Drop, Duplicate, Reorder, Window, Delay, DelayMs, Seed],
            (client, given) => client.Faults(new DeliveryFaultPlan
            {
                Drop = given.GetValue(Drop),
                Duplicate = given.GetValue(Duplicate),
                Reorder = given.GetValue(Reorder),
                ReorderWindowMs = given.GetValue(Window),
                Delay = given.GetValue(Delay),
                DelayMs = given.GetValue(DelayMs),
                Seed = given.GetValue(Seed),
            })),
        Story("api-faults", "Sets how calls to LiveKit's API go wrong.", [Mode, When, Method, Times, DelayMs, Code],
            (client, given) => client.ApiFault(new ApiFault
            {
                Mode = given.GetValue(Mode),
                When = given.GetValue(When),
                Method = given.GetValue(Method),
                Times = given.GetValue(Times),
                DelayMs = given.GetValue(DelayMs),
                Code = given.GetValue(Code)!,
            })),
        Story("deliveries", "Lists the webhooks and what became of them.", [], (client, _) => client.Deliveries()),
        Story("calls", "Lists the API calls that were answered.", [], (client, _) => client.Calls()),
        Story("data", "Lists the data that was sent into rooms.", [], (client, _) => client.Data()),
    };

    private static Uri? Address(ArgumentResult given)
    {
        if (Uri.TryCreate(given.Tokens[0].Value, UriKind.Absolute, out var url)) return url;
        given.AddError($"'{given.Tokens[0].Value}' is not a URL.");
        return null;
    }

    private static Encoder Encoder(ParseResult given) =>
        new() { Protocol = given.GetValue(Protocol), Width = given.GetValue(Width), Height = given.GetValue(Height) };

    private static Newcomer Newcomer(ParseResult given) =>
        new() { Token = given.GetValue(Token), Room = given.GetValue(AnyRoom), Identity = given.GetValue(AnyIdentity) };

    private static TimeSpan? Wait(int? ms) => ms is { } wait ? TimeSpan.FromMilliseconds(wait) : null;

    private static Command Story(string name, string description, Option[] options, Func<SimulatorClient, ParseResult, Task> play)
    {
        var command = new Command(name, description) { Url };
        foreach (var option in options) command.Add(option);
        command.SetAction(async (given, _) =>
        {
            using var http = new HttpClient(new SocketsHttpHandler()) { BaseAddress = given.GetValue(Url) };
            try
            {
                var played = play(new SimulatorClient(http), given);
                await played;
                await given.InvocationConfiguration.Output.WriteLineAsync(Answer(played));
                return 0;
            }
            catch (Exception e) when (e is InvalidOperationException or HttpRequestException)
            {
                await given.InvocationConfiguration.Error.WriteLineAsync(e.Message);
                return 1;
            }
        });
        return command;
    }

    private static string Answer(Task played) =>
        played.GetType().GetProperty("Result")?.GetValue(played) is { } answer && answer.GetType().Name != "VoidTaskResult"
            ? JsonSerializer.Serialize(answer, Printed)
            : "done";
}
