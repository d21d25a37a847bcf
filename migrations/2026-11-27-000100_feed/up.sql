-- The audit trail becomes a feed: what changed, in an order that can be followed and resumed.

-- Rows have an order in which nothing that commits later can come before what was read: by the
-- transaction that wrote them, read only below the oldest one that still runs. Rows that were
-- there before, or that were restored from another server, have the transaction 0: they are
-- history, and no part of the feed.
ALTER TABLE audit.events
    ADD COLUMN xid       xid8 NOT NULL DEFAULT '0',
    ADD COLUMN agent_id  uuid,
    ADD COLUMN ticket_id uuid;
ALTER TABLE audit.events ALTER COLUMN xid SET DEFAULT pg_current_xact_id();

-- An id names one row of one table; the table's name in front of it only made the index wide.
DROP INDEX audit.events_by_subject;
CREATE INDEX events_by_subject ON audit.events (subject_id, id);
-- The order of the feed is the key; a number alone is given once as well, by its sequence.
ALTER TABLE audit.events DROP CONSTRAINT events_pkey, ADD PRIMARY KEY (xid, id);
CREATE INDEX events_feed_by_agent ON audit.events (agent_id, xid, id) WHERE agent_id IS NOT NULL;
CREATE INDEX events_feed_by_ticket ON audit.events (ticket_id, xid, id) WHERE ticket_id IS NOT NULL;

-- Writes an audit row for a table with the columns `id` and `status`, without dynamic SQL.
-- Whether the state changed at all is decided by the trigger's WHEN, before this is called.
CREATE FUNCTION audit.record_status() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit.events (actor, action, subject, subject_id, old_state, new_state)
    VALUES (audit.actor(), audit.action(), TG_TABLE_SCHEMA || '.' || TG_TABLE_NAME,
            NEW.id::text, CASE WHEN TG_OP = 'UPDATE' THEN OLD.status END, NEW.status);
    RETURN NULL;
END $$;

-- Who acts, and what they do, as `Db::write` told the transaction. Inlined where they are used.
CREATE FUNCTION audit.actor() RETURNS text LANGUAGE sql STABLE AS $$
    SELECT coalesce(nullif(current_setting('gigdesk.actor', true), ''), 'sql:' || current_user)
$$;
CREATE FUNCTION audit.action() RETURNS text LANGUAGE sql STABLE AS $$
    SELECT coalesce(nullif(current_setting('gigdesk.action', true), ''), 'sql')
$$;

CREATE FUNCTION audit.record_ticket() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit.events
        (actor, action, subject, subject_id, old_state, new_state, ticket_id)
    VALUES (audit.actor(), audit.action(), 'dispatch.tickets', NEW.id::text,
            CASE WHEN TG_OP = 'UPDATE' THEN OLD.status END, NEW.status, NEW.id);
    RETURN NULL;
END $$;

-- Offers and engagements: one agent's part in one ticket.
CREATE FUNCTION audit.record_work() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit.events
        (actor, action, subject, subject_id, old_state, new_state, agent_id, ticket_id)
    VALUES (audit.actor(), audit.action(), TG_TABLE_SCHEMA || '.' || TG_TABLE_NAME, NEW.id::text,
            CASE WHEN TG_OP = 'UPDATE' THEN OLD.status END, NEW.status,
            NEW.agent_id, NEW.ticket_id);
    RETURN NULL;
END $$;

CREATE FUNCTION audit.record_presence() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit.events
        (actor, action, subject, subject_id, old_state, new_state, agent_id)
    VALUES (audit.actor(), audit.action(), 'availability.presences', NEW.agent_id::text,
            CASE WHEN TG_OP = 'UPDATE' THEN OLD.status END, NEW.status, NEW.agent_id);
    RETURN NULL;
END $$;

-- One trigger for rows that appear and one for states that change: only the second can compare,
-- and does so before any function is called.
CREATE FUNCTION pg_temp.follow(subject regclass, recorder text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    name text := (SELECT relname FROM pg_class WHERE oid = subject);
BEGIN
    EXECUTE format('DROP TRIGGER %I ON %s', name || '_audit', subject);
    EXECUTE format('CREATE TRIGGER %I AFTER INSERT ON %s FOR EACH ROW EXECUTE FUNCTION audit.%I()',
                   name || '_audit_new', subject, recorder);
    EXECUTE format('CREATE TRIGGER %I AFTER UPDATE OF status ON %s FOR EACH ROW
                    WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION audit.%I()',
                   name || '_audit', subject, recorder);
END $$;

SELECT pg_temp.follow('dispatch.tickets', 'record_ticket');
SELECT pg_temp.follow('dispatch.offers', 'record_work');
SELECT pg_temp.follow('dispatch.engagements', 'record_work');
SELECT pg_temp.follow('availability.presences', 'record_presence');
SELECT count(pg_temp.follow(subject, 'record_status')) FROM unnest(ARRAY[
    'identity.accounts', 'identity.sessions', 'identity.machine_keys', 'onboarding.agents',
    'onboarding.attempts', 'availability.shifts', 'availability.commitments',
    'payouts.payout_runs']::regclass[]) AS subject;
DROP FUNCTION pg_temp.follow(regclass, text);

-- What is part of the feed says whose it is.
ALTER TABLE audit.events
    ADD CONSTRAINT events_name_their_ticket CHECK (xid = '0' OR ticket_id IS NOT NULL
        OR subject NOT IN ('dispatch.tickets', 'dispatch.offers', 'dispatch.engagements')),
    ADD CONSTRAINT events_name_their_agent CHECK (xid = '0' OR agent_id IS NOT NULL
        OR subject NOT IN ('dispatch.offers', 'dispatch.engagements', 'availability.presences'));

-- Transactions of another server mean nothing on this one. After a restore, rows that seem to come
-- from transactions yet to come would be told as news one day; they become history. Called at
-- every start, before anybody follows; costs one look into an index where there is none.
CREATE FUNCTION audit.make_history() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    found bigint := 0;
BEGIN
    IF EXISTS (SELECT FROM audit.events
                WHERE xid > pg_snapshot_xmax(pg_current_snapshot())) THEN
        ALTER TABLE audit.events DISABLE TRIGGER events_append_only;
        UPDATE audit.events SET xid = '0' WHERE xid > '0'
           AND xid > pg_snapshot_xmax(pg_current_snapshot());
        GET DIAGNOSTICS found = ROW_COUNT;
        ALTER TABLE audit.events ENABLE TRIGGER events_append_only;
    END IF;
    RETURN found;
END $$;
