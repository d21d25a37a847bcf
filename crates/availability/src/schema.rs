//! Generated from the migrated database: `UPDATE_SCHEMA=1 cargo test -p db schema`.

diesel::table! {
    availability.admissions (queue) {
        queue -> Text,
        on_demand -> Bool,
        state -> Nullable<Text>,
        changed_at -> Timestamptz,
        changed_by -> Uuid,
    }
}

diesel::table! {
    availability.commitments (id) {
        id -> Uuid,
        shift_id -> Uuid,
        seat -> Int4,
        agent_id -> Uuid,
        starts_at -> Timestamptz,
        ends_at -> Timestamptz,
        status -> Text,
        committed_at -> Timestamptz,
        ended_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    availability.connections (agent_id, connection) {
        agent_id -> Uuid,
        connection -> Text,
        last_seen_at -> Timestamptz,
        lease_expires_at -> Timestamptz,
    }
}

diesel::table! {
    availability.presences (agent_id) {
        agent_id -> Uuid,
        status -> Text,
        since -> Timestamptz,
        lease_expires_at -> Nullable<Timestamptz>,
        cause -> Text,
        connected_until -> Nullable<Timestamptz>,
        time_zone -> Nullable<Text>,
        works_until -> Nullable<Timestamptz>,
        work_limit -> Nullable<Text>,
        state -> Nullable<Text>,
    }
}

diesel::table! {
    availability.seats (shift_id, seat) {
        shift_id -> Uuid,
        seat -> Int4,
    }
}

diesel::table! {
    availability.shifts (id) {
        id -> Uuid,
        queue -> Text,
        starts_at -> Timestamptz,
        ends_at -> Timestamptz,
        seats -> Int4,
        status -> Text,
        created_by -> Uuid,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    availability.work_spans (agent_id, started_at) {
        agent_id -> Uuid,
        started_at -> Timestamptz,
        ended_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    availability.working_time_rules (id) {
        id -> Int8,
        agent_id -> Nullable<Uuid>,
        max_day_minutes -> Int4,
        max_week_minutes -> Int4,
        break_after_minutes -> Int4,
        break_minutes -> Int4,
        rest_minutes -> Int4,
        changed_at -> Timestamptz,
        changed_by -> Nullable<Uuid>,
    }
}

diesel::allow_tables_to_appear_in_same_query! {
    admissions,
    commitments,
    connections,
    presences,
    seats,
    shifts,
    work_spans,
    working_time_rules,
}
