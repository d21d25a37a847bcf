-- Who is there, on which devices, for which queues, and for how much longer.

-- What is said of an agent's presence, and what follows from it, in the one row that routing
-- reads: until when they count as connected, and until when they may work.
ALTER TABLE availability.presences
    ADD COLUMN cause           text NOT NULL DEFAULT 'said' CHECK (cause IN
        ('said', 'missed_offer', 'lost', 'working_time')),
    ADD COLUMN connected_until timestamptz,
    ADD COLUMN time_zone       text CHECK (length(time_zone) <= 64),
    ADD COLUMN works_until     timestamptz,
    ADD COLUMN work_limit      text CHECK (work_limit IN ('day', 'week', 'break', 'rest')),
    -- What the trail says: the status, and why where the agent did not say so.
    ADD COLUMN state           text GENERATED ALWAYS AS
        (CASE cause WHEN 'said' THEN status ELSE status || ', ' || cause END) STORED;
UPDATE availability.presences SET connected_until = lease_expires_at
 WHERE lease_expires_at IS NOT NULL;
ALTER TABLE availability.presences
    ADD CONSTRAINT presences_connected_within_lease
        CHECK ((lease_expires_at IS NULL) = (connected_until IS NULL)
               AND connected_until <= lease_expires_at),
    ADD CONSTRAINT presences_limited_while_available
        CHECK ((works_until IS NULL) = (work_limit IS NULL)
               AND (works_until IS NULL OR status = 'available'));
DROP TRIGGER presences_audit ON availability.presences;
CREATE OR REPLACE FUNCTION audit.record_presence() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit.events
        (actor, action, subject, subject_id, old_state, new_state, agent_id)
    VALUES (audit.actor(), audit.action(), 'availability.presences', NEW.agent_id::text,
            CASE WHEN TG_OP = 'UPDATE' THEN OLD.state END, NEW.state, NEW.agent_id);
    RETURN NULL;
END $$;
CREATE TRIGGER presences_audit AFTER UPDATE OF status, cause ON availability.presences
    FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state)
    EXECUTE FUNCTION audit.record_presence();
CREATE INDEX presences_by_end_of_work ON availability.presences (works_until NULLS FIRST)
    WHERE status = 'available';

-- The devices and tabs on which an agent is there. The agent is as present as the best of them.
CREATE TABLE availability.connections (
    agent_id         uuid NOT NULL REFERENCES availability.presences,
    connection       text NOT NULL CHECK (connection ~ '^[a-z0-9._-]{1,64}$'),
    last_seen_at     timestamptz NOT NULL,
    lease_expires_at timestamptz NOT NULL CHECK (lease_expires_at > last_seen_at),
    PRIMARY KEY (agent_id, connection)
);

-- An agent has at most eight connections: a ninth takes the place of the one that was seen longest
-- ago. Whoever inserts holds the lock of the agent's presence, so no two do at once.
CREATE FUNCTION availability.keep_eight_connections() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM availability.connections
     WHERE agent_id = NEW.agent_id AND connection IN (
        SELECT connection FROM availability.connections WHERE agent_id = NEW.agent_id
         ORDER BY connection = NEW.connection DESC, last_seen_at DESC, connection OFFSET 8);
    RETURN NULL;
END $$;
CREATE TRIGGER connections_at_most_eight AFTER INSERT ON availability.connections
    FOR EACH ROW EXECUTE FUNCTION availability.keep_eight_connections();

-- When agents were available: what counts as working time. The latest span of an agent is open
-- while they are.
CREATE TABLE availability.work_spans (
    agent_id         uuid NOT NULL REFERENCES onboarding.agents,
    started_at       timestamptz NOT NULL,
    ended_at         timestamptz CHECK (ended_at > started_at),
    PRIMARY KEY (agent_id, started_at),
    CONSTRAINT work_spans_never_overlap EXCLUDE USING gist
        (agent_id WITH =, tstzrange(started_at, ended_at) WITH &&)
);
CREATE UNIQUE INDEX work_spans_one_open_per_agent ON availability.work_spans (agent_id)
    WHERE ended_at IS NULL;
INSERT INTO availability.work_spans (agent_id, started_at)
SELECT agent_id, since FROM availability.presences WHERE status = 'available';

-- How long one may work. The row without an agent holds for all who have none of their own.
CREATE TABLE availability.working_time_rules (
    id                  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    agent_id            uuid REFERENCES onboarding.agents,
    max_day_minutes     integer NOT NULL CHECK (max_day_minutes BETWEEN 30 AND 1200),
    max_week_minutes    integer NOT NULL CHECK (max_week_minutes BETWEEN 30 AND 6000),
    break_after_minutes integer NOT NULL CHECK (break_after_minutes BETWEEN 30 AND 1200),
    break_minutes       integer NOT NULL CHECK (break_minutes BETWEEN 5 AND 240),
    rest_minutes        integer NOT NULL CHECK (rest_minutes BETWEEN 240 AND 1380),
    changed_at          timestamptz NOT NULL,
    changed_by          uuid REFERENCES identity.accounts,
    CONSTRAINT working_time_rules_one_per_agent UNIQUE NULLS NOT DISTINCT (agent_id),
    CONSTRAINT working_time_rules_pause_before_rest CHECK (break_minutes < rest_minutes)
);
INSERT INTO availability.working_time_rules
    (max_day_minutes, max_week_minutes, break_after_minutes, break_minutes, rest_minutes, changed_at)
VALUES (600, 2400, 360, 30, 660, now());

-- Whether a queue's work goes to agents without a shift, too. It does where there is no row.
CREATE TABLE availability.admissions (
    queue            text PRIMARY KEY REFERENCES dispatch.queues,
    on_demand        boolean NOT NULL,
    state            text GENERATED ALWAYS AS
        (CASE WHEN on_demand THEN 'on_demand' ELSE 'on_shift' END) STORED,
    changed_at       timestamptz NOT NULL,
    changed_by       uuid NOT NULL REFERENCES identity.accounts
);
CREATE TRIGGER admissions_audit AFTER INSERT OR UPDATE OF on_demand ON availability.admissions
    FOR EACH ROW EXECUTE FUNCTION audit.record('queue', 'state');

-- Finds the shifts that run, for every match.
CREATE INDEX commitments_by_end ON availability.commitments (ends_at) WHERE status = 'committed';
