-- What we owe and pay.

CREATE SCHEMA payouts;

-- A price list. At any instant at most one is in force for a currency.
CREATE TABLE payouts.rate_cards (
    id             uuid PRIMARY KEY,
    name           text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    currency       char(3) NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    valid_from     timestamptz NOT NULL,
    valid_until    timestamptz,
    created_by     uuid NOT NULL REFERENCES identity.accounts,
    created_at     timestamptz NOT NULL,
    CHECK (valid_until > valid_from),
    CONSTRAINT rate_cards_one_in_force EXCLUDE USING gist
        (currency WITH =, tstzrange(valid_from, valid_until) WITH &&)
);

-- What work in a queue earns: so much for each engagement and so much for each minute of it.
CREATE TABLE payouts.rates (
    rate_card_id     uuid NOT NULL REFERENCES payouts.rate_cards,
    queue            text NOT NULL REFERENCES dispatch.queues,
    per_engagement   numeric(12,4) NOT NULL CHECK (per_engagement >= 0),
    per_minute       numeric(12,4) NOT NULL CHECK (per_minute >= 0),
    minimum_seconds  integer NOT NULL CHECK (minimum_seconds BETWEEN 0 AND 3600),
    PRIMARY KEY (rate_card_id, queue)
);
CREATE TRIGGER rates_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON payouts.rates
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse();

-- The chart of accounts. An agent's account carries its balance; a platform account's balance is
-- the sum of its postings, so that no row is shared by every transaction.
CREATE TABLE payouts.ledger_accounts (
    id             uuid PRIMARY KEY,
    kind           text NOT NULL CHECK (kind IN ('agent_payable', 'agent_cost', 'bank_clearing')),
    agent_id       uuid REFERENCES onboarding.agents,
    currency       char(3) NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    balance_minor  bigint,
    CHECK ((kind = 'agent_payable') = (agent_id IS NOT NULL)),
    CHECK ((agent_id IS NULL) = (balance_minor IS NULL)),
    CONSTRAINT ledger_accounts_one_of_a_kind UNIQUE NULLS NOT DISTINCT (kind, agent_id, currency)
);

-- One journal entry for each payable fact.
CREATE TABLE payouts.entries (
    id             uuid PRIMARY KEY,
    fact           text NOT NULL CHECK (length(fact) BETWEEN 1 AND 100),
    description    text NOT NULL CHECK (length(description) BETWEEN 1 AND 300),
    posted_at      timestamptz NOT NULL,
    -- The transaction that wrote it: postings are accepted from no other.
    sealed_by      xid8 NOT NULL DEFAULT pg_current_xact_id(),
    CONSTRAINT entries_one_per_fact UNIQUE (fact)
);

-- Positive amounts are debits, negative ones credits.
CREATE TABLE payouts.postings (
    entry_id       uuid NOT NULL REFERENCES payouts.entries,
    number         integer NOT NULL CHECK (number BETWEEN 1 AND 100),
    account_id     uuid NOT NULL REFERENCES payouts.ledger_accounts,
    amount_minor   bigint NOT NULL CHECK (amount_minor <> 0),
    currency       char(3) NOT NULL,
    PRIMARY KEY (entry_id, number)
);
CREATE INDEX postings_by_account ON payouts.postings (account_id, entry_id);

CREATE TRIGGER entries_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON payouts.entries
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse();
CREATE TRIGGER postings_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON payouts.postings
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse();

-- An entry never grows later.
CREATE FUNCTION payouts.seal_postings() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    sealed_by xid8;
    currency  char(3);
BEGIN
    SELECT e.sealed_by INTO sealed_by FROM payouts.entries e WHERE e.id = NEW.entry_id;
    IF sealed_by IS DISTINCT FROM pg_current_xact_id() THEN
        RAISE EXCEPTION 'entry % is sealed', NEW.entry_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'postings_within_their_entry';
    END IF;
    SELECT a.currency INTO currency FROM payouts.ledger_accounts a WHERE a.id = NEW.account_id;
    IF currency IS DISTINCT FROM NEW.currency THEN
        RAISE EXCEPTION 'account % is kept in %', NEW.account_id, currency
            USING ERRCODE = 'check_violation', CONSTRAINT = 'postings_in_the_account_currency';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER postings_sealed BEFORE INSERT ON payouts.postings
    FOR EACH ROW EXECUTE FUNCTION payouts.seal_postings();

-- Every entry balances in every currency, and has at least two postings.
CREATE FUNCTION payouts.balance_entry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT count(*) FROM payouts.postings p WHERE p.entry_id = NEW.id) < 2
        OR EXISTS (SELECT FROM payouts.postings p WHERE p.entry_id = NEW.id
                   GROUP BY p.currency HAVING sum(p.amount_minor) <> 0)
    THEN
        RAISE EXCEPTION 'entry % does not balance', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'entries_balance';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER entries_balance AFTER INSERT ON payouts.entries
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION payouts.balance_entry();

