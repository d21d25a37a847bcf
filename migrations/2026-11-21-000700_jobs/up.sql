-- Work that must not happen inside a request.

CREATE SCHEMA jobs;

CREATE TABLE jobs.jobs (
    id             uuid PRIMARY KEY,
    kind           text NOT NULL CHECK (length(kind) BETWEEN 1 AND 64),
    payload        jsonb NOT NULL,
    status         text NOT NULL CHECK (status IN ('queued', 'leased', 'done', 'discarded')),
    run_at         timestamptz NOT NULL,
    attempts       integer NOT NULL DEFAULT 0 CHECK (attempts BETWEEN 0 AND 12),
    leased_until   timestamptz,
    lease          uuid,
    last_error     text CHECK (length(last_error) <= 2000),
    created_at     timestamptz NOT NULL,
    finished_at    timestamptz,
    CHECK ((status = 'leased') = (leased_until IS NOT NULL AND lease IS NOT NULL)),
    CHECK ((status IN ('done', 'discarded')) = (finished_at IS NOT NULL))
);
CREATE INDEX jobs_due ON jobs.jobs (run_at) WHERE status = 'queued';
CREATE INDEX jobs_leased ON jobs.jobs (leased_until) WHERE status = 'leased';
CREATE INDEX jobs_finished ON jobs.jobs (finished_at) WHERE finished_at IS NOT NULL;
