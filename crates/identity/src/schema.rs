//! Generated from the migrated database: `UPDATE_SCHEMA=1 cargo test -p db schema`.

diesel::table! {
    identity.accounts (id) {
        id -> Uuid,
        email -> Text,
        display_name -> Text,
        password_hash -> Text,
        role -> Text,
        status -> Text,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    identity.attempts (subject) {
        subject -> Text,
        window_start -> Timestamptz,
        failures -> Int4,
    }
}

diesel::table! {
    identity.machine_keys (id) {
        id -> Uuid,
        name -> Text,
        secret_sha256 -> Bytea,
        status -> Text,
        created_by -> Uuid,
        created_at -> Timestamptz,
        revoked_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    identity.refresh_tokens (token_sha256) {
        token_sha256 -> Bytea,
        session_id -> Uuid,
        generation -> Int4,
        issued_at -> Timestamptz,
        used_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    identity.sessions (id) {
        id -> Uuid,
        account_id -> Uuid,
        kind -> Text,
        status -> Text,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        ended_at -> Nullable<Timestamptz>,
    }
}

diesel::allow_tables_to_appear_in_same_query! {
    accounts,
    attempts,
    machine_keys,
    refresh_tokens,
    sessions,
}
