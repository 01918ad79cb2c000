namespace Streaming.Core.Data.Migrations;

/// <summary>
/// Writes down the channel's settings with each new session, so that whoever derives sessions need not think of it. Only the first time: a
/// session that was merged away and parted again began when it began.
/// </summary>
internal static class SessionTriggers
{
    public const string Create =
        """
        create function take_session_snapshots() returns trigger language plpgsql as $$
        begin
            insert into session_snapshots (
                session_id, channel_id, title, thumbnail, category, language, tags, is_mature, visibility, allows_guests, is_chat_enabled, is_chat_delayed, is_chat_followers_only,
                reconnect_window_seconds, max_duration_minutes, on_contest, quality, taken_at)
            select n.id, c.id, c.title, c.thumbnail, c.category, c.language, c.tags, c.is_mature, c.visibility, c.allows_guests, c.is_chat_enabled, c.is_chat_delayed, c.is_chat_followers_only,
                   n.reconnect_window_seconds, c.max_duration_minutes, c.on_contest,
                   (select i.quality from ingest_segments s join ingresses i on i.id = s.ingress_id
                    where s.channel_id = n.channel_id and s.session_id = n.id and s.began_at > n.started_at - interval '1 day' order by s.began_at limit 1), -- not from the channel's first day on
                   now()
            from new_sessions n
            cross join lateral (select * from channels where id = n.channel_id offset 0) c -- they are few, which Postgres cannot know
            on conflict (session_id) do nothing;
            return null;
        end $$;
        create trigger sessions_keep_their_settings after insert on sessions referencing new table as new_sessions for each statement execute function take_session_snapshots();

        insert into session_snapshots (
            session_id, channel_id, title, thumbnail, category, language, tags, is_mature, visibility, allows_guests, is_chat_enabled, is_chat_delayed, is_chat_followers_only,
            reconnect_window_seconds, max_duration_minutes, on_contest, taken_at)
        select s.id, c.id, c.title, c.thumbnail, c.category, c.language, c.tags, c.is_mature, c.visibility, c.allows_guests, c.is_chat_enabled, c.is_chat_delayed, c.is_chat_followers_only,
               s.reconnect_window_seconds, c.max_duration_minutes, c.on_contest, now()
        from sessions s join channels c on c.id = s.channel_id; -- of sessions from before: better late than never
        """;

    public const string Drop =
        """
        drop trigger sessions_keep_their_settings on sessions;
        drop function take_session_snapshots;
        """;
}
