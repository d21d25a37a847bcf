//! Generated from the migrated database: `UPDATE_SCHEMA=1 cargo test -p db schema`.

diesel::table! {
    platform.idempotency_keys (scope, key) {
        scope -> Text,
        key -> Text,
        body_sha256 -> Bytea,
        status -> Int2,
        body -> Bytea,
        created_at -> Timestamptz,
    }
}
