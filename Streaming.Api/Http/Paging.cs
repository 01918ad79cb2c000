namespace Streaming.Api.Http;

/// <summary>How much of a list one answer holds: <c>[Range(1, Paging.Most)] int limit = Paging.Usual</c>.</summary>
public static class Paging
{
    public const int Usual = 20;
    public const int Most = 100;
}
