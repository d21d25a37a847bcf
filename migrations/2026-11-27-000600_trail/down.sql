DROP INDEX audit.events_by_subject;
CREATE INDEX events_by_subject ON audit.events (subject_id, id);
