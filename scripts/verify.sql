-- The promises of the platform. Each is a query that returns the rows that break it: none.
-- `gigdesk verify` runs them all; so do the tests after every race and journey, and the worker
-- every minute.

-- promise: an open ticket has an owner or waits for one
SELECT t.id, t.status FROM dispatch.tickets t
 WHERE (t.status = 'offered') <> EXISTS
       (SELECT FROM dispatch.offers o WHERE o.ticket_id = t.id AND o.status = 'pending')
    OR (t.status IN ('engaged', 'wrapping')) <> EXISTS
       (SELECT FROM dispatch.engagements e WHERE e.ticket_id = t.id AND e.ended_at IS NULL);

-- promise: a ticket and its live engagement are in the same phase
SELECT t.id, t.status, e.status AS engagement_status
  FROM dispatch.tickets t JOIN dispatch.engagements e ON e.ticket_id = t.id AND e.ended_at IS NULL
 WHERE (t.status, e.status) NOT IN (('engaged', 'talking'), ('wrapping', 'wrapping'));

-- promise: a ticket was resolved by one engagement for each time it ended so
SELECT t.id FROM dispatch.tickets t LEFT JOIN dispatch.engagements e
    ON e.ticket_id = t.id AND e.status = 'resolved'
 GROUP BY t.id
HAVING count(e.id) <> t.reopened_count + (t.status = 'resolved')::integer;

-- promise: no open ticket's deadline passed more than a minute ago
SELECT t.id, t.status, t.next_action, t.deadline_at FROM dispatch.tickets t
 WHERE t.closed_at IS NULL AND t.deadline_at < now() - interval '60 seconds';

-- promise: a reply is due while it is the agent's turn, and only then
SELECT e.id, t.next_action, e.reply_due_at
  FROM dispatch.engagements e JOIN dispatch.tickets t ON t.id = e.ticket_id
 WHERE (e.status = 'talking' AND t.next_action IN ('first_reply', 'next_reply'))
       <> (e.reply_due_at IS NOT NULL);

-- promise: the assistant says nothing after it has handed over
SELECT m.ticket_id, m.number, t.seen_by_assistant
  FROM dispatch.messages m JOIN dispatch.tickets t ON t.id = m.ticket_id
 WHERE t.holder <> 'assistant' AND m.author = 'assistant' AND m.number > t.seen_by_assistant;

-- promise: whoever had a conversation before its present agent reads no further
SELECT e.id FROM dispatch.engagements e
  JOIN dispatch.engagements live ON live.ticket_id = e.ticket_id AND live.ended_at IS NULL
 WHERE e.ended_at IS NOT NULL AND e.read_until IS NULL;

-- promise: an engagement comes from an accepted offer of the same ticket to the same agent
SELECT e.id FROM dispatch.engagements e JOIN dispatch.offers o ON o.id = e.offer_id
 WHERE o.status <> 'accepted' OR o.ticket_id <> e.ticket_id OR o.agent_id <> e.agent_id;

-- promise: every accepted offer became an engagement
SELECT o.id FROM dispatch.offers o
 WHERE o.status = 'accepted'
   AND NOT EXISTS (SELECT FROM dispatch.engagements e WHERE e.offer_id = o.id);

-- promise: an agent's load is the sum of what the agent holds
SELECT w.agent_id, w.load, held.units FROM dispatch.workloads w
 CROSS JOIN LATERAL (
    SELECT coalesce((SELECT sum(o.weight) FROM dispatch.offers o
                      WHERE o.agent_id = w.agent_id AND o.status = 'pending'), 0)
         + coalesce((SELECT sum(e.weight) FROM dispatch.engagements e
                      WHERE e.agent_id = w.agent_id AND e.ended_at IS NULL), 0) AS units) held
 WHERE w.load <> held.units;

-- promise: nobody is offered a ticket of their own or of their household
SELECT o.id FROM dispatch.offers o
  JOIN dispatch.tickets t ON t.id = o.ticket_id JOIN onboarding.agents a ON a.id = o.agent_id
 WHERE t.customer_ref = a.customer_ref OR t.household_ref = a.household_ref;

-- promise: nobody is offered again what they declined
SELECT later.id FROM dispatch.offers later JOIN dispatch.offers earlier
    ON earlier.ticket_id = later.ticket_id AND earlier.agent_id = later.agent_id
   AND earlier.status = 'declined' AND (earlier.closed_at, earlier.id) < (later.offered_at, later.id);

-- promise: no more agents are asked about a ticket at a time than its policy says
SELECT o.ticket_id, count(*) AS asked FROM dispatch.offers o
  JOIN dispatch.policies p ON p.queue = o.policy_queue AND p.version = o.policy_version
 WHERE o.status = 'pending' AND o.kind = 'match'
 GROUP BY o.ticket_id, p.body
HAVING count(*) > coalesce((p.body ->> 'simultaneous_offers')::bigint, 1);

