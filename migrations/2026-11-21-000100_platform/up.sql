-- What every domain leans on: the audit trail and the idempotency keys.

CREATE EXTENSION IF NOT EXISTS btree_gist;

CREATE SCHEMA audit;
CREATE SCHEMA platform;

-- One row for each change of state, written by triggers in the transaction of the change.
CREATE TABLE audit.events (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor       text NOT NULL,
    action      text NOT NULL,
    subject     text NOT NULL,
    subject_id  text NOT NULL,
    old_state   text,
    new_state   text
);
CREATE INDEX events_by_subject ON audit.events (subject, subject_id, id);

CREATE FUNCTION audit.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%.% is append-only', TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TRIGGER events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.events
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse();

-- Writes an audit row when a row appears or its state changes.
-- Arguments: the column that identifies the row, the column that holds its state.
CREATE FUNCTION audit.record() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    old_state text;
    new_state text;
    row_id    text;
BEGIN
    EXECUTE format('SELECT ($1).%I::text, ($1).%I::text', TG_ARGV[0], TG_ARGV[1])
        INTO row_id, new_state USING NEW;
    IF TG_OP = 'UPDATE' THEN
        EXECUTE format('SELECT ($1).%I::text', TG_ARGV[1]) INTO old_state USING OLD;
        IF old_state IS NOT DISTINCT FROM new_state THEN
            RETURN NULL;
        END IF;
    END IF;
    INSERT INTO audit.events (actor, action, subject, subject_id, old_state, new_state)
    VALUES (
        coalesce(nullif(current_setting('gigdesk.actor', true), ''), 'sql:' || current_user),
        coalesce(nullif(current_setting('gigdesk.action', true), ''), 'sql'),
        TG_TABLE_SCHEMA || '.' || TG_TABLE_NAME, row_id, old_state, new_state
    );
    RETURN NULL;
END $$;

-- Answers already given, by the key under which they were asked for.
CREATE TABLE platform.idempotency_keys (
    scope        text NOT NULL CHECK (length(scope) <= 200),
    key          text NOT NULL CHECK (length(key) BETWEEN 1 AND 200),
    body_sha256  bytea NOT NULL CHECK (length(body_sha256) = 32),
    status       smallint NOT NULL,
    body         bytea NOT NULL,
    created_at   timestamptz NOT NULL,
    PRIMARY KEY (scope, key)
);
CREATE INDEX idempotency_keys_by_age ON platform.idempotency_keys (created_at);
