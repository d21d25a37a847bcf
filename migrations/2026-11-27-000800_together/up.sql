-- Several agents may take tickets in one transaction. The trail says of each who it was.

-- Who acts for this ticket, as `Db::acting_for` told the transaction; else whoever acts in all.
CREATE FUNCTION audit.actor_for(ticket uuid) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT coalesce(nullif(current_setting('gigdesk.actors', true), '')::jsonb ->> ticket::text,
                    audit.actor())
$$;

-- Rows that appear together are put on record together: a trigger for each of them costs a quarter
-- of what it takes to store them. For states that change there is no such trigger that fires only
-- where they do; they keep one for each row.
CREATE FUNCTION audit.record_new_tickets() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit.events
        (actor, action, subject, subject_id, new_state, ticket_id)
    SELECT audit.actor_for(id), audit.action(), 'dispatch.tickets', id::text, status, id FROM fresh;
    RETURN NULL;
END $$;
CREATE FUNCTION audit.record_new_work() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit.events
        (actor, action, subject, subject_id, new_state, agent_id, ticket_id)
    SELECT audit.actor_for(ticket_id), audit.action(), TG_TABLE_SCHEMA || '.' || TG_TABLE_NAME,
           id::text, status, agent_id, ticket_id
      FROM fresh;
    RETURN NULL;
END $$;
DROP TRIGGER tickets_audit_new ON dispatch.tickets;
DROP TRIGGER offers_audit_new ON dispatch.offers;
DROP TRIGGER engagements_audit_new ON dispatch.engagements;
CREATE TRIGGER tickets_audit_new AFTER INSERT ON dispatch.tickets
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION audit.record_new_tickets();
CREATE TRIGGER offers_audit_new AFTER INSERT ON dispatch.offers
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION audit.record_new_work();
CREATE TRIGGER engagements_audit_new AFTER INSERT ON dispatch.engagements
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION audit.record_new_work();

CREATE OR REPLACE FUNCTION audit.record_ticket() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit.events
        (actor, action, subject, subject_id, old_state, new_state, ticket_id)
    VALUES (audit.actor_for(NEW.id), audit.action(), 'dispatch.tickets', NEW.id::text,
            OLD.status, NEW.status, NEW.id);
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION audit.record_work() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit.events
        (actor, action, subject, subject_id, old_state, new_state, agent_id, ticket_id)
    VALUES (audit.actor_for(NEW.ticket_id), audit.action(), TG_TABLE_SCHEMA || '.' || TG_TABLE_NAME,
            NEW.id::text, OLD.status, NEW.status, NEW.agent_id, NEW.ticket_id);
    RETURN NULL;
END $$;