-- promise: what is put aside is among the dead letters, and nothing else is
SELECT t.id FROM dispatch.tickets t
 WHERE (t.status = 'expired') <> EXISTS
       (SELECT FROM dispatch.dead_letters d WHERE d.ticket_id = t.id
           AND d.settlement IS DISTINCT FROM 'replayed');

-- promise: messages are numbered from 1 without a gap
SELECT t.id, t.message_count FROM dispatch.tickets t
  LEFT JOIN dispatch.messages m ON m.ticket_id = t.id
 GROUP BY t.id
HAVING count(m.number) <> t.message_count OR coalesce(max(m.number), 0) <> t.message_count;

-- promise: only the agent of an engagement writes in it, while it lasts
SELECT m.ticket_id, m.number FROM dispatch.messages m
  JOIN dispatch.engagements e ON e.id = m.engagement_id
 WHERE e.ticket_id <> m.ticket_id OR m.sent_at < e.started_at OR m.sent_at > e.ended_at;

-- promise: a rating belongs to an engagement in which the agent spoke
SELECT r.engagement_id FROM dispatch.ratings r JOIN dispatch.engagements e ON e.id = r.engagement_id
 WHERE e.first_reply_at IS NULL;

-- promise: a state is what its last audit row says
SELECT s.subject, s.id, s.status, last.new_state FROM (
    SELECT 'dispatch.tickets' AS subject, id::text, status FROM dispatch.tickets
    UNION ALL SELECT 'dispatch.offers', id::text, status FROM dispatch.offers
    UNION ALL SELECT 'dispatch.engagements', id::text, status FROM dispatch.engagements
    UNION ALL SELECT 'payouts.payout_runs', id::text, status FROM payouts.payout_runs
    UNION ALL SELECT 'onboarding.agents', id::text, status FROM onboarding.agents
    UNION ALL SELECT 'availability.commitments', id::text, status FROM availability.commitments
  ) s
  LEFT JOIN LATERAL (SELECT e.new_state FROM audit.events e
                      WHERE e.subject = s.subject AND e.subject_id = s.id
                      ORDER BY e.id DESC LIMIT 1) last ON true
 WHERE last.new_state IS DISTINCT FROM s.status;

-- promise: commitments never overlap
SELECT a.id, b.id AS other FROM availability.commitments a JOIN availability.commitments b
    ON a.agent_id = b.agent_id AND a.id < b.id AND a.status = 'committed'
   AND b.status = 'committed' AND a.starts_at < b.ends_at AND b.starts_at < a.ends_at;

-- promise: an agent has an open span of working time while available, and never else
SELECT p.agent_id, p.status, s.started_at FROM availability.presences p
  FULL JOIN (SELECT agent_id, started_at FROM availability.work_spans WHERE ended_at IS NULL) s
    ON s.agent_id = p.agent_id
 WHERE (coalesce(p.status, 'offline') = 'available') <> (s.agent_id IS NOT NULL);

-- promise: spans of working time never overlap
SELECT a.agent_id, a.started_at, b.started_at AS other
  FROM availability.work_spans a JOIN availability.work_spans b
    ON a.agent_id = b.agent_id AND a.started_at < b.started_at
   AND (a.ended_at IS NULL OR b.started_at < a.ended_at);

-- promise: an agent has at most eight connections, and none while offline
SELECT c.agent_id, count(*) AS connections FROM availability.connections c
  JOIN availability.presences p ON p.agent_id = c.agent_id
 GROUP BY c.agent_id, p.status HAVING count(*) > 8 OR p.status = 'offline';

-- promise: nobody is available for long beyond their working time
SELECT p.agent_id, p.works_until FROM availability.presences p
 WHERE p.status = 'available' AND p.works_until < now() - interval '1 hour'
   AND p.lease_expires_at > now();

-- promise: nobody is offered a ticket of a contact whom they have declared
SELECT o.id FROM dispatch.offers o
  JOIN dispatch.tickets t ON t.id = o.ticket_id
  JOIN onboarding.conflicts c ON c.agent_id = o.agent_id AND c.customer_ref = t.customer_ref
 WHERE o.offered_at > c.declared_at
   AND (c.withdrawn_at IS NULL OR o.offered_at < c.withdrawn_at);

-- promise: a shift never holds more commitments than seats
SELECT s.id, s.seats, count(*) AS taken FROM availability.shifts s
  JOIN availability.commitments c ON c.shift_id = s.id AND c.status = 'committed'
 GROUP BY s.id HAVING count(*) > s.seats;

-- promise: an agent who is or was active was approved by a human with a reason
SELECT a.id, a.status FROM onboarding.agents a
 WHERE a.status IN ('active', 'suspended', 'rejected') AND NOT EXISTS
       (SELECT FROM onboarding.decisions d WHERE d.agent_id = a.id
           AND d.kind = CASE a.status WHEN 'rejected' THEN 'reject' ELSE 'approve' END);

-- promise: an active agent has fulfilled every requirement
SELECT a.id, count(f.requirement) AS fulfilled FROM onboarding.agents a
  LEFT JOIN onboarding.fulfilments f ON f.agent_id = a.id
 WHERE a.status = 'active' GROUP BY a.id HAVING count(f.requirement) <> 5;

