-- An offer names the policy by which it was made: the queue's at that time. Its ticket may have moved
-- to another queue since.
ALTER TABLE dispatch.offers ADD COLUMN policy_queue text;
-- What the run of the matcher was told of the ticket says where it was then; where the run is no
-- longer kept, it was where it is now.
UPDATE dispatch.offers o SET policy_queue = coalesce(
    (SELECT told ->> 'queue'
       FROM dispatch.match_records r, jsonb_array_elements(r.inputs::jsonb -> 'tickets') told
      WHERE r.id = o.match_record_id
        AND replace(told ->> 'id', '-', '') = replace(o.ticket_id::text, '-', '') LIMIT 1),
    (SELECT queue FROM dispatch.tickets t WHERE t.id = o.ticket_id))
 WHERE o.policy_version IS NOT NULL;
-- An offer whose policy cannot be told any more names none.
UPDATE dispatch.offers o SET policy_queue = NULL, policy_version = NULL, match_record_id = NULL
 WHERE o.policy_version IS NOT NULL AND NOT EXISTS
    (SELECT FROM dispatch.policies p WHERE p.queue = o.policy_queue AND p.version = o.policy_version);
ALTER TABLE dispatch.offers
    ADD CONSTRAINT offers_policy_fkey FOREIGN KEY (policy_queue, policy_version)
        REFERENCES dispatch.policies,
    ADD CONSTRAINT offers_policy_is_whole CHECK ((policy_queue IS NULL) = (policy_version IS NULL)),
    ADD CONSTRAINT offers_of_the_matcher_name_their_policy CHECK
        (match_record_id IS NULL OR policy_version IS NOT NULL);
