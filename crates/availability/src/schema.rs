//! Generated from the migrated database: `UPDATE_SCHEMA=1 cargo test -p db schema`.

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
    availability.presences (agent_id) {
        agent_id -> Uuid,
        status -> Text,
        since -> Timestamptz,
        lease_expires_at -> Nullable<Timestamptz>,
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

diesel::allow_tables_to_appear_in_same_query! {
    commitments,
    presences,
    seats,
    shifts,
}
