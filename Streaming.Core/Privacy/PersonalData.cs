namespace Streaming.Core.Privacy;

/// <summary>
/// Every column of the database, and what becomes of it when a person asks for his data or wants to be forgotten. Where a table is
/// missing here, or a column, a test fails: nobody adds one without having thought of this.
/// </summary>
public static class PersonalData
{
    private const string Delete = "delete";
    private const string OfHisChannel = "channel_id in (select id from channels where user_id = @user)";
    private const string IsHim = "person = 'viewer:' || @user or starts_with(person, 'host:' || @user || ':')";
    private const string NamesHim = "starts_with(projection->'participant'->>'identity', 'viewer:' || @user || ':') or starts_with(projection->'participant'->>'identity', 'host:' || @user || ':')";

    /// <summary>
    /// In the order in which they are erased: what is found by a channel before the channel is no longer his. A column with a star says
    /// something about him, one with a dash is a secret or a copy of one, which no export shows.
    /// </summary>
    public static IReadOnlyList<PersonalTable> Tables { get; } =
    [
        // His own
        new("administrators", "user_id* granted_at*", "user_id = @user", Delete),
        new("creator_applications", "id user_id* status* about* links* applied_at* decided_at* reason*", "user_id = @user", Delete),
        new("remembered_requests", "user_id* route* key_sha256- request_sha256- owner lease_until created_at* completed_at* status* content_type* location* body- resource*", "user_id = @user", Delete),
        new("follows", "follower_id* followee_id followed_at* notify*", "follower_id = @user", Delete), // who follows him is their affair, and goes with him
        new("blocks", "blocker_id* blocked_id blocked_at*", "blocker_id = @user", Delete), // the same; and nobody is told who blocks him
        new("allowed_viewers", "channel_id user_id* allowed_at*", "user_id = @user or " + OfHisChannel, Delete),
        new("bans", "channel_id person* user_id* scope* reason* banned_by- banned_at* until*", "user_id = @user or " + OfHisChannel, Delete),
        new("notices", "user_id* session_id channel_id at*", "user_id = @user", Delete),
        new("room_checks", "channel_id person* version due_at watch_until", "person = 'viewer:' || @user", Delete), // after those that note one

        new("updates", "id position channel_id user_id* is_for_owner type body* trace_parent published_at", "user_id = @user or " + OfHisChannel, Delete) { TellsOfHim = "body->>'userId' = @user" }, // before his channel is no longer his
        new("suspensions", "id user_id* reason* suspended_by- suspended_at* until* lifted_at* lifted_by-", "user_id = @user", Delete), // the audit log keeps what was done

        // His channel's: the history stays, and is nobody's
        new("ingress_holds", "id channel_id ingress_id reason until placed_at", OfHisChannel, Delete),
        new("ingresses", "id channel_id type label* is_primary quality live_kit_quality key_last4* key_sha256- created_at deleted_at is_enabled replaced_by_id retires_at retires_with_session", OfHisChannel,
            "label = null, key_last4 = '', key_sha256 = '', deleted_at = coalesce(deleted_at, @now)"),
        new("channel_search", "channel_id words*", OfHisChannel, "words = ''"), // the database writes it anew of what is left
        new("sessions", "id channel_id started_at media_ended_at end_reason reconnect_window_seconds reconnect_until contested_at concluded_for", OfHisChannel),
        new("session_snapshots", "session_id channel_id title* thumbnail* category* language* tags* is_mature visibility allows_guests is_chat_enabled is_chat_delayed is_chat_followers_only reconnect_window_seconds max_duration_minutes on_contest quality taken_at", OfHisChannel,
            "title = '', thumbnail = null, category = null, language = null, tags = '{}'"),
        new("session_audiences", "session_id peak_viewers average_viewers settled_at", "session_id in (select id from sessions where " + OfHisChannel + ")"),
        new("markers", "id channel_id at description* created_at", OfHisChannel, Delete),
        new("notice_fan_outs", "session_id channel_id session_started_at opened_at position- told moved_at closed_at", OfHisChannel, "position = '', closed_at = coalesce(closed_at, @now)"),
        new("ingest_segments", "resource_id channel_id source ingress_id room_sid began_at started_at stopped_at left_at seen_from seen_at missing_at ended_at end_reason is_displaced failure session_id replaced_by cut_at cut_reason ledgered_as", OfHisChannel),
        new("key_ledger", "channel_id sequence at happened_at ingress_id kind resource_id detail corrects previous_hash- hash-", OfHisChannel), // says nothing of him, and none of it can be changed
        new("key_ledger_heads", "channel_id sequence hash-", OfHisChannel),
        new("published_states", "channel_id state session_id started_at media_ended_at end_reason reconnect_until", OfHisChannel),
        new("announced_sessions", "session_id channel_id is_over", OfHisChannel),
        new("room_sessions", "room_sid channel_id started_at finished_at", OfHisChannel),
        new("room_descriptions", "room_sid room_started_at told", "room_sid in (select room_sid from room_sessions where " + OfHisChannel + ")"),
        new("timeline", "id channel_id session_id transition at reason cause evidence subject replaced_by recorded_at", OfHisChannel),
        new("cutoffs", "id channel_id at reason off_until note* enforced_at", OfHisChannel, "note = null"),
        new("ingest_issues", "id channel_id session_id code opened_at closed_at", OfHisChannel),
        new("ingest_inputs", "resource_id channel_id seen_at video_codec width height frames_per_second video_bitrate audio_codec audio_bitrate audio_channels sample_rate", OfHisChannel),
        new("corrections", "id at channel_id kind subject room_sid first_seen_at", OfHisChannel),

        // Where he watched: the stay stays, since counts are made of it, and is nobody's
        new("presences", "participant_sid room_sid channel_id role person* joined_at left_at seen_at missing_at is_present", IsHim,
            "person = split_part(person, ':', 1) || ':' || @pseudonym") { ComesBack = true },
        new("dead_letters", "event_id entry_id kind room projection* reason attempts first_at last_at", NamesHim, Delete) { ComesBack = true },

        new("channels", "id user_id* title* thumbnail* category* language* tags* is_mature visibility allows_guests is_chat_enabled is_chat_delayed is_chat_followers_only reconnect_window_seconds max_duration_minutes on_contest created_at updated_at erased_at", "user_id = @user",
            "user_id = @pseudonym, title = '', thumbnail = null, category = null, language = null, tags = '{}', erased_at = @now"),
        new("users", "id* username* follower_count created_at*", "id = @user", Delete),

        // Of what administrators did to him there must be a record that nobody can change
        new("admin_audit", "id at administrator_id- act subject* reason* before* after*", "subject = @user") { IsKept = true },

        // Nobody's
        new("erasures", "id user_id requested_at erased_at"), // forgets him by itself
        new("list_orders", "id made_at channels reasons"), // says whose it is to nobody, and is gone within minutes
        new("processed_events", "event_id kind entry_id outcome received_at processed_at"),
        new("duplicate_deliveries", "entry_id event_id at"),
        new("webhook_spool", "id event_id projection received_at trace_parent"), // for seconds; what it tells is erased where it arrives
        new("accounting", "page applied superseded skipped duplicate dead spooled"),
        new("queue_lives", "id first_seen_at received_before"),
        new("worker_pulse", "id beat_at"),
        new("update_log", "id head forgotten"),
        new("guest_addresses", "person address- noted_at"), // of guests, whom nobody can name; for thirty days
    ];
}

