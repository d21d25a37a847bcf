-- From customer to active agent.

CREATE SCHEMA onboarding;

-- The company's customers, as operations imported them.
CREATE TABLE onboarding.customers (
    customer_ref   text PRIMARY KEY CHECK (length(customer_ref) BETWEEN 1 AND 100),
    email          text NOT NULL CHECK (email = lower(email) AND length(email) <= 254),
    display_name   text NOT NULL CHECK (length(display_name) BETWEEN 1 AND 100),
    tier           text NOT NULL CHECK (length(tier) BETWEEN 1 AND 64),
    customer_since date NOT NULL,
    country        char(2) NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
    household_ref  text CHECK (length(household_ref) BETWEEN 1 AND 100),
    imported_at    timestamptz NOT NULL,
    CONSTRAINT customers_one_per_email UNIQUE (email)
);

-- An agent from the first step of the application on: applying → submitted → active.
CREATE TABLE onboarding.agents (
    id             uuid PRIMARY KEY,
    account_id     uuid NOT NULL REFERENCES identity.accounts,
    customer_ref   text NOT NULL CHECK (length(customer_ref) BETWEEN 1 AND 100),
    household_ref  text CHECK (length(household_ref) BETWEEN 1 AND 100),
    tier           text NOT NULL,
    customer_since date NOT NULL,
    country        char(2) NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
    email          text NOT NULL,
    display_name   text NOT NULL CHECK (length(display_name) BETWEEN 1 AND 100),
    time_zone      text CHECK (length(time_zone) <= 64),
    languages      text[] NOT NULL DEFAULT '{}',
    status         text NOT NULL CHECK (status IN
        ('applying', 'submitted', 'active', 'rejected', 'suspended')),
    created_at     timestamptz NOT NULL,
    submitted_at   timestamptz,
    decided_at     timestamptz,
    CONSTRAINT agents_one_per_account UNIQUE (account_id),
    CONSTRAINT agents_one_per_customer UNIQUE (customer_ref),
    CHECK ((status = 'applying') = (submitted_at IS NULL)),
    CHECK ((status IN ('active', 'rejected', 'suspended')) = (decided_at IS NOT NULL))
);
CREATE INDEX agents_by_status ON onboarding.agents (status, id);
CREATE TRIGGER agents_audit AFTER INSERT OR UPDATE OF status ON onboarding.agents
    FOR EACH ROW EXECUTE FUNCTION audit.record('id', 'status');

-- The visible checklist. A row is a requirement that is fulfilled.
CREATE TABLE onboarding.fulfilments (
    agent_id       uuid NOT NULL REFERENCES onboarding.agents,
    requirement    text NOT NULL CHECK (requirement IN
        ('email', 'profile', 'agreement', 'assessment', 'payout_details')),
    fulfilled_at   timestamptz NOT NULL,
    PRIMARY KEY (agent_id, requirement)
);

-- The letter with the code. One at a time for each applicant.
CREATE TABLE onboarding.email_codes (
    agent_id       uuid PRIMARY KEY REFERENCES onboarding.agents,
    code_sha256    bytea NOT NULL CHECK (length(code_sha256) = 32),
    sent_at        timestamptz NOT NULL,
    expires_at     timestamptz NOT NULL,
    failures       integer NOT NULL DEFAULT 0 CHECK (failures BETWEEN 0 AND 5)
);

CREATE TABLE onboarding.agreements (
    version        integer PRIMARY KEY CHECK (version >= 1),
    title          text NOT NULL CHECK (length(title) BETWEEN 1 AND 200),
    body           text NOT NULL CHECK (length(body) BETWEEN 1 AND 100000),
    body_sha256    bytea NOT NULL CHECK (length(body_sha256) = 32),
    published_at   timestamptz NOT NULL
);
CREATE TRIGGER agreements_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON onboarding.agreements
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse();

