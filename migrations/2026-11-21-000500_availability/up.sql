-- When agents work.

CREATE SCHEMA availability;

CREATE TABLE availability.shifts (
    id             uuid PRIMARY KEY,
    queue          text NOT NULL REFERENCES dispatch.queues,
    starts_at      timestamptz NOT NULL,
    ends_at        timestamptz NOT NULL,
    seats          integer NOT NULL CHECK (seats BETWEEN 1 AND 500),
    status         text NOT NULL CHECK (status IN ('published', 'canceled')),
    created_by     uuid NOT NULL REFERENCES identity.accounts,
    created_at     timestamptz NOT NULL,
    CHECK (ends_at > starts_at),
    CHECK (ends_at <= starts_at + interval '12 hours')
);
CREATE INDEX shifts_by_start ON availability.shifts (starts_at, id);
CREATE TRIGGER shifts_audit AFTER INSERT OR UPDATE OF status ON availability.shifts
    FOR EACH ROW EXECUTE FUNCTION audit.record('id', 'status');

-- The seats of a shift. A commitment takes one, so there can never be more of them than seats.
CREATE TABLE availability.seats (
    shift_id       uuid NOT NULL REFERENCES availability.shifts,
    seat           integer NOT NULL CHECK (seat >= 1),
    PRIMARY KEY (shift_id, seat)
);

-- An agent's promise to work a shift.
CREATE TABLE availability.commitments (
    id             uuid PRIMARY KEY,
    shift_id       uuid NOT NULL REFERENCES availability.shifts,
    seat           integer NOT NULL,
    agent_id       uuid NOT NULL REFERENCES onboarding.agents,
    starts_at      timestamptz NOT NULL,
    ends_at        timestamptz NOT NULL,
    status         text NOT NULL CHECK (status IN ('committed', 'released', 'canceled')),
    committed_at   timestamptz NOT NULL,
    ended_at       timestamptz,
    CHECK ((status = 'committed') = (ended_at IS NULL)),
    FOREIGN KEY (shift_id, seat) REFERENCES availability.seats,
    CONSTRAINT commitments_never_overlap EXCLUDE USING gist
        (agent_id WITH =, tstzrange(starts_at, ends_at) WITH &&) WHERE (status = 'committed')
);
CREATE UNIQUE INDEX commitments_one_per_seat ON availability.commitments (shift_id, seat)
    WHERE status = 'committed';
CREATE INDEX commitments_by_agent ON availability.commitments (agent_id, starts_at);
CREATE TRIGGER commitments_audit AFTER INSERT OR UPDATE OF status ON availability.commitments
    FOR EACH ROW EXECUTE FUNCTION audit.record('id', 'status');

-- Whether an agent is there. A row is a lease that heartbeats keep alive.
CREATE TABLE availability.presences (
    agent_id         uuid PRIMARY KEY REFERENCES onboarding.agents,
    status           text NOT NULL CHECK (status IN ('offline', 'available', 'away')),
    since            timestamptz NOT NULL,
    lease_expires_at timestamptz,
    CHECK ((status = 'offline') = (lease_expires_at IS NULL))
);
CREATE INDEX presences_by_lease ON availability.presences (lease_expires_at)
    WHERE status <> 'offline';
CREATE TRIGGER presences_audit AFTER INSERT OR UPDATE OF status ON availability.presences
    FOR EACH ROW EXECUTE FUNCTION audit.record('agent_id', 'status');
