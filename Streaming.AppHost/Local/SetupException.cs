namespace Streaming.AppHost.Local;

/// <summary>Something that a person can put right. The message is the one sentence he reads.</summary>
public sealed class SetupException(string sentence) : Exception(sentence);
