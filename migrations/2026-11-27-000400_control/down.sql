ALTER TABLE dispatch.engagements
    DROP CONSTRAINT engagements_lost_for_a_reason,
    DROP CONSTRAINT engagements_released_for_a_reason,
    DROP CONSTRAINT engagements_ended_when_over,
    DROP CONSTRAINT engagements_status_check,
    ADD CONSTRAINT engagements_check CHECK
        ((status IN ('resolved', 'lost')) = (ended_at IS NOT NULL)) NOT VALID,
    ADD CONSTRAINT engagements_status_check CHECK (status IN
        ('talking', 'wrapping', 'resolved', 'lost')) NOT VALID,
    DROP COLUMN reply_due_at,
    DROP COLUMN alerted_at,
    DROP COLUMN asked_at,
    DROP COLUMN extensions,
    DROP COLUMN handover_note,
    DROP COLUMN release_reason,
    DROP COLUMN lost_reason,
    DROP COLUMN read_until;
DROP TRIGGER tickets_control_is_fenced ON dispatch.tickets;
DROP FUNCTION dispatch.refuse_unfenced();
DROP INDEX dispatch.tickets_by_taking, dispatch.tickets_by_queue_open;
CREATE INDEX tickets_by_queue_open ON dispatch.tickets (queue, status) WHERE closed_at IS NULL;
ALTER TABLE dispatch.tickets
    DROP CONSTRAINT tickets_held_by_whom_they_are_with,
    DROP COLUMN holder,
    DROP COLUMN control_epoch,
    DROP COLUMN seen_by_assistant,
    DROP COLUMN control_requested_at,
    DROP COLUMN taken_at,
    DROP COLUMN reopened_count;
ALTER TABLE dispatch.queues
    DROP COLUMN next_reply_seconds,
    DROP COLUMN silent_grace_seconds,
    DROP COLUMN silence_seconds,
    DROP COLUMN wrap_up_extensions,
    DROP COLUMN wrap_up_extension_seconds,
    DROP COLUMN reopen_days;
