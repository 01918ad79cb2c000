namespace Streaming.Core.Data.Migrations;

/// <summary>Has updates belong to the trace of the webhook that they follow from, where the transaction says which that is.</summary>
internal static class TraceTriggers
{
    public const string Create =
        """
        create function trace_update() returns trigger language plpgsql as $$
        begin
            new.trace_parent := current_setting('streaming.traces', true)::jsonb ->> coalesce(new.channel_id, (select id from channels where user_id = new.user_id))::text;
            return new;
        end $$;
        create trigger updates_are_traced before insert on updates for each row
            when (coalesce(current_setting('streaming.traces', true), '') <> '') execute function trace_update();
        """;

    public const string Drop =
        """
        drop trigger updates_are_traced on updates;
        drop function trace_update;
        """;
}
