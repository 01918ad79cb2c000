using Streaming.Core.Creators;
using Streaming.Core.Streams;
using Streaming.Core.Viewers;

namespace Streaming.Core.Discovery;

/// <summary>Which channels a list may show: parts of queries over <c>channels c</c>.</summary>
internal static class Listed
{
    /// <summary>Its creator may broadcast: neither forgotten nor suspended, and approved.</summary>
    public const string MayBroadcast =
        $"c.erased_at is null and not {Suspensions.SuspendedOwner} and exists (select 1 from creator_applications a where a.user_id = c.user_id and a.status = '{nameof(ApplicationStatus.Approved)}')";

    /// <summary>For everybody.</summary>
    public const string Public = $"c.visibility = '{nameof(Visibility.Public)}' and {MayBroadcast}";

    /// <summary>For <c>@user</c>, who follows its creator. What is unlisted is in no list, not even in this one.</summary>
    public const string ToFollower =
        $"""
        (c.visibility in ('{nameof(Visibility.Public)}', '{nameof(Visibility.Followers)}')
         or (c.visibility = '{nameof(Visibility.Private)}' and exists (select 1 from allowed_viewers w where w.channel_id = c.id and w.user_id = @user)))
        and {MayBroadcast}
        """;

    /// <summary>Neither <c>@user</c> nor its creator has blocked the other, and he is not banned from its stream. A guest is null, and kept apart from nobody.</summary>
    public const string NotKeptApart =
        $"""
        not exists (select 1 from blocks b where (b.blocker_id = c.user_id and b.blocked_id = @user) or (b.blocker_id = @user and b.blocked_id = c.user_id))
        and not exists (select 1 from bans n where n.channel_id = c.id and n.person = 'viewer:' || @user and n.scope = '{nameof(BanScope.Stream)}' and n.until > now())
        """;

    /// <summary>The session that is running or the last one, as <c>s</c>.</summary>
    public const string LastSession =
        "left join lateral (select started_at, media_ended_at from sessions where channel_id = c.id order by started_at desc limit 1) s on true";
}