-- promise: an engagement that is to be paid accrued exactly one earning line, and no other did
SELECT coalesce(e.id, l.engagement_id) AS engagement
  FROM (SELECT id, agent_id FROM dispatch.engagements
         WHERE status IN ('resolved', 'transferred')
            OR status IN ('lost', 'released', 'returned') AND first_reply_at IS NOT NULL) e
  FULL JOIN payouts.earning_lines l ON l.engagement_id = e.id AND l.agent_id = e.agent_id
 WHERE e.id IS NULL OR l.id IS NULL;

-- promise: every entry balances in every currency
SELECT p.entry_id, p.currency, sum(p.amount_minor) AS off_by FROM payouts.postings p
 GROUP BY p.entry_id, p.currency HAVING sum(p.amount_minor) <> 0;

-- promise: every entry has postings
SELECT e.id FROM payouts.entries e
 WHERE (SELECT count(*) FROM payouts.postings p WHERE p.entry_id = e.id) < 2;

-- promise: an agent's balance is the sum of the agent's postings
SELECT a.id, a.balance_minor, -coalesce(sum(p.amount_minor), 0) AS posted
  FROM payouts.ledger_accounts a LEFT JOIN payouts.postings p ON p.account_id = a.id
 WHERE a.agent_id IS NOT NULL
 GROUP BY a.id HAVING a.balance_minor <> -coalesce(sum(p.amount_minor), 0);

-- promise: an agent's balance is what was earned less what was settled
SELECT a.agent_id, a.balance_minor, earned.total - paid.total AS due
  FROM payouts.ledger_accounts a
 CROSS JOIN LATERAL (SELECT coalesce(sum(l.amount_minor), 0) AS total FROM payouts.earning_lines l
                      WHERE l.agent_id = a.agent_id AND l.currency = a.currency) earned
 CROSS JOIN LATERAL (SELECT coalesce(sum(i.amount_minor), 0) AS total FROM payouts.payout_items i
                       JOIN payouts.payout_runs r ON r.id = i.run_id
                      WHERE i.agent_id = a.agent_id AND r.currency = a.currency
                        AND r.status = 'settled') paid
 WHERE a.kind = 'agent_payable' AND a.balance_minor <> earned.total - paid.total;

-- promise: a payout run's figures are those of its items
SELECT r.id, r.total_minor, sum(i.amount_minor) AS items FROM payouts.payout_runs r
  LEFT JOIN payouts.payout_items i ON i.run_id = r.id
 GROUP BY r.id
HAVING r.total_minor IS DISTINCT FROM sum(i.amount_minor) OR r.item_count <> count(i.id)
    OR r.line_count IS DISTINCT FROM sum(i.line_count);

-- promise: a payout item's amount is the sum of its lines
SELECT i.id, i.amount_minor, sum(l.amount_minor) AS lines FROM payouts.payout_items i
  JOIN payouts.payout_runs r ON r.id = i.run_id AND r.status <> 'void'
  LEFT JOIN payouts.payout_item_lines il ON il.item_id = i.id
  LEFT JOIN payouts.earning_lines l ON l.id = il.line_id AND l.agent_id = i.agent_id
 GROUP BY i.id
HAVING i.amount_minor IS DISTINCT FROM sum(l.amount_minor) OR i.line_count <> count(l.id);

-- promise: a settled run is posted, and no other is
SELECT i.id, r.status FROM payouts.payout_items i JOIN payouts.payout_runs r ON r.id = i.run_id
 WHERE (r.status = 'settled') <> (i.entry_id IS NOT NULL);

-- promise: nobody approved a payout run of their own
SELECT r.id FROM payouts.payout_runs r WHERE r.approved_by = r.created_by;

-- promise: a refresh token minted at most one successor
SELECT t.session_id, t.generation FROM identity.refresh_tokens t
 GROUP BY t.session_id, t.generation HAVING count(*) > 1;

-- promise: no work of the worker is held past its lease for an hour
SELECT j.id, j.kind, j.leased_until FROM jobs.jobs j
 WHERE j.status = 'leased' AND j.leased_until < now() - interval '1 hour';

-- promise: no change is of a transaction that is yet to come
SELECT e.xid, e.id FROM audit.events e
 WHERE e.xid > pg_snapshot_xmax(pg_current_snapshot())
   AND e.xid IS DISTINCT FROM pg_current_xact_id_if_assigned();

-- promise: a change of an offer or an engagement is in the feed of its agent and of its ticket
SELECT e.id, w.id AS subject_id FROM (
    SELECT 'dispatch.offers' AS subject, id, agent_id, ticket_id FROM dispatch.offers
    UNION ALL SELECT 'dispatch.engagements', id, agent_id, ticket_id FROM dispatch.engagements
  ) w
  JOIN audit.events e ON e.subject_id = w.id::text AND e.subject = w.subject AND e.xid > '0'
 WHERE (e.agent_id, e.ticket_id) IS DISTINCT FROM (w.agent_id, w.ticket_id);
