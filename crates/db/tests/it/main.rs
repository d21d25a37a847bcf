//! Tests of the database layer, on a real PostgreSQL.

mod schema_files;
mod transactions;
