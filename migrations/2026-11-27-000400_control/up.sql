-- The life of an engagement, and who may speak in a conversation.

-- How the conversations of a queue are kept going.
ALTER TABLE dispatch.queues
    ADD COLUMN next_reply_seconds integer NOT NULL DEFAULT 180
        CHECK (next_reply_seconds BETWEEN 5 AND 86400),
    ADD COLUMN silent_grace_seconds integer NOT NULL DEFAULT 60
        CHECK (silent_grace_seconds BETWEEN 0 AND 3600),
    ADD COLUMN silence_seconds integer NOT NULL DEFAULT 1800
        CHECK (silence_seconds BETWEEN 30 AND 604800),
    ADD COLUMN wrap_up_extensions integer NOT NULL DEFAULT 2
        CHECK (wrap_up_extensions BETWEEN 0 AND 10),
    ADD COLUMN wrap_up_extension_seconds integer NOT NULL DEFAULT 60
        CHECK (wrap_up_extension_seconds BETWEEN 5 AND 3600),
    ADD COLUMN reopen_days integer NOT NULL DEFAULT 7 CHECK (reopen_days BETWEEN 0 AND 30);

-- Who may speak, and the number that fences off whoever spoke before.
ALTER TABLE dispatch.tickets
    ADD COLUMN holder text NOT NULL DEFAULT 'queue'
        CHECK (holder IN ('assistant', 'queue', 'agent')),
    ADD COLUMN control_epoch bigint NOT NULL DEFAULT 1 CHECK (control_epoch >= 1),
    -- The last message that the assistant saw while it held the conversation.
    ADD COLUMN seen_by_assistant integer NOT NULL DEFAULT 0 CHECK (seen_by_assistant >= 0),
    ADD COLUMN control_requested_at timestamptz,
    -- When an agent last took it; from this the waiting time is told.
    ADD COLUMN taken_at timestamptz,
    ADD COLUMN reopened_count integer NOT NULL DEFAULT 0 CHECK (reopened_count >= 0);
UPDATE dispatch.tickets t SET
    holder = CASE WHEN closed_at IS NOT NULL THEN 'assistant'
                  WHEN status IN ('engaged', 'wrapping') THEN 'agent' ELSE 'queue' END,
    taken_at = (SELECT max(e.started_at) FROM dispatch.engagements e WHERE e.ticket_id = t.id);
ALTER TABLE dispatch.tickets
    ADD CONSTRAINT tickets_held_by_whom_they_are_with CHECK
        (CASE WHEN closed_at IS NOT NULL THEN holder = 'assistant'
              WHEN status IN ('engaged', 'wrapping') THEN holder = 'agent'
              ELSE holder IN ('queue', 'assistant') END);
DROP INDEX dispatch.tickets_by_queue_open;
CREATE INDEX tickets_by_queue_open ON dispatch.tickets (queue, status, rank_at)
    WHERE closed_at IS NULL;
CREATE INDEX tickets_by_taking ON dispatch.tickets (queue, taken_at) WHERE taken_at IS NOT NULL;

-- The epoch rises by one whenever the holder changes, and at no other time, whoever writes.
CREATE FUNCTION dispatch.refuse_unfenced() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the control epoch of ticket % must rise by one with its holder', NEW.id
        USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER tickets_control_is_fenced BEFORE UPDATE OF holder, control_epoch ON dispatch.tickets
    FOR EACH ROW
    WHEN (NEW.control_epoch <> OLD.control_epoch + (NEW.holder <> OLD.holder)::integer)
    EXECUTE FUNCTION dispatch.refuse_unfenced();

ALTER TABLE dispatch.engagements
    -- When the customer should have an answer; none while it is the customer's turn.
    ADD COLUMN reply_due_at timestamptz,
    -- When that had passed, and a supervisor was told.
    ADD COLUMN alerted_at timestamptz,
    -- When the customer was asked whether they are still there.
    ADD COLUMN asked_at timestamptz,
    ADD COLUMN extensions integer NOT NULL DEFAULT 0 CHECK (extensions >= 0),
    -- For the next agent.
    ADD COLUMN handover_note text CHECK (length(handover_note) <= 2000),
    ADD COLUMN release_reason text CHECK (release_reason IN
        ('break', 'end_of_shift', 'too_complex', 'wrong_skill', 'wrong_language',
         'knows_customer', 'technical', 'other')),
    ADD COLUMN lost_reason text CHECK (lost_reason IN ('gone', 'silent')),
    -- The last message that the agent may read, once another agent has the conversation.
    ADD COLUMN read_until integer CHECK (read_until >= 0),
    DROP CONSTRAINT engagements_status_check,
    ADD CONSTRAINT engagements_status_check CHECK (status IN
        ('talking', 'wrapping', 'resolved', 'lost', 'transferred', 'released', 'returned')),
    DROP CONSTRAINT engagements_check,
    ADD CONSTRAINT engagements_ended_when_over CHECK
        ((status NOT IN ('talking', 'wrapping')) = (ended_at IS NOT NULL)),
    ADD CONSTRAINT engagements_released_for_a_reason CHECK
        ((status = 'released') = (release_reason IS NOT NULL));
UPDATE dispatch.engagements SET lost_reason = 'gone' WHERE status = 'lost';
ALTER TABLE dispatch.engagements
    ADD CONSTRAINT engagements_lost_for_a_reason CHECK
        ((status = 'lost') = (lost_reason IS NOT NULL));