CREATE TABLE onboarding.acceptances (
    agent_id       uuid NOT NULL REFERENCES onboarding.agents,
    version        integer NOT NULL REFERENCES onboarding.agreements,
    body_sha256    bytea NOT NULL CHECK (length(body_sha256) = 32),
    accepted_at    timestamptz NOT NULL,
    PRIMARY KEY (agent_id, version)
);
CREATE TRIGGER acceptances_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON onboarding.acceptances
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse();

-- What an assessment grants and routing reads.
CREATE TABLE onboarding.skills (
    code           text PRIMARY KEY CHECK (code ~ '^[a-z0-9._-]{1,64}$'),
    name           text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    pass_mark      integer NOT NULL CHECK (pass_mark BETWEEN 1 AND 100),
    questions_asked integer NOT NULL CHECK (questions_asked BETWEEN 1 AND 50),
    valid_days     integer NOT NULL CHECK (valid_days BETWEEN 1 AND 3650),
    updated_at     timestamptz NOT NULL
);

CREATE TABLE onboarding.questions (
    skill          text NOT NULL REFERENCES onboarding.skills,
    number         integer NOT NULL CHECK (number >= 1),
    prompt         text NOT NULL CHECK (length(prompt) BETWEEN 1 AND 1000),
    options        text[] NOT NULL CHECK (cardinality(options) BETWEEN 2 AND 6),
    correct        integer NOT NULL CHECK (correct BETWEEN 1 AND cardinality(options)),
    PRIMARY KEY (skill, number)
);

-- One try at an assessment. `paper` holds the questions as they were put, with the right answers;
-- a later edit of the bank does not change a try.
CREATE TABLE onboarding.attempts (
    id             uuid PRIMARY KEY,
    agent_id       uuid NOT NULL REFERENCES onboarding.agents,
    skill          text NOT NULL REFERENCES onboarding.skills,
    paper          jsonb NOT NULL,
    pass_mark      integer NOT NULL CHECK (pass_mark BETWEEN 1 AND 100),
    valid_days     integer NOT NULL,
    status         text NOT NULL CHECK (status IN ('open', 'passed', 'failed', 'expired')),
    started_at     timestamptz NOT NULL,
    expires_at     timestamptz NOT NULL,
    score          integer CHECK (score BETWEEN 0 AND 100),
    ended_at       timestamptz,
    CHECK ((status = 'open') = (ended_at IS NULL)),
    CHECK ((status IN ('passed', 'failed')) = (score IS NOT NULL)),
    CHECK (status <> 'passed' OR score >= pass_mark)
);
CREATE UNIQUE INDEX attempts_one_open_per_skill ON onboarding.attempts (agent_id, skill)
    WHERE status = 'open';
CREATE INDEX attempts_by_agent ON onboarding.attempts (agent_id, skill, started_at);
CREATE TRIGGER attempts_audit AFTER INSERT OR UPDATE OF status ON onboarding.attempts
    FOR EACH ROW EXECUTE FUNCTION audit.record('id', 'status');

CREATE TABLE onboarding.skill_grants (
    agent_id       uuid NOT NULL REFERENCES onboarding.agents,
    skill          text NOT NULL REFERENCES onboarding.skills,
    proficiency    integer NOT NULL CHECK (proficiency BETWEEN 1 AND 5),
    attempt_id     uuid NOT NULL REFERENCES onboarding.attempts,
    granted_at     timestamptz NOT NULL,
    valid_until    timestamptz NOT NULL CHECK (valid_until > granted_at),
    PRIMARY KEY (agent_id, skill)
);

-- A human's decision about an applicant or agent. There is none without a decider and a reason.
CREATE TABLE onboarding.decisions (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    agent_id       uuid NOT NULL REFERENCES onboarding.agents,
    kind           text NOT NULL CHECK (kind IN ('approve', 'reject', 'suspend', 'reinstate')),
    decided_by     uuid NOT NULL REFERENCES identity.accounts,
    reason         text NOT NULL CHECK (length(trim(reason)) BETWEEN 1 AND 1000),
    decided_at     timestamptz NOT NULL
);
CREATE INDEX decisions_by_agent ON onboarding.decisions (agent_id, id);
CREATE TRIGGER decisions_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON onboarding.decisions
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse();
