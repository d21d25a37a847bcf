-- Who signs in.

CREATE SCHEMA identity;

CREATE TABLE identity.accounts (
    id             uuid PRIMARY KEY,
    email          text NOT NULL CHECK (email = lower(email) AND length(email) <= 254),
    display_name   text NOT NULL CHECK (length(display_name) BETWEEN 1 AND 100),
    password_hash  text NOT NULL,
    role           text NOT NULL CHECK (role IN
        ('applicant', 'agent', 'supervisor', 'finance_preparer', 'finance_approver', 'admin')),
    status         text NOT NULL CHECK (status IN ('active', 'suspended')),
    created_at     timestamptz NOT NULL,
    CONSTRAINT accounts_one_per_email UNIQUE (email)
);
CREATE TRIGGER accounts_audit AFTER INSERT OR UPDATE OF status ON identity.accounts
    FOR EACH ROW EXECUTE FUNCTION audit.record('id', 'status');
CREATE TRIGGER accounts_audit_role AFTER UPDATE OF role ON identity.accounts
    FOR EACH ROW EXECUTE FUNCTION audit.record('id', 'role');

-- A sign-in that lasts: the family of its refresh tokens.
CREATE TABLE identity.sessions (
    id             uuid PRIMARY KEY,
    account_id     uuid NOT NULL REFERENCES identity.accounts,
    kind           text NOT NULL CHECK (kind IN ('page', 'api')),
    status         text NOT NULL CHECK (status IN ('live', 'signed_out', 'revoked')),
    created_at     timestamptz NOT NULL,
    expires_at     timestamptz NOT NULL,
    ended_at       timestamptz,
    CHECK ((status = 'live') = (ended_at IS NULL))
);
CREATE INDEX sessions_by_account ON identity.sessions (account_id) WHERE status = 'live';
CREATE TRIGGER sessions_audit AFTER INSERT OR UPDATE OF status ON identity.sessions
    FOR EACH ROW EXECUTE FUNCTION audit.record('id', 'status');

-- Generation n + 1 is minted when generation n is used. A token mints at most one successor,
-- because a session has one token of each generation.
CREATE TABLE identity.refresh_tokens (
    token_sha256   bytea PRIMARY KEY CHECK (length(token_sha256) = 32),
    session_id     uuid NOT NULL REFERENCES identity.sessions ON DELETE CASCADE,
    generation     integer NOT NULL CHECK (generation >= 1),
    issued_at      timestamptz NOT NULL,
    used_at        timestamptz,
    CONSTRAINT refresh_tokens_one_per_generation UNIQUE (session_id, generation)
);

-- Sign-in attempts in a window, by account and by address.
CREATE TABLE identity.attempts (
    subject        text PRIMARY KEY CHECK (length(subject) <= 300),
    window_start   timestamptz NOT NULL,
    failures       integer NOT NULL CHECK (failures >= 0)
);

CREATE TABLE identity.machine_keys (
    id             uuid PRIMARY KEY,
    name           text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    secret_sha256  bytea NOT NULL CHECK (length(secret_sha256) = 32),
    status         text NOT NULL CHECK (status IN ('live', 'revoked')),
    created_by     uuid NOT NULL REFERENCES identity.accounts,
    created_at     timestamptz NOT NULL,
    revoked_at     timestamptz,
    CONSTRAINT machine_keys_one_per_secret UNIQUE (secret_sha256),
    CHECK ((status = 'revoked') = (revoked_at IS NOT NULL))
);
CREATE TRIGGER machine_keys_audit AFTER INSERT OR UPDATE OF status ON identity.machine_keys
    FOR EACH ROW EXECUTE FUNCTION audit.record('id', 'status');
