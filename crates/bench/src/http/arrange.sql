-- Rows in bulk. One ticket, offer and engagement that the platform made itself are the pattern of
-- all others, so that a new column of theirs is no concern of this file.

CREATE SCHEMA bench;
CREATE TABLE bench.ticket AS SELECT * FROM dispatch.tickets;
CREATE TABLE bench.offer AS SELECT * FROM dispatch.offers;
CREATE TABLE bench.engagement AS SELECT * FROM dispatch.engagements;

-- The product's tables without its triggers and foreign keys, for what the machine could do at most.
CREATE TABLE bench.tickets (LIKE dispatch.tickets INCLUDING ALL);
CREATE TABLE bench.events (LIKE audit.events INCLUDING ALL);
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
        'deadline_at', 'now() + interval ''1 day''', 'preferred_agent_id', 'NULL',
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

-- Conversations that go on, spread over so many agents.
CREATE FUNCTION bench.talking(first bigint, last bigint, agents bigint) RETURNS void
LANGUAGE sql AS $$
    SELECT bench.clone('bench.ticket', 'dispatch.tickets', first, last, jsonb_build_object(
        'id', 'md5(''ticket '' || n)::uuid', 'external_id', '''ticket-'' || n',
        'customer_ref', '''customer-'' || n', 'status', '''engaged''', 'holder', '''agent''',
        'next_action', '''end_silence''', 'deadline_at', 'now() + interval ''1 hour'''));
    SELECT bench.clone('bench.offer', 'dispatch.offers', first, last, jsonb_build_object(
        'id', 'md5(''offer '' || n)::uuid', 'ticket_id', 'md5(''ticket '' || n)::uuid',
        'agent_id', format('md5(''agent '' || (1 + n %% %s))::uuid', agents)));
    SELECT bench.clone('bench.engagement', 'dispatch.engagements', first, last, jsonb_build_object(
        'id', 'md5(''engagement '' || n)::uuid', 'ticket_id', 'md5(''ticket '' || n)::uuid',
        'agent_id', format('md5(''agent '' || (1 + n %% %s))::uuid', agents),
        'offer_id', 'md5(''offer '' || n)::uuid', 'first_reply_at', 'now()'));
    UPDATE dispatch.workloads w SET load = held.units, chat_load = held.units
      FROM (SELECT agent_id, sum(weight) AS units FROM dispatch.engagements
             WHERE ended_at IS NULL GROUP BY agent_id) held
     WHERE held.agent_id = w.agent_id
$$;

-- As if no ticket had ever been. Triggers are out, for messages refuse to go.
CREATE FUNCTION bench.reset() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    SET LOCAL session_replication_role = replica;
    TRUNCATE dispatch.tickets, bench.tickets, bench.events CASCADE;
    UPDATE dispatch.workloads SET load = 0, chat_load = 0 WHERE load <> 0;
END $$;

-- The statement that writes the rows of an escalation: the ticket and its audit row.
CREATE FUNCTION bench.insert_statement() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    columns text := '';
    terms   text := '';
    value   text;
    item    record;
BEGIN
    FOR item IN SELECT attname, format_type(atttypid, atttypmod) AS kind FROM pg_attribute
                 WHERE attrelid = 'bench.tickets'::regclass AND attnum > 0
                   AND NOT attisdropped AND attgenerated = '' ORDER BY attnum
    LOOP
        EXECUTE format('SELECT %I::text FROM bench.ticket', item.attname) INTO value;
        columns := columns || ', ' || quote_ident(item.attname);
        terms := terms || ', ' || CASE item.attname
            WHEN 'id' THEN 'id'
            WHEN 'external_id' THEN '''ceiling-'' || number'
            ELSE format('%L::%s', value, item.kind) END;
    END LOOP;
    RETURN format(
        'WITH named AS (SELECT gen_random_uuid() AS id, nextval(''bench.numbers'') AS number), '
        'ticket AS (INSERT INTO bench.tickets (%s) SELECT %s FROM named RETURNING id) '
        'INSERT INTO bench.events (actor, action, subject, subject_id, new_state, ticket_id) '
        'SELECT ''bench'', ''escalate'', ''dispatch.tickets'', id::text, ''waiting'', id FROM ticket;',
        substr(columns, 3), substr(terms, 3));
END $$;
