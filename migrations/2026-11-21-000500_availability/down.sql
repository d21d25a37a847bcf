DROP SCHEMA availability CASCADE;
