using System.Text.Json;
using System.Text.Json.Nodes;
using Npgsql;

namespace Streaming.Core.Privacy;

/// <summary>All that the database holds about one person, as it stands, but for secrets.</summary>
public sealed class PersonalExport(NpgsqlDataSource database)
{
    /// <returns>By the plural of what it is (<c>creatorApplications</c>), its rows; what there is nothing of is an empty list.</returns>
    public async Task<IReadOnlyDictionary<string, JsonArray>> Of(string userId, CancellationToken ct)
    {
        var tables = PersonalData.Tables.Where(t => t.Whose is not null).ToList();
        await using var batch = database.CreateBatch();
        foreach (var table in tables)
            batch.BatchCommands.Add(new NpgsqlBatchCommand(table.Export) { Parameters = { new("user", userId), new("secrets", table.Secrets.Append("xmin").ToArray()) } });

        var export = new Dictionary<string, JsonArray>();
        await using var row = await batch.ExecuteReaderAsync(ct);
        foreach (var table in tables)
        {
            await row.ReadAsync(ct);
            export[Camel(table.Table)] = [.. JsonNode.Parse(row.GetString(0))!.AsArray().Select(r => Named(r!.AsObject()))];
            await row.NextResultAsync(ct);
        }

        return export;
    }

    private static JsonObject Named(JsonObject row)
    {
        var members = row.ToList();
        row.Clear();
        return new(members.Where(m => m.Value is not null).Select(m => KeyValuePair.Create(Camel(m.Key), m.Value)));
    }

    private static string Camel(string name) => JsonNamingPolicy.CamelCase.ConvertName(string.Concat(name.Split('_').Select(part => char.ToUpperInvariant(part[0]) + part[1..])));
}
