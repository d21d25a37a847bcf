-- Routing by policies that are data, decisions that can be explained and replayed, and no work
-- that is stuck.

-- How a queue routes. A version never changes; the queue names the one in force.
CREATE TABLE dispatch.policies (
    queue       text NOT NULL REFERENCES dispatch.queues,
    version     integer NOT NULL CHECK (version >= 1),
    body        jsonb NOT NULL,
    note        text NOT NULL CHECK (length(note) BETWEEN 1 AND 500),
    created_by  text NOT NULL CHECK (length(created_by) BETWEEN 1 AND 200),
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (queue, version)
);
CREATE TRIGGER policies_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON dispatch.policies
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse();

-- The offer's time-out moves from the queue into its policy; a body lacks nothing, because what it
-- does not name has a default.
INSERT INTO dispatch.policies (queue, version, body, note, created_by, created_at)
    SELECT code, 1, jsonb_build_object('offer_seconds', offer_seconds),
           'the queue''s first policy', 'migration', updated_at
      FROM dispatch.queues;
ALTER TABLE dispatch.queues
    ADD COLUMN policy_version integer NOT NULL DEFAULT 1,
    DROP COLUMN offer_seconds;
ALTER TABLE dispatch.queues
    ALTER COLUMN policy_version DROP DEFAULT,
    ADD CONSTRAINT queues_policy_fkey FOREIGN KEY (code, policy_version)
        REFERENCES dispatch.policies DEFERRABLE INITIALLY DEFERRED;

-- Units by channel: what is written at once (chat) and what may wait for an answer (message).
ALTER TABLE dispatch.workloads
    ADD COLUMN chat_capacity integer NOT NULL DEFAULT 20 CHECK (chat_capacity BETWEEN 0 AND 20),
    ADD COLUMN chat_load integer NOT NULL DEFAULT 0,
    ADD COLUMN message_capacity integer NOT NULL DEFAULT 20
        CHECK (message_capacity BETWEEN 0 AND 20),
    ADD COLUMN message_load integer NOT NULL DEFAULT 0,
    -- Seconds of work since the day began (UTC), by which work is spread evenly.
    ADD COLUMN worked_on date,
    ADD COLUMN worked_seconds integer NOT NULL DEFAULT 0 CHECK (worked_seconds >= 0);
UPDATE dispatch.workloads SET chat_load = load;
ALTER TABLE dispatch.workloads
    ADD CONSTRAINT workloads_within_chat CHECK (chat_load BETWEEN 0 AND chat_capacity),
    ADD CONSTRAINT workloads_within_message CHECK (message_load BETWEEN 0 AND message_capacity),
    ADD CONSTRAINT workloads_by_channel CHECK (load = chat_load + message_load);

ALTER TABLE dispatch.tickets
    ADD COLUMN channel text NOT NULL DEFAULT 'chat' CHECK (channel IN ('chat', 'message')),
    ADD COLUMN language_level integer NOT NULL DEFAULT 1 CHECK (language_level BETWEEN 1 AND 5),
    -- The least proficiency in each of required_skills.
    ADD COLUMN skill_levels integer[] NOT NULL DEFAULT '{}',
    -- Who helped this customer last, and until when nobody else is asked.
    ADD COLUMN preferred_agent_id uuid REFERENCES onboarding.agents,
    ADD COLUMN preferred_until timestamptz,
    -- Tickets with the same needs have the same class.
    ADD COLUMN class bigint NOT NULL DEFAULT 0,
    -- Until when an agent is looked for.
    ADD COLUMN put_aside_at timestamptz,
    -- Its place in the queue: when it came, less the head start of its priority.
    ADD COLUMN rank_at timestamptz,
    -- What the platform does next about it, at the latest when.
    ADD COLUMN next_action text CHECK (next_action IN
        ('dead_letter', 'expire_offer', 'first_reply', 'next_reply', 'end_silence',
         'close_wrap_up')),
    ADD COLUMN deadline_at timestamptz;
UPDATE dispatch.tickets SET
    skill_levels = array_fill(1, ARRAY[cardinality(required_skills)]),
    rank_at = waiting_since - priority * interval '600 seconds',
    put_aside_at = waiting_since + interval '1 day',
    next_action = CASE WHEN closed_at IS NOT NULL THEN NULL
        WHEN status IN ('waiting', 'offered') THEN 'dead_letter'
        WHEN status = 'engaged' THEN 'end_silence' ELSE 'close_wrap_up' END,
    deadline_at = CASE WHEN closed_at IS NULL THEN waiting_since + interval '1 day' END;
