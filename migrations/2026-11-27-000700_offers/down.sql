ALTER TABLE dispatch.offers
    DROP CONSTRAINT offers_of_the_matcher_name_their_policy,
    DROP COLUMN policy_queue;
