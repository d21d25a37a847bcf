//! Generated from the migrated database: `UPDATE_SCHEMA=1 cargo test -p db schema`.

diesel::table! {
    payouts.earning_lines (id) {
        id -> Uuid,
        agent_id -> Uuid,
        engagement_id -> Uuid,
        ticket_id -> Uuid,
        queue -> Text,
        rate_card_id -> Uuid,
        handled_seconds -> Int4,
        payable_seconds -> Int4,
        per_engagement -> Numeric,
        per_minute -> Numeric,
        amount_minor -> Int8,
        currency -> Bpchar,
        entry_id -> Nullable<Uuid>,
        earned_at -> Timestamptz,
    }
}

diesel::table! {
    payouts.entries (id) {
        id -> Uuid,
        fact -> Text,
        description -> Text,
        posted_at -> Timestamptz,
    }
}

diesel::table! {
    payouts.ledger_accounts (id) {
        id -> Uuid,
        kind -> Text,
        agent_id -> Nullable<Uuid>,
        currency -> Bpchar,
        balance_minor -> Nullable<Int8>,
    }
}

diesel::table! {
    payouts.payees (agent_id) {
        agent_id -> Uuid,
        name -> Text,
        street -> Text,
        building -> Nullable<Text>,
        postcode -> Text,
        city -> Text,
        country -> Bpchar,
        iban_ciphertext -> Bytea,
        iban_index -> Bytea,
        iban_masked -> Text,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    payouts.payout_files (run_id, format) {
        run_id -> Uuid,
        format -> Text,
        bytes -> Bytea,
        sha256 -> Bytea,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    payouts.payout_item_lines (line_id) {
        line_id -> Uuid,
        item_id -> Uuid,
    }
}

diesel::table! {
    payouts.payout_items (id) {
        id -> Uuid,
        run_id -> Uuid,
        agent_id -> Uuid,
        amount_minor -> Int8,
        line_count -> Int4,
        payee_name -> Text,
        street -> Text,
        building -> Nullable<Text>,
        postcode -> Text,
        city -> Text,
        country -> Bpchar,
        iban_ciphertext -> Bytea,
        iban_masked -> Text,
        entry_id -> Nullable<Uuid>,
    }
}

diesel::table! {
    payouts.payout_runs (id) {
        id -> Uuid,
        period_start -> Timestamptz,
        period_end -> Timestamptz,
        currency -> Bpchar,
        status -> Text,
        item_count -> Int4,
        line_count -> Int4,
        total_minor -> Int8,
        created_by -> Uuid,
        created_at -> Timestamptz,
        approved_by -> Nullable<Uuid>,
        approved_at -> Nullable<Timestamptz>,
        exported_at -> Nullable<Timestamptz>,
        settled_at -> Nullable<Timestamptz>,
        voided_by -> Nullable<Uuid>,
        void_reason -> Nullable<Text>,
    }
}

diesel::table! {
    payouts.postings (entry_id, number) {
        entry_id -> Uuid,
        number -> Int4,
        account_id -> Uuid,
        amount_minor -> Int8,
        currency -> Bpchar,
    }
}

diesel::table! {
    payouts.rate_cards (id) {
        id -> Uuid,
        name -> Text,
        currency -> Bpchar,
        valid_from -> Timestamptz,
        valid_until -> Nullable<Timestamptz>,
        created_by -> Uuid,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    payouts.rates (rate_card_id, queue) {
        rate_card_id -> Uuid,
        queue -> Text,
        per_engagement -> Numeric,
        per_minute -> Numeric,
        minimum_seconds -> Int4,
    }
}

diesel::allow_tables_to_appear_in_same_query! {
    earning_lines,
    entries,
    ledger_accounts,
    payees,
    payout_files,
    payout_item_lines,
    payout_items,
    payout_runs,
    postings,
    rate_cards,
    rates,
}
