-- Rows in bulk. One ticket, offer and engagement that the platform made itself are the pattern of
-- all others, so that a new column of theirs is no concern of this file.

CREATE SCHEMA bench;
CREATE TABLE bench.ticket AS SELECT * FROM dispatch.tickets;
CREATE TABLE bench.offer AS SELECT * FROM dispatch.offers;
CREATE TABLE bench.engagement AS SELECT * FROM dispatch.engagements;

CREATE TABLE bench.message AS SELECT * FROM dispatch.messages WHERE number = 1;
CREATE TABLE bench.key AS SELECT * FROM platform.idempotency_keys LIMIT 1;

-- The product's tables without its triggers and foreign keys, for what the machine could do at most.
CREATE TABLE bench.tickets (LIKE dispatch.tickets INCLUDING ALL);
CREATE TABLE bench.offers (LIKE dispatch.offers INCLUDING ALL);
CREATE TABLE bench.engagements (LIKE dispatch.engagements INCLUDING ALL);
CREATE TABLE bench.messages (LIKE dispatch.messages INCLUDING ALL);
CREATE TABLE bench.keys (LIKE platform.idempotency_keys INCLUDING ALL);
CREATE TABLE bench.workloads (LIKE dispatch.workloads INCLUDING ALL);
CREATE TABLE bench.events (LIKE audit.events INCLUDING ALL);
INSERT INTO bench.workloads SELECT * FROM dispatch.workloads;
CREATE SEQUENCE bench.numbers CACHE 100;

-- Copies the row of `pattern` once for each number n; `replaced` holds SQL by column.
CREATE FUNCTION bench.clone(pattern regclass, target regclass, first bigint, last bigint, replaced jsonb)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    columns text;
    terms   text;
BEGIN
    SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum),
           string_agg(coalesce(replaced ->> attname, 'p.' || quote_ident(attname)), ', ' ORDER BY attnum)
      INTO columns, terms
      FROM pg_attribute
     WHERE attrelid = target AND attnum > 0 AND NOT attisdropped AND attgenerated = '';
    EXECUTE format('INSERT INTO %s (%s) SELECT %s FROM %s p, generate_series(%s, %s) n',
                   target, columns, terms, pattern, first, last);
END $$;

-- Waiting tickets, none older than a minute, over all skills and priorities.
CREATE FUNCTION bench.waiting(target regclass, first bigint, last bigint) RETURNS void
LANGUAGE sql AS $$
    SELECT bench.clone('bench.ticket', target, first, last, jsonb_build_object(
        'id', 'md5(''ticket '' || n)::uuid', 'external_id', '''ticket-'' || n',
        'required_skills', 'ARRAY[''skill-'' || n % 10]', 'skill_levels', 'ARRAY[1]', 'class', 'n % 10',
        'priority', 'n % 10', 'customer_ref', '''customer-'' || n', 'status', '''waiting''',
        'holder', '''queue''', 'closed_at', 'NULL', 'created_at', 'now()',
        'waiting_since', 'now() - interval ''1 minute'' * (n % 60) / 60',
        'rank_at', 'now() - interval ''1 minute'' * (n % 60) / 60 - interval ''10 minutes'' * (n % 10)',
        'put_aside_at', 'now() + interval ''1 day''', 'next_action', '''dead_letter''',
        'deadline_at', 'now() + interval ''1 day''', 'preferred_agent_id', 'NULL', 'taken_at', 'NULL',
        'first_reply_due_at', 'now() + interval ''1 hour'''))
$$;

