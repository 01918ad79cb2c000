using Npgsql;
using Streaming.Core.Data;
using Streaming.Core.Streams;

namespace Streaming.Core.Viewers;

/// <summary>Reads what decides who may watch: asked each time, so that a change counts at once, and in one statement for all who ask at the same time.</summary>
public sealed class Admissions(NpgsqlDataSource database)
{
    private const string Facts =
        $"""
        select c.id, c.user_id, p.user_id, c.visibility, c.allows_guests, c.is_chat_enabled, c.is_chat_delayed, c.is_chat_followers_only,
               exists (select 1 from blocks b where (b.blocker_id = c.user_id and b.blocked_id = p.user_id) or (b.blocker_id = p.user_id and b.blocked_id = c.user_id)),
               (select f.followed_at from follows f where f.follower_id = p.user_id and f.followee_id = c.user_id),
               exists (select 1 from allowed_viewers a where a.channel_id = c.id and a.user_id = p.user_id),
               (select u.username from users u where u.id = p.user_id),
               {Suspensions.SuspendedOwner},
               ban.scope, nullif(ban.until, 'infinity'), p.person, p.number
        from unnest(@asked, @users, @people, @addresses) with ordinality as p (asked, user_id, person, address, number)
        join_channels
        left join lateral (
            select b.scope, b.until from bans b where b.channel_id = c.id and b.person = p.person and b.until > now()
            union all
            select b.scope, b.until -- of a guest who came from where he comes from
            from bans b join guest_addresses a on a.person = b.person
            where p.user_id is null and b.channel_id = c.id and b.user_id is null and b.until > now()
              and (a.address = p.address or exists (select 1 from guest_addresses his where his.person = p.person and his.address = a.address))
            order by scope desc, until desc limit 1) ban on true -- the wider first
        """;

    private readonly SharedReads<Question, Admission> _toChannels = new(questions => Answer(database, "join channels c on c.user_id = p.asked", questions));
    private readonly SharedReads<Question, Admission> _toPages = new(questions => Answer(database, "join channels c on c.user_id = (select id from users where username = p.asked)", questions));

    /// <returns>Null when the creator has no channel.</returns>
    public Task<Admission?> ToChannelOf(string host, Visitor visitor, CancellationToken ct) => _toChannels.Of(new(host, visitor), ct);

    /// <inheritdoc cref="ToChannelOf"/>
    /// <param name="username">The creator's.</param>
    public Task<Admission?> ToPageOf(string username, Visitor visitor, CancellationToken ct) => _toPages.Of(new(username, visitor), ct);

    /// <summary>Of several people to one channel. None when there is no such channel.</summary>
    public async Task<IReadOnlyList<Admission>> To(Guid channel, IReadOnlyCollection<Visitor> visitors, CancellationToken ct) =>
        [.. (await Read(database, "join channels c on c.id = p.asked::uuid", [.. visitors.Select(visitor => new Question(channel.ToString(), visitor))], ct)).Select(answered => answered.Admission)];

    private static async Task<IReadOnlyDictionary<Question, Admission>> Answer(NpgsqlDataSource database, string channel, IReadOnlyCollection<Question> questions) =>
        (await Read(database, channel, [.. questions], CancellationToken.None)).ToDictionary(answered => answered.Question, answered => answered.Admission);

    private static async Task<IReadOnlyList<(Question Question, Admission Admission)>> Read(NpgsqlDataSource database, string channel, Question[] questions, CancellationToken ct)
    {
        await using var command = database.CreateCommand(Facts.Replace("join_channels", channel, StringComparison.Ordinal));
        command.Parameters.AddWithValue("asked", questions.Select(question => question.Asked).ToArray());
        command.Parameters.AddWithValue("users", questions.Select(question => question.Who.UserId).ToArray());
        command.Parameters.AddWithValue("people", questions.Select(question => question.Who.Person).ToArray());
        command.Parameters.AddWithValue("addresses", questions.Select(question => question.Who.Address).ToArray());
        var admissions = new List<(Question, Admission)>(questions.Length);
        await using var row = await command.ExecuteReaderAsync(ct);
        while (await row.ReadAsync(ct))
        {
            var admission = new Admission(
                row.GetGuid(0), row.GetString(1), row.IsDBNull(2) ? null : row.GetString(2), Enum.Parse<Visibility>(row.GetString(3)), row.GetBoolean(4),
                row.GetBoolean(5), row.GetBoolean(6), row.GetBoolean(7), row.GetBoolean(8), row.IsDBNull(9) ? null : row.GetFieldValue<DateTimeOffset>(9), row.GetBoolean(10),
                row.IsDBNull(11) ? null : row.GetString(11), row.GetBoolean(12),
                row.IsDBNull(13) ? null : Enum.Parse<BanScope>(row.GetString(13)), row.IsDBNull(14) ? null : row.GetFieldValue<DateTimeOffset>(14), row.IsDBNull(15) ? null : row.GetString(15));
            admissions.Add((questions[row.GetInt64(16) - 1], admission));
        }

        return admissions;
    }

    /// <param name="Asked">What names the channel.</param>
    private readonly record struct Question(string Asked, Visitor Who);
}
