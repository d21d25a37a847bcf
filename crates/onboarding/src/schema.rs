//! Generated from the migrated database: `UPDATE_SCHEMA=1 cargo test -p db schema`.

diesel::table! {
    onboarding.acceptances (agent_id, version) {
        agent_id -> Uuid,
        version -> Int4,
        body_sha256 -> Bytea,
        accepted_at -> Timestamptz,
    }
}

diesel::table! {
    onboarding.agents (id) {
        id -> Uuid,
        account_id -> Uuid,
        customer_ref -> Text,
        household_ref -> Nullable<Text>,
        tier -> Text,
        customer_since -> Date,
        country -> Bpchar,
        email -> Text,
        display_name -> Text,
        time_zone -> Nullable<Text>,
        languages -> Array<Text>,
        status -> Text,
        created_at -> Timestamptz,
        submitted_at -> Nullable<Timestamptz>,
        decided_at -> Nullable<Timestamptz>,
        language_levels -> Array<Int4>,
    }
}

diesel::table! {
    onboarding.agreements (version) {
        version -> Int4,
        title -> Text,
        body -> Text,
        body_sha256 -> Bytea,
        published_at -> Timestamptz,
        effective_at -> Timestamptz,
    }
}

diesel::table! {
    onboarding.attempts (id) {
        id -> Uuid,
        agent_id -> Uuid,
        skill -> Text,
        paper -> Jsonb,
        pass_mark -> Int4,
        valid_days -> Int4,
        status -> Text,
        started_at -> Timestamptz,
        expires_at -> Timestamptz,
        score -> Nullable<Int4>,
        ended_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    onboarding.conflicts (id) {
        id -> Int8,
        agent_id -> Uuid,
        customer_ref -> Text,
        reason -> Text,
        status -> Text,
        declared_at -> Timestamptz,
        withdrawn_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    onboarding.customers (customer_ref) {
        customer_ref -> Text,
        email -> Text,
        display_name -> Text,
        tier -> Text,
        customer_since -> Date,
        country -> Bpchar,
        household_ref -> Nullable<Text>,
        imported_at -> Timestamptz,
    }
}

diesel::table! {
    onboarding.decisions (id) {
        id -> Int8,
        agent_id -> Uuid,
        kind -> Text,
        decided_by -> Uuid,
        reason -> Text,
        decided_at -> Timestamptz,
    }
}

diesel::table! {
    onboarding.email_codes (agent_id) {
        agent_id -> Uuid,
        code_sha256 -> Bytea,
        sent_at -> Timestamptz,
        expires_at -> Timestamptz,
        failures -> Int4,
    }
}

diesel::table! {
    onboarding.fulfilments (agent_id, requirement) {
        agent_id -> Uuid,
        requirement -> Text,
        fulfilled_at -> Timestamptz,
    }
}

diesel::table! {
    onboarding.questions (skill, number) {
        skill -> Text,
        number -> Int4,
        prompt -> Text,
        options -> Array<Text>,
        correct -> Int4,
    }
}

diesel::table! {
    onboarding.skill_grants (agent_id, skill) {
        agent_id -> Uuid,
        skill -> Text,
        proficiency -> Int4,
        attempt_id -> Uuid,
        granted_at -> Timestamptz,
        valid_until -> Timestamptz,
    }
}

diesel::table! {
    onboarding.skills (code) {
        code -> Text,
        name -> Text,
        pass_mark -> Int4,
        questions_asked -> Int4,
        valid_days -> Int4,
        updated_at -> Timestamptz,
    }
}

diesel::allow_tables_to_appear_in_same_query! {
    acceptances,
    agents,
    agreements,
    attempts,
    conflicts,
    customers,
    decisions,
    email_codes,
    fulfilments,
    questions,
    skill_grants,
    skills,
}
