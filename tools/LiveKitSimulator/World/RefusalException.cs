namespace LiveKitSimulator;

/// <summary>What LiveKit answers instead of doing what it was asked: a Twirp code and a message.</summary>
public sealed class RefusalException(string code, string message) : Exception(message)
{
    public string Code { get; } = code;

    public static RefusalException RoomNotFound() => new("not_found", "requested room does not exist");
    public static RefusalException ParticipantNotFound() => new("not_found", "participant does not exist");
    public static RefusalException IngressNotFound() => new("not_found", "ingress does not exist");
    public static RefusalException EgressNotFound() => new("not_found", "egress does not exist");
    public static RefusalException Invalid(string message) => new("invalid_argument", message);

    // Rooms and participants listen for such calls themselves; where there is none, nobody answers.
    public static RefusalException NobodyAnswers() => new("unavailable", "no response from servers");
}