ALTER TABLE dispatch.tickets
    ALTER COLUMN rank_at SET NOT NULL,
    ALTER COLUMN put_aside_at SET NOT NULL,
    DROP CONSTRAINT tickets_status_check,
    ADD CONSTRAINT tickets_status_check CHECK (status IN
        ('waiting', 'offered', 'engaged', 'wrapping', 'resolved', 'abandoned', 'returned',
         'expired')),
    DROP CONSTRAINT tickets_check,
    ADD CONSTRAINT tickets_closed_when_finished CHECK
        ((status IN ('resolved', 'abandoned', 'returned', 'expired')) = (closed_at IS NOT NULL)),
    -- No open ticket without a next action and a deadline for it.
    ADD CONSTRAINT tickets_never_stuck CHECK
        ((closed_at IS NULL) = (next_action IS NOT NULL)
         AND (next_action IS NULL) = (deadline_at IS NULL)),
    ADD CONSTRAINT tickets_levels_of_skills CHECK
        (cardinality(skill_levels) = cardinality(required_skills));
DROP INDEX dispatch.tickets_waiting;
CREATE INDEX tickets_waiting ON dispatch.tickets (class, rank_at, id) WHERE status = 'waiting';
CREATE INDEX tickets_waiting_by_rank ON dispatch.tickets (rank_at, id) WHERE status = 'waiting';
CREATE INDEX tickets_by_deadline ON dispatch.tickets (deadline_at) WHERE closed_at IS NULL;
CREATE INDEX tickets_by_customer ON dispatch.tickets (customer_ref, created_at);

-- One run of the matcher: all it knew, and what it made of it. The same input gives the same
-- outcome, so that any decision can be explained and replayed.
CREATE TABLE dispatch.match_records (
    id             uuid PRIMARY KEY,
    decided_at     timestamptz NOT NULL,
    engine         integer NOT NULL,
    mode           text NOT NULL CHECK (mode IN ('exact', 'bounded')),
    inputs_sha256  bytea NOT NULL CHECK (length(inputs_sha256) = 32),
    inputs         text NOT NULL,
    outcome        text NOT NULL
);
CREATE INDEX match_records_by_instant ON dispatch.match_records (decided_at, id);
CREATE TRIGGER match_records_never_change BEFORE UPDATE ON dispatch.match_records
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse();

ALTER TABLE dispatch.offers
    ADD COLUMN channel text NOT NULL DEFAULT 'chat' CHECK (channel IN ('chat', 'message')),
    ADD COLUMN match_record_id uuid REFERENCES dispatch.match_records ON DELETE SET NULL,
    ADD COLUMN policy_version integer,
    ALTER COLUMN score TYPE bigint,
    DROP CONSTRAINT offers_kind_check,
    ADD CONSTRAINT offers_kind_check CHECK (kind IN ('match', 'claim', 'transfer'));
-- Several agents may be asked at the same time; nobody is asked twice at once.
DROP INDEX dispatch.offers_one_open_per_ticket;
CREATE UNIQUE INDEX offers_one_open_per_ticket_and_agent ON dispatch.offers (ticket_id, agent_id)
    WHERE status = 'pending';
CREATE INDEX offers_by_match_record ON dispatch.offers (match_record_id) WHERE match_record_id IS NOT NULL;
CREATE INDEX offers_by_instant ON dispatch.offers (offered_at);

ALTER TABLE dispatch.engagements
    ADD COLUMN channel text NOT NULL DEFAULT 'chat' CHECK (channel IN ('chat', 'message'));

-- Tickets that nobody could be found for in time, with what had been tried.
CREATE TABLE dispatch.dead_letters (
    id           uuid PRIMARY KEY,
    ticket_id    uuid NOT NULL REFERENCES dispatch.tickets,
    reason       text NOT NULL CHECK (length(reason) BETWEEN 1 AND 500),
    history      jsonb NOT NULL,
    created_at   timestamptz NOT NULL,
    settled_at   timestamptz,
    settled_by   text CHECK (length(settled_by) BETWEEN 1 AND 200),
    settlement   text CHECK (settlement IN ('replayed', 'discarded')),
    CHECK ((settled_at IS NULL) = (settled_by IS NULL)
           AND (settled_at IS NULL) = (settlement IS NULL))
);
CREATE UNIQUE INDEX dead_letters_one_open_per_ticket ON dispatch.dead_letters (ticket_id)
    WHERE settled_at IS NULL;
CREATE INDEX dead_letters_open ON dispatch.dead_letters (created_at) WHERE settled_at IS NULL;
