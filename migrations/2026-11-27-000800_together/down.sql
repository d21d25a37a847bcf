CREATE OR REPLACE FUNCTION audit.record_ticket() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit.events
        (actor, action, subject, subject_id, old_state, new_state, ticket_id)
    VALUES (audit.actor(), audit.action(), 'dispatch.tickets', NEW.id::text,
            CASE WHEN TG_OP = 'UPDATE' THEN OLD.status END, NEW.status, NEW.id);
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION audit.record_work() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit.events
        (actor, action, subject, subject_id, old_state, new_state, agent_id, ticket_id)
    VALUES (audit.actor(), audit.action(), TG_TABLE_SCHEMA || '.' || TG_TABLE_NAME, NEW.id::text,
            CASE WHEN TG_OP = 'UPDATE' THEN OLD.status END, NEW.status,
            NEW.agent_id, NEW.ticket_id);
    RETURN NULL;
END $$;

DROP TRIGGER tickets_audit_new ON dispatch.tickets;
DROP TRIGGER offers_audit_new ON dispatch.offers;
DROP TRIGGER engagements_audit_new ON dispatch.engagements;
CREATE TRIGGER tickets_audit_new AFTER INSERT ON dispatch.tickets
    FOR EACH ROW EXECUTE FUNCTION audit.record_ticket();
CREATE TRIGGER offers_audit_new AFTER INSERT ON dispatch.offers
    FOR EACH ROW EXECUTE FUNCTION audit.record_work();
CREATE TRIGGER engagements_audit_new AFTER INSERT ON dispatch.engagements
    FOR EACH ROW EXECUTE FUNCTION audit.record_work();

DROP FUNCTION audit.record_new_tickets();
DROP FUNCTION audit.record_new_work();
DROP FUNCTION audit.actor_for(uuid);
