using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Streaming.Core.Data.Mappings;

internal static class IdentifierColumns
{
    /// <summary>Ids that others gave are compared byte by byte, not as words of a language: their indexes are what applying an event writes most.</summary>
    public static void HasIdentifiers<T>(this EntityTypeBuilder<T> entity, params string[] properties) where T : class
    {
        foreach (var property in properties) entity.Property(property).UseCollation("C");
    }
}
