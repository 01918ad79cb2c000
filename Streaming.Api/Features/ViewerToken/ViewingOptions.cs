using System.ComponentModel.DataAnnotations;

namespace Streaming.Api.Features.ViewerToken;

/// <summary>Section <c>Viewing</c>.</summary>
public sealed class ViewingOptions
{
    public const string Section = "Viewing";

    /// <summary>How many people may watch one channel at once; nobody else is given a token then. Unset: as many as LiveKit bears.</summary>
    [Range(1, int.MaxValue)]
    public int? MostPerChannel { get; set; }
}
