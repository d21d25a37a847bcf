DROP INDEX availability.commitments_by_end;
DROP TABLE availability.admissions, availability.working_time_rules, availability.work_spans,
    availability.connections;
DROP FUNCTION availability.keep_eight_connections();
DROP TRIGGER presences_audit ON availability.presences;
ALTER TABLE availability.presences DROP COLUMN state, DROP COLUMN cause, DROP COLUMN time_zone,
    DROP COLUMN works_until, DROP COLUMN work_limit, DROP COLUMN connected_until;
CREATE TRIGGER presences_audit AFTER INSERT OR UPDATE OF status ON availability.presences
    FOR EACH ROW EXECUTE FUNCTION audit.record('agent_id', 'status');
