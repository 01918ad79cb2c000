using System.Text;
using Microsoft.EntityFrameworkCore;
using Streaming.Core.Streams;

namespace Streaming.Core.Data;

public static class StreamingQueries
{
    /// <summary>The only way to a channel from a creator's request: there is none by an id that the client names.</summary>
    public static IQueryable<Channel> OwnedBy(this IQueryable<Channel> channels, string userId) => channels.Where(c => c.UserId == userId);

    /// <summary>The keys of a creator's channel that are not deleted: another's id finds nothing here, as an unknown one does.</summary>
    public static IQueryable<Ingress> OwnedBy(this IQueryable<Ingress> ingresses, StreamingDb db, string userId) =>
        ingresses.Where(i => i.DeletedAt == null && db.Channels.Any(c => c.Id == i.ChannelId && c.UserId == userId));

    /// <summary>The text in Unicode normal form C. Postgres does it, since .NET cannot without ICU, which a bare machine lacks.</summary>
    public static async Task<string> Normalized(this StreamingDb db, string text, CancellationToken ct) =>
        Ascii.IsValid(text) ? text : await db.Database.SqlQuery<string>($"""select normalize({text}, NFC) as "Value" """).SingleAsync(ct);

    /// <returns>False when somebody else changed the same row since it was read; nothing is written then.</returns>
    public static async Task<bool> TrySave(this StreamingDb db, CancellationToken ct)
    {
        try
        {
            await db.SaveChangesAsync(ct);
            return true;
        }
        catch (DbUpdateConcurrencyException)
        {
            return false;
        }
    }
}