-- An agent's balance follows its postings, in their transaction, whoever writes them.
CREATE FUNCTION payouts.carry_balance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE payouts.ledger_accounts SET balance_minor = balance_minor - NEW.amount_minor
     WHERE id = NEW.account_id AND agent_id IS NOT NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER postings_carry_balance AFTER INSERT ON payouts.postings
    FOR EACH ROW EXECUTE FUNCTION payouts.carry_balance();

-- One priced fact of work, with everything its price was computed from.
CREATE TABLE payouts.earning_lines (
    id               uuid PRIMARY KEY,
    agent_id         uuid NOT NULL REFERENCES onboarding.agents,
    engagement_id    uuid NOT NULL REFERENCES dispatch.engagements,
    ticket_id        uuid NOT NULL REFERENCES dispatch.tickets,
    queue            text NOT NULL,
    rate_card_id     uuid NOT NULL,
    handled_seconds  integer NOT NULL CHECK (handled_seconds >= 0),
    payable_seconds  integer NOT NULL CHECK (payable_seconds >= handled_seconds),
    per_engagement   numeric(12,4) NOT NULL,
    per_minute       numeric(12,4) NOT NULL,
    amount_minor     bigint NOT NULL CHECK (amount_minor >= 0),
    currency         char(3) NOT NULL,
    -- None where the amount is zero: there is nothing to post.
    entry_id         uuid REFERENCES payouts.entries,
    earned_at        timestamptz NOT NULL,
    CONSTRAINT earning_lines_one_per_engagement UNIQUE (engagement_id),
    CONSTRAINT earning_lines_one_per_entry UNIQUE (entry_id),
    CHECK ((amount_minor = 0) = (entry_id IS NULL)),
    FOREIGN KEY (rate_card_id, queue) REFERENCES payouts.rates
);
CREATE INDEX earning_lines_by_agent ON payouts.earning_lines (agent_id, id);
CREATE INDEX earning_lines_by_time ON payouts.earning_lines (earned_at);
CREATE TRIGGER earning_lines_append_only BEFORE UPDATE OR DELETE OR TRUNCATE
    ON payouts.earning_lines FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse();

-- Whom we pay and where to. The IBAN is encrypted; `iban_index` finds equal ones.
CREATE TABLE payouts.payees (
    agent_id         uuid PRIMARY KEY REFERENCES onboarding.agents,
    name             text NOT NULL CHECK (length(name) BETWEEN 1 AND 70),
    street           text NOT NULL CHECK (length(street) BETWEEN 1 AND 70),
    building         text CHECK (length(building) BETWEEN 1 AND 16),
    postcode         text NOT NULL CHECK (length(postcode) BETWEEN 1 AND 16),
    city             text NOT NULL CHECK (length(city) BETWEEN 1 AND 35),
    country          char(2) NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
    iban_ciphertext  bytea NOT NULL,
    iban_index       bytea NOT NULL CHECK (length(iban_index) = 32),
    iban_masked      text NOT NULL CHECK (length(iban_masked) <= 42),
    updated_at       timestamptz NOT NULL
);

-- A frozen snapshot of what is paid for a period.
CREATE TABLE payouts.payout_runs (
    id             uuid PRIMARY KEY,
    period_start   timestamptz NOT NULL,
    period_end     timestamptz NOT NULL,
    currency       char(3) NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    status         text NOT NULL CHECK (status IN
        ('closed', 'approved', 'exported', 'settled', 'void')),
    item_count     integer NOT NULL CHECK (item_count >= 1),
    line_count     integer NOT NULL CHECK (line_count >= 1),
    total_minor    bigint NOT NULL CHECK (total_minor > 0),
    created_by     uuid NOT NULL REFERENCES identity.accounts,
    created_at     timestamptz NOT NULL,
    approved_by    uuid REFERENCES identity.accounts,
    approved_at    timestamptz,
    exported_at    timestamptz,
    settled_at     timestamptz,
    voided_by      uuid REFERENCES identity.accounts,
    void_reason    text CHECK (length(void_reason) BETWEEN 1 AND 500),
    CHECK (period_end > period_start),
    CONSTRAINT payout_runs_approved_by_another CHECK (approved_by <> created_by),
    CHECK ((approved_by IS NULL) = (approved_at IS NULL)),
    CHECK (status NOT IN ('approved', 'exported', 'settled') OR approved_at IS NOT NULL),
    CHECK (status NOT IN ('exported', 'settled') OR exported_at IS NOT NULL),
    CHECK ((status = 'settled') = (settled_at IS NOT NULL)),
    CHECK ((status = 'void') = (void_reason IS NOT NULL AND voided_by IS NOT NULL))
);
CREATE TRIGGER payout_runs_audit AFTER INSERT OR UPDATE OF status ON payouts.payout_runs
    FOR EACH ROW EXECUTE FUNCTION audit.record('id', 'status');

