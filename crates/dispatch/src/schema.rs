//! Generated from the migrated database: `UPDATE_SCHEMA=1 cargo test -p db schema`.

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
        score -> Int4,
        offered_at -> Timestamptz,
        expires_at -> Timestamptz,
        closed_at -> Nullable<Timestamptz>,
        decline_reason -> Nullable<Text>,
    }
}

diesel::table! {
    dispatch.queues (code) {
        code -> Text,
        name -> Text,
        first_reply_seconds -> Int4,
        offer_seconds -> Int4,
        wrap_up_seconds -> Int4,
        ticket_weight -> Int4,
        updated_at -> Timestamptz,
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
    }
}

diesel::table! {
    dispatch.workloads (agent_id) {
        agent_id -> Uuid,
        capacity -> Int4,
        load -> Int4,
        idle_since -> Timestamptz,
    }
}

diesel::allow_tables_to_appear_in_same_query! {
    engagements,
    messages,
    offers,
    queues,
    ratings,
    tickets,
    workloads,
}
