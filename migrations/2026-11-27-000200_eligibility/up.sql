-- Who may be given which work: languages with levels, the agreement in force, conflicts of interest.

-- How well an agent speaks each of the languages, in their order. Who declared one before there
-- were levels is taken to be fluent (4).
ALTER TABLE onboarding.agents ADD COLUMN language_levels integer[] NOT NULL DEFAULT '{}';
UPDATE onboarding.agents SET language_levels = array_fill(4, ARRAY[cardinality(languages)]);
ALTER TABLE onboarding.agents
    ADD CONSTRAINT agents_one_level_per_language
        CHECK (cardinality(language_levels) = cardinality(languages)),
    ADD CONSTRAINT agents_language_levels_from_1_to_5
        CHECK (1 <= ALL (language_levels) AND 5 >= ALL (language_levels));

-- From when on a version of the agreement counts. Until then the one before it does.
ALTER TABLE onboarding.agreements ADD COLUMN effective_at timestamptz;
ALTER TABLE onboarding.agreements DISABLE TRIGGER agreements_append_only;
UPDATE onboarding.agreements SET effective_at = published_at;
ALTER TABLE onboarding.agreements ENABLE TRIGGER agreements_append_only;
ALTER TABLE onboarding.agreements
    ALTER COLUMN effective_at SET NOT NULL,
    ADD CONSTRAINT agreements_not_backdated CHECK (effective_at >= published_at);

-- Customers whose tickets an agent must not be given, because they know each other. A conflict
-- that no longer holds is withdrawn, and stays on record.
CREATE TABLE onboarding.conflicts (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    agent_id       uuid NOT NULL REFERENCES onboarding.agents,
    customer_ref   text NOT NULL CHECK (length(customer_ref) BETWEEN 1 AND 100),
    reason         text NOT NULL CHECK (length(reason) <= 500),
    status         text NOT NULL CHECK (status IN ('declared', 'withdrawn')),
    declared_at    timestamptz NOT NULL,
    withdrawn_at   timestamptz,
    CHECK ((status = 'withdrawn') = (withdrawn_at IS NOT NULL))
);
CREATE UNIQUE INDEX conflicts_declared_once ON onboarding.conflicts (agent_id, customer_ref)
    WHERE status = 'declared';
CREATE TRIGGER conflicts_audit AFTER INSERT OR UPDATE OF status ON onboarding.conflicts
    FOR EACH ROW EXECUTE FUNCTION audit.record('id', 'status');