-- What the run pays to one agent, with whom it goes to as of the closing.
CREATE TABLE payouts.payout_items (
    id               uuid PRIMARY KEY,
    run_id           uuid NOT NULL REFERENCES payouts.payout_runs,
    agent_id         uuid NOT NULL REFERENCES onboarding.agents,
    amount_minor     bigint NOT NULL CHECK (amount_minor > 0),
    line_count       integer NOT NULL CHECK (line_count >= 1),
    payee_name       text NOT NULL,
    street           text NOT NULL,
    building         text,
    postcode         text NOT NULL,
    city             text NOT NULL,
    country          char(2) NOT NULL,
    iban_ciphertext  bytea NOT NULL,
    iban_masked      text NOT NULL,
    entry_id         uuid REFERENCES payouts.entries,
    CONSTRAINT payout_items_one_per_agent UNIQUE (run_id, agent_id)
);

-- Which lines an item pays. A line is in at most one run that is not void: voiding removes the rows.
CREATE TABLE payouts.payout_item_lines (
    line_id        uuid PRIMARY KEY REFERENCES payouts.earning_lines,
    item_id        uuid NOT NULL REFERENCES payouts.payout_items
);
CREATE INDEX payout_item_lines_by_item ON payouts.payout_item_lines (item_id);

-- The export as it was first made; every later export is these bytes.
CREATE TABLE payouts.payout_files (
    run_id         uuid NOT NULL REFERENCES payouts.payout_runs,
    format         text NOT NULL CHECK (format IN ('csv')),
    bytes          bytea NOT NULL,
    sha256         bytea NOT NULL CHECK (length(sha256) = 32),
    created_at     timestamptz NOT NULL,
    PRIMARY KEY (run_id, format)
);
CREATE TRIGGER payout_files_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON payouts.payout_files
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse();

-- A run's figures and items are frozen once it is there; only its state moves on, never back.
CREATE FUNCTION payouts.freeze_run() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.period_start, NEW.period_end, NEW.currency, NEW.item_count, NEW.line_count,
        NEW.total_minor, NEW.created_by, NEW.created_at)
       IS DISTINCT FROM
       (OLD.period_start, OLD.period_end, OLD.currency, OLD.item_count, OLD.line_count,
        OLD.total_minor, OLD.created_by, OLD.created_at)
    THEN
        RAISE EXCEPTION 'payout run % is frozen', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payout_runs_frozen';
    END IF;
    IF (OLD.status <> NEW.status AND (OLD.status, NEW.status) NOT IN
            (('closed', 'approved'), ('closed', 'void'), ('approved', 'void'),
             ('approved', 'exported'), ('exported', 'settled')))
        OR (OLD.approved_by IS NOT NULL AND NEW.approved_by IS DISTINCT FROM OLD.approved_by)
    THEN
        RAISE EXCEPTION 'payout run % does not go from % to %', OLD.id, OLD.status, NEW.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payout_runs_one_way';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER payout_runs_frozen BEFORE UPDATE ON payouts.payout_runs
    FOR EACH ROW EXECUTE FUNCTION payouts.freeze_run();

CREATE FUNCTION payouts.freeze_item() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (to_jsonb(NEW) - 'entry_id') IS DISTINCT FROM (to_jsonb(OLD) - 'entry_id')
        OR OLD.entry_id IS NOT NULL
    THEN
        RAISE EXCEPTION 'payout item % is frozen', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payout_items_frozen';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER payout_items_frozen BEFORE UPDATE ON payouts.payout_items
    FOR EACH ROW EXECUTE FUNCTION payouts.freeze_item();
CREATE TRIGGER payout_items_kept BEFORE DELETE OR TRUNCATE ON payouts.payout_items
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse();

-- A line stays with its item, or it could be paid twice; only voiding the run sets it free.
CREATE FUNCTION payouts.keep_item_line() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM payouts.payout_items i JOIN payouts.payout_runs r ON r.id = i.run_id
                    WHERE i.id = OLD.item_id AND r.status = 'void')
    THEN
        RAISE EXCEPTION 'line % is in a payout run that is not void', OLD.line_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payout_item_lines_kept';
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER payout_item_lines_kept BEFORE DELETE ON payouts.payout_item_lines
    FOR EACH ROW EXECUTE FUNCTION payouts.keep_item_line();
CREATE TRIGGER payout_item_lines_frozen BEFORE UPDATE OR TRUNCATE ON payouts.payout_item_lines
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse();