-- Closed tickets: what a desk has behind it.
CREATE FUNCTION bench.closed(first bigint, last bigint) RETURNS void LANGUAGE sql AS $$
    SELECT bench.clone('bench.ticket', 'dispatch.tickets', first, last, jsonb_build_object(
        'id', 'md5(''ticket '' || n)::uuid', 'external_id', '''ticket-'' || n',
        'required_skills', 'ARRAY[''skill-'' || n % 10]', 'priority', 'n % 10',
        'status', '''abandoned''', 'holder', '''assistant''', 'closed_at', 'now()',
        'next_action', 'NULL', 'deadline_at', 'NULL'))
$$;

-- The offers that agents took, and their engagements, spread over so many agents.
CREATE FUNCTION bench.engage(first bigint, last bigint, agents bigint, engagement jsonb) RETURNS void
LANGUAGE sql AS $$
    SELECT bench.clone('bench.offer', 'dispatch.offers', first, last, jsonb_build_object(
        'id', 'md5(''offer '' || n)::uuid', 'ticket_id', 'md5(''ticket '' || n)::uuid',
        'agent_id', format('md5(''agent '' || (1 + n %% %s))::uuid', agents)));
    SELECT bench.clone('bench.engagement', 'dispatch.engagements', first, last, engagement || jsonb_build_object(
        'id', 'md5(''engagement '' || n)::uuid', 'ticket_id', 'md5(''ticket '' || n)::uuid',
        'agent_id', format('md5(''agent '' || (1 + n %% %s))::uuid', agents),
        'offer_id', 'md5(''offer '' || n)::uuid'))
$$;

-- Conversations that are over. Without them PostgreSQL would plan for tables of one page, and keep to
-- its plans while they grow.
CREATE FUNCTION bench.over(first bigint, last bigint, agents bigint) RETURNS void
LANGUAGE sql AS $$
    SELECT bench.closed(first, last);
    SELECT bench.engage(first, last, agents, jsonb_build_object(
        'status', '''resolved''', 'disposition', '''solved''', 'ended_at', 'now()'))
$$;

-- Conversations that go on, spread over so many agents.
CREATE FUNCTION bench.talking(first bigint, last bigint, agents bigint) RETURNS void
LANGUAGE sql AS $$
    SELECT bench.clone('bench.ticket', 'dispatch.tickets', first, last, jsonb_build_object(
        'id', 'md5(''ticket '' || n)::uuid', 'external_id', '''ticket-'' || n',
        'customer_ref', '''customer-'' || n', 'status', '''engaged''', 'holder', '''agent''',
        'next_action', '''end_silence''', 'deadline_at', 'now() + interval ''1 hour'''));
    SELECT bench.engage(first, last, agents, jsonb_build_object('first_reply_at', 'now()'));
    UPDATE dispatch.workloads w SET load = held.units, chat_load = held.units
      FROM (SELECT agent_id, sum(weight) AS units FROM dispatch.engagements
             WHERE ended_at IS NULL GROUP BY agent_id) held
     WHERE held.agent_id = w.agent_id
$$;

-- As if no ticket had ever been. Triggers are out, for messages refuse to go.
CREATE FUNCTION bench.reset() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    SET LOCAL session_replication_role = replica;
    TRUNCATE dispatch.tickets CASCADE;
    TRUNCATE bench.tickets, bench.offers, bench.engagements, bench.messages, bench.keys, bench.events;
    UPDATE dispatch.workloads SET load = 0, chat_load = 0 WHERE load <> 0;
END $$;

-- The INSERT of a row like that of `pattern` for each row of `named`; `replaced` holds SQL by column.
-- All other values are written out, as a client would send them.
CREATE FUNCTION bench.insert_like(pattern regclass, target regclass, replaced jsonb) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    columns text := '';
    terms   text := '';
    value   text;
    item    record;
BEGIN
    FOR item IN SELECT attname, format_type(atttypid, atttypmod) AS kind FROM pg_attribute
                 WHERE attrelid = target AND attnum > 0
                   AND NOT attisdropped AND attgenerated = '' ORDER BY attnum
    LOOP
        EXECUTE format('SELECT %I::text FROM %s', item.attname, pattern) INTO value;
        columns := columns || ', ' || quote_ident(item.attname);
        terms := terms || ', '
            || coalesce(replaced ->> item.attname, format('%L::%s', value, item.kind));
    END LOOP;
    RETURN format('INSERT INTO %s (%s) SELECT %s FROM named', target, substr(columns, 3), substr(terms, 3));
END $$;

