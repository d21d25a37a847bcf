//! Generated from the migrated database: `UPDATE_SCHEMA=1 cargo test -p db schema`.

diesel::table! {
    dispatch.dead_letters (id) {
        id -> Uuid,
        ticket_id -> Uuid,
        reason -> Text,
        history -> Jsonb,
        created_at -> Timestamptz,
        settled_at -> Nullable<Timestamptz>,
        settled_by -> Nullable<Text>,
        settlement -> Nullable<Text>,
    }
}

diesel::table! {
    dispatch.engagements (id) {
        id -> Uuid,
        ticket_id -> Uuid,
        agent_id -> Uuid,
        offer_id -> Uuid,
        weight -> Int4,
        status -> Text,
        started_at -> Timestamptz,
        first_reply_at -> Nullable<Timestamptz>,
        wrapping_at -> Nullable<Timestamptz>,
        wrap_up_due_at -> Nullable<Timestamptz>,
        ended_at -> Nullable<Timestamptz>,
        disposition -> Nullable<Text>,
        note -> Nullable<Text>,
        channel -> Text,
        reply_due_at -> Nullable<Timestamptz>,
        alerted_at -> Nullable<Timestamptz>,
        asked_at -> Nullable<Timestamptz>,
        extensions -> Int4,
        handover_note -> Nullable<Text>,
        release_reason -> Nullable<Text>,
        lost_reason -> Nullable<Text>,
        read_until -> Nullable<Int4>,
    }
}

diesel::table! {
    dispatch.match_records (id) {
        id -> Uuid,
        decided_at -> Timestamptz,
        engine -> Int4,
        mode -> Text,
        inputs_sha256 -> Bytea,
        inputs -> Text,
        outcome -> Text,
    }
}

diesel::table! {
    dispatch.messages (ticket_id, number) {
        ticket_id -> Uuid,
        number -> Int4,
        author -> Text,
        engagement_id -> Nullable<Uuid>,
        client_id -> Nullable<Text>,
        body -> Text,
        masked -> Array<Text>,
        sent_at -> Timestamptz,
    }
}

diesel::table! {
    dispatch.offers (id) {
        id -> Uuid,
        ticket_id -> Uuid,
        agent_id -> Uuid,
        kind -> Text,
        status -> Text,
        weight -> Int4,
        score -> Int8,
        offered_at -> Timestamptz,
        expires_at -> Timestamptz,
        closed_at -> Nullable<Timestamptz>,
        decline_reason -> Nullable<Text>,
        channel -> Text,
        match_record_id -> Nullable<Uuid>,
        policy_version -> Nullable<Int4>,
        policy_queue -> Nullable<Text>,
    }
}

diesel::table! {
    dispatch.policies (queue, version) {
        queue -> Text,
        version -> Int4,
        body -> Jsonb,
        note -> Text,
        created_by -> Text,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    dispatch.queues (code) {
        code -> Text,
        name -> Text,
        first_reply_seconds -> Int4,
        wrap_up_seconds -> Int4,
        ticket_weight -> Int4,
        updated_at -> Timestamptz,
        policy_version -> Int4,
        next_reply_seconds -> Int4,
        silent_grace_seconds -> Int4,
        silence_seconds -> Int4,
        wrap_up_extensions -> Int4,
        wrap_up_extension_seconds -> Int4,
        reopen_days -> Int4,
    }
}

diesel::table! {
    dispatch.ratings (engagement_id) {
        engagement_id -> Uuid,
        score -> Int4,
        comment -> Nullable<Text>,
        rated_at -> Timestamptz,
    }
}

diesel::table! {
    dispatch.tickets (id) {
        id -> Uuid,
        source -> Text,
        external_id -> Text,
        queue -> Text,
        language -> Bpchar,
        required_skills -> Array<Text>,
        customer_ref -> Text,
        customer_name -> Text,
        customer_tier -> Text,
        customer_locale -> Text,
        household_ref -> Nullable<Text>,
        reason -> Text,
        summary -> Text,
        intent -> Nullable<Text>,
        confidence -> Nullable<Numeric>,
        priority -> Int4,
        weight -> Int4,
        status -> Text,
        message_count -> Int4,
        created_at -> Timestamptz,
        waiting_since -> Timestamptz,
        first_reply_due_at -> Timestamptz,
        closed_at -> Nullable<Timestamptz>,
        channel -> Text,
        language_level -> Int4,
        skill_levels -> Array<Int4>,
        preferred_agent_id -> Nullable<Uuid>,
        preferred_until -> Nullable<Timestamptz>,
        class -> Int8,
        put_aside_at -> Timestamptz,
        rank_at -> Timestamptz,
        next_action -> Nullable<Text>,
        deadline_at -> Nullable<Timestamptz>,
        holder -> Text,
        control_epoch -> Int8,
        seen_by_assistant -> Int4,
        control_requested_at -> Nullable<Timestamptz>,
        taken_at -> Nullable<Timestamptz>,
        reopened_count -> Int4,
    }
}

diesel::table! {
    dispatch.workloads (agent_id) {
        agent_id -> Uuid,
        capacity -> Int4,
        load -> Int4,
        idle_since -> Timestamptz,
        chat_capacity -> Int4,
        chat_load -> Int4,
        message_capacity -> Int4,
        message_load -> Int4,
        worked_on -> Nullable<Date>,
        worked_seconds -> Int4,
    }
}

diesel::allow_tables_to_appear_in_same_query! {
    dead_letters,
    engagements,
    match_records,
    messages,
    offers,
    policies,
    queues,
    ratings,
    tickets,
    workloads,
}
