using Npgsql;

namespace Streaming.Core.Discovery;

/// <summary>
/// Finds channels by the words of username, title, category and tags, with the help of a trigram index. Each word of three letters or more may
/// stand within another; a shorter one begins one. Where nothing is found so, what is spelled alike is.
/// </summary>
public sealed class ChannelSearch(NpgsqlDataSource database)
{
    /// <summary>The best of what is found: nobody pages further.</summary>
    public const int Most = 500;

    /// <summary>Longest search, in Unicode code points.</summary>
    public const int LongestQuery = 100;

    /// <summary>Of what two letters find, so many are looked at, and whoever has the very name.</summary>
    private const int Candidates = 5_000;

    private const int MostWords = 8;

    private const string Sql =
        $$"""
        with found as (
            (select channel_id from channel_search where {0} limit @candidates)
            union
            (select o.id from channels o join users p on p.id = o.user_id where p.username = lower(@query)))
        select c.id
        from found join channels c on c.id = found.channel_id join users u on u.id = c.user_id join channel_search w on w.channel_id = c.id
        where {{Listed.Public}} and {{Listed.NotKeptApart}} and (@mature or not c.is_mature)
        order by u.username is not distinct from lower(@query) desc,
                 exists (select 1 from sessions s where s.channel_id = c.id and s.media_ended_at is null) desc,
                 {1} u.follower_count desc, c.id
        limit @most
        """;

    /// <param name="user">Null for a guest.</param>
    /// <returns>The best first: whoever has this very name, then who is live, then who has the most followers.</returns>
    public async Task<IReadOnlyList<Guid>> Find(string query, string? user, bool withMature, CancellationToken ct)
    {
        var words = await WordsOf(query, ct);
        if (words.Length == 0) return [];
        var found = await Run(words, alike: false);
        return found.Count > 0 ? found : await Run(words, alike: true);

        async Task<IReadOnlyList<Guid>> Run(string[] words, bool alike)
        {
            await using var command = Statement(query, words, alike, user, withMature);
            var channels = new List<Guid>();
            await using var row = await command.ExecuteReaderAsync(ct);
            while (await row.ReadAsync(ct)) channels.Add(row.GetGuid(0));
            return channels;
        }
    }

    /// <summary>The words of a query: the database takes it apart as it has taken apart what is searched.</summary>
    public async Task<string[]> WordsOf(string query, CancellationToken ct)
    {
        await using var command = database.CreateCommand("select search_words(@query)");
        command.Parameters.AddWithValue("query", query);
        return [.. ((string)(await command.ExecuteScalarAsync(ct))!).Split(' ', StringSplitOptions.RemoveEmptyEntries).Distinct().Take(MostWords)];
    }

    /// <summary>What is asked of Postgres.</summary>
    /// <param name="alike">Whether to look for what is spelled alike.</param>
    public NpgsqlCommand Statement(string query, string[] words, bool alike, string? user, bool withMature)
    {
        var condition = alike ? "@words <% words" : string.Join(" and ", words.Select((_, i) => $"words like @word{i}"));
        var rank = alike ? "word_similarity(@words, w.words) desc, " : "";
        var command = database.CreateCommand(Sql.Replace("{0}", condition, StringComparison.Ordinal).Replace("{1}", rank, StringComparison.Ordinal));
        for (var i = 0; i < words.Length; i++) command.Parameters.AddWithValue($"word{i}", words[i].Length < 3 ? $"% {words[i]}%" : $"%{words[i]}%"); // letters and digits: nothing to escape
        command.Parameters.AddWithValue("words", string.Join(' ', words));
        command.Parameters.AddWithValue("query", query.Trim());
        command.Parameters.Add(new NpgsqlParameter<string?>("user", user));
        command.Parameters.AddWithValue("mature", withMature);
        command.Parameters.AddWithValue("candidates", Candidates);
        command.Parameters.AddWithValue("most", Most);
        return command;
    }
}
