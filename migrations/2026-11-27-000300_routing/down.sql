-- The columns and tables go with the schema, which the migration that made it drops.
SELECT 1;
