//! Generated from the migrated database: `UPDATE_SCHEMA=1 cargo test -p db schema`.

diesel::table! {
    audit.events (id) {
        id -> Int8,
        at -> Timestamptz,
        actor -> Text,
        action -> Text,
        subject -> Text,
        subject_id -> Text,
        old_state -> Nullable<Text>,
        new_state -> Nullable<Text>,
        agent_id -> Nullable<Uuid>,
        ticket_id -> Nullable<Uuid>,
    }
}

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
    onboarding.fulfilments (agent_id, requirement) {
        agent_id -> Uuid,
        requirement -> Text,
        fulfilled_at -> Timestamptz,
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
    payouts.ledger_accounts (id) {
        id -> Uuid,
        kind -> Text,
        agent_id -> Nullable<Uuid>,
        currency -> Bpchar,
        balance_minor -> Nullable<Int8>,
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

diesel::allow_tables_to_appear_in_same_query! {
    events,
    admissions,
    commitments,
    connections,
    presences,
    seats,
    shifts,
    work_spans,
    working_time_rules,
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
    accounts,
    agents,
    decisions,
    fulfilments,
    skill_grants,
    earning_lines,
    ledger_accounts,
    payout_items,
    payout_runs,
    postings,
}
