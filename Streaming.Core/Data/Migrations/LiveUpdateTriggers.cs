namespace Streaming.Core.Data.Migrations;

/// <summary>
/// What the database tells by itself, so that nothing that changes live state or rules can forget it: how channels stand, what becomes of a
/// creator's sessions, and who has to be looked at because he may have lost the right to see a channel. All in the transaction of the change.
/// </summary>
internal static class LiveUpdateTriggers
{
    public const string Create =
        """
        create function json_time(moment timestamptz) returns text language sql stable
        return rtrim(rtrim(to_char(moment at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), '0'), '.') || 'Z';

        -- For channels that the caller has locked. Tells where they stand if that is not what was told last; that a session is on and that it is over, each once at most.
        create function publish_states(which uuid[]) returns void language plpgsql as $$
        begin
            with stand as (
                select channel_id, is_test, state, session_id, case when state in ('live', 'test', 'reconnecting') then started_at end as started_at,
                       media_ended_at, end_reason, case when state = 'reconnecting' then reconnect_until end as reconnect_until
                from (
                    select c.id as channel_id, c.visibility = 'Test' as is_test,
                           case when s.id is null then 'offline'
                                when s.media_ended_at is null then case when c.visibility = 'Test' then 'test' else 'live' end
                                when s.reconnect_until > now() then 'reconnecting' else 'ended' end as state,
                           s.id as session_id, s.started_at, s.media_ended_at, s.end_reason, s.reconnect_until
                    from channels c
                    left join lateral (select * from sessions where channel_id = c.id order by started_at desc limit 1) s on true
                    where c.id = any(which)) known
            ), changed as (
                insert into published_states as p (channel_id, state, session_id, started_at, media_ended_at, end_reason, reconnect_until)
                select channel_id, state, session_id, started_at, media_ended_at, end_reason, reconnect_until from stand
                where state <> 'offline' or exists (select 1 from published_states k where k.channel_id = stand.channel_id)
                order by channel_id
                on conflict (channel_id) do update set
                    state = excluded.state, session_id = excluded.session_id, started_at = excluded.started_at, media_ended_at = excluded.media_ended_at,
                    end_reason = excluded.end_reason, reconnect_until = excluded.reconnect_until
                where (p.state, p.session_id, p.started_at, p.media_ended_at, p.end_reason, p.reconnect_until)
                    is distinct from (excluded.state, excluded.session_id, excluded.started_at, excluded.media_ended_at, excluded.end_reason, excluded.reconnect_until)
                returning p.*
            ), news as (
                select c.*, s.is_test, not s.is_test and c.state in ('live', 'reconnecting') as is_on from changed c join stand s using (channel_id)
            ), begun as (
                insert into announced_sessions (session_id, channel_id, is_over) select session_id, channel_id, false from news where is_on and state = 'live'
                on conflict do nothing returning session_id, channel_id
            ), finished as (
                update announced_sessions a set is_over = true from news n
                where a.channel_id = n.channel_id and not a.is_over
                  and (not n.is_on or (a.session_id <> n.session_id and exists (select 1 from begun b where b.session_id = n.session_id))) -- one that became part of a session that was announced before goes on with it
                returning a.session_id, a.channel_id
            )
            insert into updates (channel_id, is_for_owner, type, body)
            select channel_id, is_for_owner, type, jsonb_strip_nulls(body) from (
                select o.channel_id, false as is_for_owner, 1 as place, 'stream.offline' as type,
                       jsonb_build_object('sessionId', o.session_id, 'endedAt', json_time(s.media_ended_at), 'reason', s.end_reason) as body
                from finished o left join sessions s on s.id = o.session_id
                union all
                select n.channel_id, n.is_test, 2, 'stream.state',
                       jsonb_build_object('state', n.state, 'isLive', n.state in ('live', 'test'), 'sessionId', n.session_id,
                           'startedAt', json_time(n.started_at), 'reconnectingUntil', json_time(n.reconnect_until), 'mediaEndedAt', json_time(n.media_ended_at), 'reason', n.end_reason)
                from news n
                union all
                select n.channel_id, false, 3, 'stream.online', jsonb_build_object('sessionId', n.session_id, 'startedAt', json_time(n.started_at))
                from begun b join news n on n.session_id = b.session_id) told
            order by channel_id, place;
        end $$;

        create function publish_state_of_channel() returns trigger language plpgsql as $$
        begin
            perform publish_states(array[new.id]);
            return null;
        end $$;
        create trigger states_follow_visibility after update of visibility on channels for each row
            when (old.visibility <> new.visibility and 'Test' in (old.visibility, new.visibility)) execute function publish_state_of_channel();

        create function tell_creator() returns trigger language plpgsql as $$
        begin
            insert into updates (user_id, type, body)
            select c.user_id, t.type, jsonb_strip_nulls(jsonb_build_object('sessionId', e.session_id, 'at', json_time(e.at)) || t.body)
            from new_entries e
            join channels c on c.id = e.channel_id and c.erased_at is null
            cross join lateral (
                select case e.transition
                           when 'Started' then 'session.started' when 'Dropped' then 'session.dropped' when 'Resumed' then 'session.resumed' when 'Ended' then 'session.ended'
                           when 'DurationWarning' then 'session.duration_warning' when 'Takeover' then 'ingest.takeover' when 'Contested' then 'ingest.key_contested'
                           when 'IssueOpened' then 'ingest.issue_opened' when 'IssueClosed' then 'ingest.issue_closed' when 'NewEncoder' then 'ingest.new_encoder' end as type,
                       case e.transition
                           when 'DurationWarning' then jsonb_build_object('reason', e.reason, 'minutesLeft', e.subject::int)
                           when 'Takeover' then jsonb_build_object('reason', e.reason, 'resourceId', e.subject, 'replacedBy', e.replaced_by)
                           when 'NewEncoder' then jsonb_build_object('profile', e.reason)
                           else jsonb_build_object('reason', e.reason) end as body) t
            where t.type is not null
            order by e.id;
            return null;
        end $$;
        create trigger entries_are_told after insert on timeline referencing new table as new_entries for each statement execute function tell_creator();

        -- For ourselves: whoever follows the channel and is concerned is looked at again.
        create function tell_of_room_check() returns trigger language plpgsql as $$
        begin
            insert into updates (channel_id, type, body)
            values (new.channel_id, 'access', jsonb_strip_nulls(jsonb_build_object('userId', case when starts_with(new.person, 'viewer:') then substr(new.person, 8) end)));
            return null;
        end $$;
        create trigger room_checks_are_told after insert or update of version on room_checks for each row execute function tell_of_room_check();

        create function tell_of_suspension() returns trigger language plpgsql as $$
        begin
            insert into updates (channel_id, type, body) select id, 'access', '{}' from channels where user_id = new.user_id;
            return null;
        end $$;
        create trigger suspensions_are_told after insert on suspensions for each row execute function tell_of_suspension();

        select publish_states(array(select id from channels));
        """;

    public const string Drop =
        """
        drop trigger states_follow_visibility on channels;
        drop trigger entries_are_told on timeline;
        drop trigger room_checks_are_told on room_checks;
        drop trigger suspensions_are_told on suspensions;
        drop function publish_state_of_channel, tell_creator, tell_of_room_check, tell_of_suspension, publish_states, json_time;
        """;
}
