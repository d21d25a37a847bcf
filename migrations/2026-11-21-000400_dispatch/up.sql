-- Which agent gets which ticket, and what is said.

CREATE SCHEMA dispatch;

CREATE TABLE dispatch.queues (
    code                  text PRIMARY KEY CHECK (code ~ '^[a-z0-9._-]{1,64}$'),
    name                  text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    first_reply_seconds   integer NOT NULL CHECK (first_reply_seconds BETWEEN 5 AND 86400),
    offer_seconds         integer NOT NULL CHECK (offer_seconds BETWEEN 5 AND 600),
    wrap_up_seconds       integer NOT NULL CHECK (wrap_up_seconds BETWEEN 0 AND 3600),
    ticket_weight         integer NOT NULL CHECK (ticket_weight BETWEEN 1 AND 10),
    updated_at            timestamptz NOT NULL
);

-- How many units an agent can hold and holds. The CHECK is the promise that the load never
-- exceeds the capacity; the row is locked first by everything that changes the load.
CREATE TABLE dispatch.workloads (
    agent_id       uuid PRIMARY KEY REFERENCES onboarding.agents,
    capacity       integer NOT NULL CHECK (capacity BETWEEN 1 AND 20),
    load           integer NOT NULL,
    idle_since     timestamptz NOT NULL,
    CONSTRAINT workloads_within_capacity CHECK (load >= 0 AND load <= capacity)
);

CREATE TABLE dispatch.tickets (
    id                 uuid PRIMARY KEY,
    source             text NOT NULL CHECK (length(source) BETWEEN 1 AND 64),
    external_id        text NOT NULL CHECK (length(external_id) BETWEEN 1 AND 200),
    queue              text NOT NULL REFERENCES dispatch.queues,
    language           char(2) NOT NULL CHECK (language ~ '^[a-z]{2}$'),
    required_skills    text[] NOT NULL CHECK (cardinality(required_skills) <= 10),
    customer_ref       text NOT NULL CHECK (length(customer_ref) BETWEEN 1 AND 100),
    customer_name      text NOT NULL CHECK (length(customer_name) BETWEEN 1 AND 100),
    customer_tier      text NOT NULL CHECK (length(customer_tier) BETWEEN 1 AND 64),
    customer_locale    text NOT NULL CHECK (length(customer_locale) BETWEEN 2 AND 35),
    household_ref      text CHECK (length(household_ref) BETWEEN 1 AND 100),
    reason             text NOT NULL CHECK (reason IN
        ('vip', 'complex', 'emotional', 'customer_request', 'low_confidence', 'policy')),
    -- Masking can make a text longer than it came in.
    summary            text NOT NULL CHECK (length(summary) <= 20000),
    intent             text CHECK (length(intent) <= 100),
    confidence         numeric(4,3) CHECK (confidence BETWEEN 0 AND 1),
    priority           integer NOT NULL CHECK (priority BETWEEN 0 AND 9),
    weight             integer NOT NULL CHECK (weight BETWEEN 1 AND 10),
    status             text NOT NULL CHECK (status IN
        ('waiting', 'offered', 'engaged', 'wrapping', 'resolved', 'abandoned')),
    message_count      integer NOT NULL DEFAULT 0 CHECK (message_count >= 0),
    created_at         timestamptz NOT NULL,
    -- Its place in the queue. It never moves back, whatever happens to its offers.
    waiting_since      timestamptz NOT NULL,
    first_reply_due_at timestamptz NOT NULL,
    closed_at          timestamptz,
    CONSTRAINT tickets_one_per_external_id UNIQUE (source, external_id),
    CHECK ((status IN ('resolved', 'abandoned')) = (closed_at IS NOT NULL))
);
CREATE INDEX tickets_waiting ON dispatch.tickets (priority DESC, waiting_since, id)
    WHERE status = 'waiting';
CREATE INDEX tickets_by_queue_open ON dispatch.tickets (queue, status)
    WHERE closed_at IS NULL;
CREATE INDEX tickets_by_closing ON dispatch.tickets (closed_at) WHERE closed_at IS NOT NULL;
CREATE TRIGGER tickets_audit AFTER INSERT OR UPDATE OF status ON dispatch.tickets
    FOR EACH ROW EXECUTE FUNCTION audit.record('id', 'status');

