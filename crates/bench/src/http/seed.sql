-- What the measurements need: staff, a queue, a skill, an agreement, a rate card, and agents who
-- are active, qualified and present. Run with psql; :first and :last number the agents, :capacity
-- is what each can hold, :role is `origin`, or `replica` to leave triggers out for large numbers.
-- Prints for each agent: session and account id.

SET session_replication_role = :role;

INSERT INTO identity.accounts (id, email, display_name, password_hash, role, status, created_at)
SELECT md5('staff ' || role)::uuid, role || '@bench.invalid', 'Bench ' || role, 'none', role, 'active', now()
  FROM unnest(ARRAY['admin', 'supervisor', 'finance_preparer']) role
ON CONFLICT DO NOTHING;
INSERT INTO identity.sessions (id, account_id, kind, status, created_at, expires_at)
SELECT md5('session ' || id)::uuid, id, 'api', 'live', now(), now() + interval '1 day'
  FROM identity.accounts WHERE id = md5('staff ' || role)::uuid
ON CONFLICT DO NOTHING;

BEGIN;
INSERT INTO dispatch.queues (code, name, first_reply_seconds, wrap_up_seconds, ticket_weight, updated_at, policy_version)
VALUES ('bench', 'Bench', 120, 600, 1, now(), 1) ON CONFLICT DO NOTHING;
INSERT INTO dispatch.policies (queue, version, body, note, created_by, created_at)
VALUES ('bench', 1, '{"offer_seconds": 600}', 'for the measurement', 'bench', now()) ON CONFLICT DO NOTHING;
COMMIT;
INSERT INTO onboarding.skills (code, name, pass_mark, questions_asked, valid_days, updated_at)
SELECT 'skill-' || n, 'Skill ' || n, 80, 1, 365, now() FROM generate_series(0, 9) n
ON CONFLICT DO NOTHING;
INSERT INTO onboarding.agreements (version, title, body, body_sha256, published_at, effective_at)
VALUES (1, 'Agreement', 'Be kind.', sha256('Be kind.'), now(), now()) ON CONFLICT DO NOTHING;
INSERT INTO payouts.rate_cards (id, name, currency, valid_from, created_by, created_at)
VALUES (md5('card')::uuid, 'Bench', 'EUR', now() - interval '1 day', md5('staff finance_preparer')::uuid, now())
ON CONFLICT DO NOTHING;
INSERT INTO payouts.rates (rate_card_id, queue, per_engagement, per_minute, minimum_seconds)
VALUES (md5('card')::uuid, 'bench', 1.5, 0.25, 60) ON CONFLICT DO NOTHING;

CREATE TEMPORARY TABLE people AS
SELECT n, md5('account ' || n)::uuid AS account, md5('agent ' || n)::uuid AS agent,
       md5('agent session ' || n)::uuid AS session
  FROM generate_series(:first, :last) n;

INSERT INTO identity.accounts (id, email, display_name, password_hash, role, status, created_at)
SELECT account, 'agent-' || n || '@bench.invalid', 'Agent ' || n, 'none', 'agent', 'active', now()
  FROM people;
INSERT INTO identity.sessions (id, account_id, kind, status, created_at, expires_at)
SELECT session, account, 'api', 'live', now(), now() + interval '1 day' FROM people;
INSERT INTO onboarding.agents (id, account_id, customer_ref, tier, customer_since, country, email,
                               display_name, time_zone, languages, language_levels, status, created_at, submitted_at, decided_at)
SELECT agent, account, 'agent-customer-' || n, 'standard', '2020-01-01', 'IE', 'agent-' || n || '@bench.invalid',
       'Agent ' || n, 'Europe/Dublin', ARRAY['en', 'de'], ARRAY[4, 4], 'active', now(), now(), now()
  FROM people;
INSERT INTO onboarding.fulfilments (agent_id, requirement, fulfilled_at)
SELECT agent, requirement, now()
  FROM people, unnest(ARRAY['email', 'profile', 'agreement', 'assessment', 'payout_details']) requirement;
INSERT INTO onboarding.acceptances (agent_id, version, body_sha256, accepted_at)
SELECT agent, 1, sha256('Be kind.'), now() FROM people;
INSERT INTO onboarding.decisions (agent_id, kind, decided_by, reason, decided_at)
SELECT agent, 'approve', md5('staff supervisor')::uuid, 'For the measurement.', now() FROM people;
-- Each holds three of the ten skills.
INSERT INTO onboarding.attempts (id, agent_id, skill, paper, pass_mark, valid_days, status, started_at, expires_at, score, ended_at)
SELECT md5('attempt ' || n || ' ' || k)::uuid, agent, 'skill-' || (n + k) % 10, '[]', 80, 365, 'passed',
       now(), now() + interval '1 hour', 100, now()
  FROM people, generate_series(0, 2) k;
INSERT INTO onboarding.skill_grants (agent_id, skill, proficiency, attempt_id, granted_at, valid_until)
SELECT agent, 'skill-' || (n + k) % 10, 3 + (n + k) % 3, md5('attempt ' || n || ' ' || k)::uuid,
       now(), now() + interval '1 year'
  FROM people, generate_series(0, 2) k;
INSERT INTO dispatch.workloads (agent_id, capacity, load, idle_since)
SELECT agent, :capacity, 0, now() FROM people;
INSERT INTO availability.presences (agent_id, status, since, lease_expires_at, connected_until)
SELECT agent, 'available', now(), now() + interval '6 hours', now() + interval '6 hours' FROM people;
INSERT INTO availability.work_spans (agent_id, started_at) SELECT agent, now() FROM people;

SELECT session || ' ' || account FROM people ORDER BY n;
