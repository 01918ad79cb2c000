namespace Streaming.Core.Data.Migrations;

/// <summary>Marks in the log of updates where a private channel opens, to everybody or to one: what was told before was not for them.</summary>
internal static class OpeningTriggers
{
    public const string Create =
        """
        create function tell_of_opening() returns trigger language plpgsql as $$
        begin
            insert into updates (channel_id, type, body) values (new.id, 'opened', '{}');
            return null;
        end $$;
        create trigger openings_are_told after update of visibility on channels for each row
            when (old.visibility = 'Private' and new.visibility <> 'Private') execute function tell_of_opening();

        create function tell_of_allowed() returns trigger language plpgsql as $$
        begin
            insert into updates (channel_id, type, body) values (new.channel_id, 'opened', jsonb_build_object('userId', new.user_id));
            return null;
        end $$;
        create trigger allowed_viewers_are_told after insert on allowed_viewers for each row execute function tell_of_allowed();
        """;

    public const string Drop =
        """
        drop trigger openings_are_told on channels;
        drop trigger allowed_viewers_are_told on allowed_viewers;
        drop function tell_of_opening, tell_of_allowed;
        """;
}
