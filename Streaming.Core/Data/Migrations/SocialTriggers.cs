namespace Streaming.Core.Data.Migrations;

/// <summary>
/// What the database does by itself when relations and rules change, so that nothing that changes them can forget it: followers are counted,
/// and the rooms that a change concerns are noted for a look, in the transaction of the change.
/// </summary>
internal static class SocialTriggers
{
    public const string Create =
        """
        create function count_follower() returns trigger language plpgsql as $$
        begin
            if tg_op = 'INSERT' then update users set follower_count = follower_count + 1 where id = new.followee_id;
            else update users set follower_count = follower_count - 1 where id = old.followee_id;
            end if;
            return null;
        end $$;
        create trigger follows_are_counted after insert or delete on follows for each row execute function count_follower();

        create function note_room_check(channel uuid, who text) returns void language sql as $$
            insert into room_checks as r (channel_id, person, version, due_at, watch_until)
            values (channel, who, 1, clock_timestamp(), clock_timestamp() + interval '11 minutes')
            on conflict (channel_id, person) do update set version = r.version + 1, due_at = excluded.due_at, watch_until = greatest(r.watch_until, excluded.watch_until)
        $$;

        create function check_room_of_channel() returns trigger language plpgsql as $$
        begin
            perform note_room_check(new.id, '');
            return null;
        end $$;
        create trigger channel_rules_are_enforced after update on channels for each row
            when ((old.visibility, old.allows_guests, old.is_chat_enabled, old.is_chat_delayed, old.is_chat_followers_only)
                  is distinct from (new.visibility, new.allows_guests, new.is_chat_enabled, new.is_chat_delayed, new.is_chat_followers_only))
            execute function check_room_of_channel();

        create function check_room_of_followee() returns trigger language plpgsql as $$
        declare f follows := case when tg_op = 'INSERT' then new else old end;
        begin
            perform note_room_check(c.id, 'viewer:' || f.follower_id) from channels c
            where c.user_id = f.followee_id and (c.visibility = 'Followers' or c.is_chat_followers_only);
            return null;
        end $$;
        create trigger follows_are_enforced after insert or delete on follows for each row execute function check_room_of_followee();

        create function check_rooms_of_blocked() returns trigger language plpgsql as $$
        begin
            perform note_room_check(c.id, 'viewer:' || case when c.user_id = new.blocker_id then new.blocked_id else new.blocker_id end)
            from channels c where c.user_id in (new.blocker_id, new.blocked_id);
            return null;
        end $$;
        create trigger blocks_are_enforced after insert on blocks for each row execute function check_rooms_of_blocked();

        create function check_room_of_disallowed() returns trigger language plpgsql as $$
        begin
            perform note_room_check(c.id, 'viewer:' || old.user_id) from channels c where c.id = old.channel_id;
            return null;
        end $$;
        create trigger allowed_viewers_are_enforced after delete on allowed_viewers for each row execute function check_room_of_disallowed();
        """;

    public const string Drop =
        """
        drop trigger follows_are_counted on follows;
        drop trigger follows_are_enforced on follows;
        drop trigger blocks_are_enforced on blocks;
        drop trigger allowed_viewers_are_enforced on allowed_viewers;
        drop trigger channel_rules_are_enforced on channels;
        drop function count_follower, check_room_of_channel, check_room_of_followee, check_rooms_of_blocked, check_room_of_disallowed, note_room_check;
        """;
}