/// <param name="Columns">All of them, apart by blanks; <c>*</c> behind what says something about a person, <c>-</c> behind a secret.</param>
/// <param name="Whose">Which rows are about <c>@user</c>; null when none can be.</param>
/// <param name="Then">What is written over them, with <c>@pseudonym</c> and <c>@now</c>, or <c>delete</c>; null when they say nothing without the rows that do.</param>
public sealed record PersonalTable(string Table, string Columns, string? Whose = null, string? Then = null)
{
    /// <summary>There is a reason why even being forgotten does not change them.</summary>
    public bool IsKept { get; init; }

    /// <summary>Webhooks that are on their way while he is forgotten may write such rows anew.</summary>
    public bool ComesBack { get; init; }

    /// <summary>Rows of others that tell of him: they go with him, and no export of his shows them.</summary>
    public string? TellsOfHim { get; init; }

    public IEnumerable<string> Names => Columns.Split(' ').Select(c => c.TrimEnd('*', '-'));

    /// <summary>What no export shows.</summary>
    public IEnumerable<string> Secrets => Columns.Split(' ').Where(c => c.EndsWith('-')).Select(c => c.TrimEnd('-'));

    /// <summary>What must be gone after an erasure.</summary>
    public IEnumerable<string> Personal => Columns.Split(' ').Where(c => c.EndsWith('*')).Select(c => c.TrimEnd('*'));

    internal string Erase => (Then == "delete" ? $"delete from {Table} where ({Whose})" : $"update {Table} set {Then} where ({Whose})") + (TellsOfHim is null ? "" : $" or {TellsOfHim}");

    internal string Export => $"select coalesce(jsonb_agg(to_jsonb(t) - @secrets), '[]') from {Table} t where {Whose}";
}
