DROP TABLE onboarding.conflicts;
ALTER TABLE onboarding.agreements DROP COLUMN effective_at;
ALTER TABLE onboarding.agents DROP COLUMN language_levels;
