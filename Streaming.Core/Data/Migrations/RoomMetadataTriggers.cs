namespace Streaming.Core.Data.Migrations;

/// <summary>Where what a room's metadata tells is changed, by whatever, the open rooms of the channel have to be told.</summary>
internal static class RoomMetadataTriggers
{
    public const string Create =
        """
        create function describe_rooms_anew() returns trigger language plpgsql as $$
        begin
            update room_sessions set metadata_wanted = metadata_wanted + 1 where channel_id = new.id and finished_at is null;
            return null;
        end $$;
        create trigger rooms_are_described after update on channels for each row
            when ((old.title, old.thumbnail, old.category, old.language, old.tags, old.is_mature, old.visibility, old.allows_guests, old.is_chat_enabled, old.is_chat_delayed, old.is_chat_followers_only)
                  is distinct from (new.title, new.thumbnail, new.category, new.language, new.tags, new.is_mature, new.visibility, new.allows_guests, new.is_chat_enabled, new.is_chat_delayed, new.is_chat_followers_only))
            execute function describe_rooms_anew();
        """;

    public const string Drop =
        """
        drop trigger rooms_are_described on channels;
        drop function describe_rooms_anew;
        """;
}
