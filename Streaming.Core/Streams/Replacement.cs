using Microsoft.EntityFrameworkCore;

namespace Streaming.Core.Streams;

/// <summary>How a key makes way for the one that takes its place.</summary>
/// <param name="Ingress">The old key.</param>
/// <param name="WorksUntil">Until when it works; null if that is for <paramref name="WithSession"/> to say.</param>
/// <param name="WithSession">The session during which it still works.</param>
/// <param name="IsNow">Whether what is published with it ends with the replacement.</param>
public sealed record Replacement(string Ingress, DateTimeOffset? WorksUntil, Guid? WithSession, bool IsNow);

public static class Replacements
{
    /// <returns>How many keys were replaced: none, if somebody else has replaced or deleted it meanwhile.</returns>
    public static Task<int> Replace(this IQueryable<Ingress> ingresses, Replacement replacement, string by) =>
        ingresses.Where(i => i.Id == replacement.Ingress && i.DeletedAt == null && i.ReplacedById == null).ExecuteUpdateAsync(set => set
            .SetProperty(i => i.IsPrimary, false)
            .SetProperty(i => i.ReplacedById, by)
            .SetProperty(i => i.RetiresAt, replacement.WorksUntil)
            .SetProperty(i => i.RetiresWithSession, replacement.WithSession));
}
