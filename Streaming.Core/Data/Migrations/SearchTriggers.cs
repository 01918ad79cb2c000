namespace Streaming.Core.Data.Migrations;

/// <summary>
/// What a channel is found by follows what it says of itself, in the transaction that changes that. The row is locked before it is written
/// anew: of two changes at once, the later one sees the earlier.
/// </summary>
internal static class SearchTriggers
{
    public const string Create =
        """
        create function search_words(given text) returns text language sql immutable as $$
            select ' ' || btrim(regexp_replace(lower(normalize(given, NFC)), '[^[:alnum:]]+', ' ', 'g'))
        $$;

        create function note_search_words(channel uuid) returns void language plpgsql as $$
        begin
            insert into channel_search (channel_id, words) values (channel, '') on conflict do nothing;
            perform from channel_search where channel_id = channel for update;
            update channel_search set words = (
                select search_words(concat_ws(' ', u.username, c.title, c.category, array_to_string(c.tags, ' ')))
                from channels c join users u on u.id = c.user_id where c.id = channel)
            where channel_id = channel;
        end $$;

        create function search_words_of_channel() returns trigger language plpgsql as $$
        begin
            perform note_search_words(new.id);
            return null;
        end $$;
        create trigger channels_are_found after insert or update of user_id, title, category, tags on channels for each row execute function search_words_of_channel();

        create function search_words_of_user() returns trigger language plpgsql as $$
        begin
            perform note_search_words(c.id) from channels c where c.user_id = new.id;
            return null;
        end $$;
        create trigger usernames_are_found after update of username on users for each row
            when (old.username is distinct from new.username) execute function search_words_of_user();

        insert into channel_search (channel_id, words)
        select c.id, search_words(concat_ws(' ', u.username, c.title, c.category, array_to_string(c.tags, ' '))) from channels c join users u on u.id = c.user_id;
        """;

    public const string Drop =
        """
        drop trigger channels_are_found on channels;
        drop trigger usernames_are_found on users;
        drop function search_words_of_channel, search_words_of_user, note_search_words, search_words;
        """;
}
