DROP FUNCTION audit.make_history();

CREATE FUNCTION pg_temp.record_again(subject regclass, key text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    name text := (SELECT relname FROM pg_class WHERE oid = subject);
BEGIN
    EXECUTE format('DROP TRIGGER %I ON %s', name || '_audit_new', subject);
    EXECUTE format('DROP TRIGGER %I ON %s', name || '_audit', subject);
    EXECUTE format('CREATE TRIGGER %I AFTER INSERT OR UPDATE OF status ON %s
                    FOR EACH ROW EXECUTE FUNCTION audit.record(%L, ''status'')',
                   name || '_audit', subject, key);
END $$;

SELECT pg_temp.record_again('availability.presences', 'agent_id');
SELECT pg_temp.record_again(subject, 'id') FROM unnest(ARRAY[
    'dispatch.tickets', 'dispatch.offers', 'dispatch.engagements', 'identity.accounts',
    'identity.sessions', 'identity.machine_keys', 'onboarding.agents', 'onboarding.attempts',
    'availability.shifts', 'availability.commitments',
    'payouts.payout_runs']::regclass[]) AS subject;
DROP FUNCTION pg_temp.record_again(regclass, text);

DROP FUNCTION audit.record_presence();
DROP FUNCTION audit.record_work();
DROP FUNCTION audit.record_ticket();
DROP FUNCTION audit.record_status();
DROP FUNCTION audit.action();
DROP FUNCTION audit.actor();
DROP INDEX audit.events_by_subject;
CREATE INDEX events_by_subject ON audit.events (subject, subject_id, id);
ALTER TABLE audit.events
    DROP CONSTRAINT events_name_their_agent,
    DROP CONSTRAINT events_name_their_ticket,
    DROP CONSTRAINT events_pkey, ADD PRIMARY KEY (id),
    DROP COLUMN ticket_id, DROP COLUMN agent_id, DROP COLUMN xid;