CREATE TABLE dispatch.offers (
    id             uuid PRIMARY KEY,
    ticket_id      uuid NOT NULL REFERENCES dispatch.tickets,
    agent_id       uuid NOT NULL REFERENCES onboarding.agents,
    kind           text NOT NULL CHECK (kind IN ('match', 'claim')),
    status         text NOT NULL CHECK (status IN
        ('pending', 'accepted', 'declined', 'timed_out', 'rescinded', 'canceled')),
    weight         integer NOT NULL CHECK (weight BETWEEN 1 AND 10),
    score          integer NOT NULL,
    offered_at     timestamptz NOT NULL,
    expires_at     timestamptz NOT NULL CHECK (expires_at >= offered_at),
    closed_at      timestamptz,
    decline_reason text CHECK (decline_reason IN
        ('break', 'too_complex', 'wrong_skill', 'wrong_language', 'knows_customer', 'other')),
    CHECK ((status = 'pending') = (closed_at IS NULL)),
    CHECK ((status = 'declined') = (decline_reason IS NOT NULL))
);
CREATE UNIQUE INDEX offers_one_open_per_ticket ON dispatch.offers (ticket_id)
    WHERE status = 'pending';
CREATE INDEX offers_open_by_agent ON dispatch.offers (agent_id) WHERE status = 'pending';
CREATE INDEX offers_open_by_expiry ON dispatch.offers (expires_at) WHERE status = 'pending';
CREATE INDEX offers_by_ticket ON dispatch.offers (ticket_id, agent_id);
CREATE TRIGGER offers_audit AFTER INSERT OR UPDATE OF status ON dispatch.offers
    FOR EACH ROW EXECUTE FUNCTION audit.record('id', 'status');

-- An accepted ticket in one agent's hands.
CREATE TABLE dispatch.engagements (
    id             uuid PRIMARY KEY,
    ticket_id      uuid NOT NULL REFERENCES dispatch.tickets,
    agent_id       uuid NOT NULL REFERENCES onboarding.agents,
    offer_id       uuid NOT NULL REFERENCES dispatch.offers,
    weight         integer NOT NULL CHECK (weight BETWEEN 1 AND 10),
    status         text NOT NULL CHECK (status IN ('talking', 'wrapping', 'resolved', 'lost')),
    started_at     timestamptz NOT NULL,
    first_reply_at timestamptz,
    wrapping_at    timestamptz,
    wrap_up_due_at timestamptz,
    ended_at       timestamptz,
    disposition    text CHECK (disposition IN
        ('solved', 'workaround', 'follow_up_needed', 'customer_left', 'not_solved',
         'not_recorded')),
    note           text CHECK (length(note) <= 2000),
    CONSTRAINT engagements_one_per_offer UNIQUE (offer_id),
    CHECK ((status IN ('resolved', 'lost')) = (ended_at IS NOT NULL)),
    CHECK ((status = 'resolved') = (disposition IS NOT NULL)),
    CHECK (status <> 'wrapping' OR (wrapping_at IS NOT NULL AND wrap_up_due_at IS NOT NULL)),
    CHECK (ended_at >= started_at)
);
CREATE UNIQUE INDEX engagements_one_live_per_ticket ON dispatch.engagements (ticket_id)
    WHERE ended_at IS NULL;
CREATE INDEX engagements_live_by_agent ON dispatch.engagements (agent_id) WHERE ended_at IS NULL;
CREATE INDEX engagements_by_agent ON dispatch.engagements (agent_id, id);
CREATE INDEX engagements_by_ticket ON dispatch.engagements (ticket_id, id);
CREATE TRIGGER engagements_audit AFTER INSERT OR UPDATE OF status ON dispatch.engagements
    FOR EACH ROW EXECUTE FUNCTION audit.record('id', 'status');

-- The conversation. Numbers run from 1 without a gap; bodies are masked before they get here.
CREATE TABLE dispatch.messages (
    ticket_id      uuid NOT NULL REFERENCES dispatch.tickets,
    number         integer NOT NULL CHECK (number >= 1),
    author         text NOT NULL CHECK (author IN ('customer', 'agent', 'assistant', 'platform')),
    engagement_id  uuid REFERENCES dispatch.engagements,
    client_id      text CHECK (length(client_id) BETWEEN 1 AND 100),
    body           text NOT NULL CHECK (length(body) BETWEEN 1 AND 40000),
    masked         text[] NOT NULL DEFAULT '{}',
    sent_at        timestamptz NOT NULL,
    PRIMARY KEY (ticket_id, number),
    CHECK ((author = 'agent') = (engagement_id IS NOT NULL))
);
CREATE UNIQUE INDEX messages_one_per_client_id ON dispatch.messages (ticket_id, author, client_id);
CREATE INDEX messages_by_engagement ON dispatch.messages (engagement_id, sent_at)
    WHERE engagement_id IS NOT NULL;
CREATE TRIGGER messages_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON dispatch.messages
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse();

-- The customer's rating of one engagement, and so of its agent.
CREATE TABLE dispatch.ratings (
    engagement_id  uuid PRIMARY KEY REFERENCES dispatch.engagements,
    score          integer NOT NULL CHECK (score BETWEEN 1 AND 5),
    comment        text CHECK (length(comment) <= 10000),
    rated_at       timestamptz NOT NULL
);