CREATE FUNCTION bench.insert_ticket() RETURNS text LANGUAGE sql AS $$
    SELECT 'WITH named AS (SELECT gen_random_uuid() AS id, nextval(''bench.numbers'') AS number), '
        || 'ticket AS (' || bench.insert_like('bench.ticket', 'bench.tickets', jsonb_build_object(
               'id', 'id', 'external_id', '''ceiling-'' || number')) || ' RETURNING id)'
$$;
CREATE FUNCTION bench.insert_event() RETURNS text LANGUAGE sql AS $$
    SELECT 'INSERT INTO bench.events (actor, action, subject, subject_id, new_state, ticket_id) '
           'SELECT ''bench'', ''escalate'', ''dispatch.tickets'', id::text, ''waiting'', id FROM ticket;'
$$;

-- A ticket and its row in the trail.
CREATE FUNCTION bench.insert_statement() RETURNS text LANGUAGE sql AS $$
    SELECT bench.insert_ticket() || ' ' || bench.insert_event()
$$;

-- All that an escalation writes: the ticket, its row in the trail, what the customer is told, and
-- the answer under its key.
CREATE FUNCTION bench.insert_all_statement() RETURNS text LANGUAGE sql AS $$
    SELECT bench.insert_ticket()
        || ', message AS (' || bench.insert_like('bench.message', 'bench.messages', jsonb_build_object(
               'ticket_id', 'id')) || '), '
        || 'key AS (' || bench.insert_like('bench.key', 'bench.keys', jsonb_build_object(
               'key', '''ceiling-'' || number', 'created_at', 'now()')) || ') '
        || bench.insert_event()
$$;

-- All that a claim writes: the agent's load, the ticket, the offer, the engagement, and three rows
-- in the trail.
CREATE FUNCTION bench.claim_all_statement() RETURNS text LANGUAGE sql AS $$
    SELECT 'WITH first AS (SELECT id FROM bench.tickets WHERE status = ''waiting'' '
           ' ORDER BY rank_at, id LIMIT 1 FOR UPDATE SKIP LOCKED), '
           'named AS (SELECT id, gen_random_uuid() AS offer, gen_random_uuid() AS engagement, '
           ' md5(''agent '' || 1 + floor(random() * 2000)::int)::uuid AS agent FROM first), '
           'load AS (UPDATE bench.workloads w SET idle_since = now() FROM named WHERE w.agent_id = named.agent), '
           'taken AS (UPDATE bench.tickets t SET status = ''engaged'', holder = ''agent'', '
           ' control_epoch = control_epoch + 1, next_action = ''first_reply'', taken_at = now() '
           ' FROM named WHERE t.id = named.id), '
        || 'offer AS (' || bench.insert_like('bench.offer', 'bench.offers', jsonb_build_object(
               'id', 'offer', 'ticket_id', 'id', 'agent_id', 'agent')) || '), '
        || 'engagement AS (' || bench.insert_like('bench.engagement', 'bench.engagements', jsonb_build_object(
               'id', 'engagement', 'ticket_id', 'id', 'agent_id', 'agent', 'offer_id', 'offer')) || ') '
        || 'INSERT INTO bench.events (actor, action, subject, subject_id, new_state, agent_id, ticket_id) '
           'SELECT ''bench'', ''claim_ticket'', e.subject, e.id::text, e.state, e.agent, named.id FROM named, LATERAL ('
           ' VALUES (''dispatch.tickets'', named.id, ''engaged'', NULL::uuid), '
           ' (''dispatch.offers'', named.offer, ''accepted'', named.agent), '
           ' (''dispatch.engagements'', named.engagement, ''talking'', named.agent)) '
           'AS e (subject, id, state, agent);'
$$;

-- All that assignments write, so many by one statement: the tickets, the agents' loads, the offers, and two
-- rows in the trail for each. Two sessions take different agents, so that they do not wait for each other.
CREATE FUNCTION bench.assign_statement(most bigint) RETURNS text LANGUAGE sql AS $$
    SELECT 'WITH named AS (SELECT id, gen_random_uuid() AS offer, '
           ' md5(''agent '' || 1 + 2 * floor(random() * 1000)::int + :client_id)::uuid AS agent '
           ' FROM bench.tickets WHERE status = ''waiting'' ORDER BY rank_at, id LIMIT ' || most
        || ' FOR UPDATE SKIP LOCKED), '
           'load AS (UPDATE bench.workloads w SET idle_since = now() '
           ' FROM (SELECT DISTINCT agent FROM named) taken WHERE w.agent_id = taken.agent), '
           'taken AS (UPDATE bench.tickets t SET status = ''offered'', next_action = ''expire_offer'', '
           ' deadline_at = now() + interval ''1 minute'' FROM named WHERE t.id = named.id), '
        || 'offer AS (' || bench.insert_like('bench.offer', 'bench.offers', jsonb_build_object(
               'id', 'offer', 'ticket_id', 'id', 'agent_id', 'agent', 'status', '''pending''', 'closed_at', 'NULL',
               'offered_at', 'now()', 'expires_at', 'now() + interval ''1 minute''')) || ') '
        || 'INSERT INTO bench.events (actor, action, subject, subject_id, new_state, agent_id, ticket_id) '
           'SELECT ''bench'', ''match'', e.subject, e.id::text, e.state, e.agent, named.id FROM named, LATERAL ('
           ' VALUES (''dispatch.tickets'', named.id, ''offered'', NULL::uuid), '
           ' (''dispatch.offers'', named.offer, ''pending'', named.agent)) AS e (subject, id, state, agent);'
$$;
