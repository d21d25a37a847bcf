//! The migrations, compiled in.

use diesel::{Connection as _, PgConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness as _, embed_migrations};

use crate::feed;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations");

/// Applies what is pending, one node at a time, and returns the names of what was applied.
pub fn run(url: &str) -> Result<Vec<String>, String> {
    let mut conn = PgConnection::establish(url).map_err(|error| error.to_string())?;
    lock(&mut conn, "pg_advisory_lock")?;
    let applied = conn
        .run_pending_migrations(MIGRATIONS)
        .map(|versions| versions.iter().map(ToString::to_string).collect())
        .map_err(|error| format!("a migration failed: {error}"))
        .and_then(|versions| {
            let rows = feed::make_history(&mut conn).map_err(|error| error.to_string())?;
            if rows > 0 {
                tracing::warn!(rows, "audit rows of another server became history");
            }
            Ok(versions)
        });
    lock(&mut conn, "pg_advisory_unlock")?;
    applied
}

/// The names of migrations that this program knows and the database lacks.
pub fn pending(url: &str) -> Result<Vec<String>, String> {
    let mut conn = PgConnection::establish(url).map_err(|error| error.to_string())?;
    let pending = conn
        .pending_migrations(MIGRATIONS)
        .map_err(|error| error.to_string())?;
    Ok(pending
        .iter()
        .map(|migration| migration.name().to_string())
        .collect())
}

fn lock(conn: &mut PgConnection, function: &str) -> Result<(), String> {
    use diesel::connection::SimpleConnection as _;
    // An arbitrary number that stands for "migrating".
    conn.batch_execute(&format!("SELECT {function}(7140251)"))
        .map_err(|error| error.to_string())
}
