namespace Streaming.Core.Data.Migrations;

/// <summary>
/// Who is banned, or no longer, has to be looked at in the room; for a guest, everybody is, since those count with him who came from where he did.
/// A time that is over is a row less, so that it ends as a ban that is lifted does.
/// </summary>
internal static class BanTriggers
{
    public const string Create =
        """
        create function check_room_of_banned() returns trigger language plpgsql as $$
        declare b bans := case when tg_op = 'DELETE' then old else new end;
        begin
            perform note_room_check(c.id, case when b.user_id is null then '' else b.person end) from channels c where c.id = b.channel_id;
            return null;
        end $$;
        create trigger bans_are_enforced after insert or update or delete on bans for each row execute function check_room_of_banned();
        """;

    public const string Drop =
        """
        drop trigger bans_are_enforced on bans;
        drop function check_room_of_banned;
        """;
}
