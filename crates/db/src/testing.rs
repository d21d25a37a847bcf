//! Databases for tests, on a real PostgreSQL.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot be arranged should stop"
)]
//!
//! The server is the one named by `GIGDESK_TEST_DATABASE_URL`, else a private one under
//! `target/test-postgres`. Databases are cloned from a template that holds the migrated schema and
//! is named by a hash of the migrations, so that it is built once.
//!
//! - [`Sandbox`]: one connection whose transaction is never committed. Fast; for one actor.
//! - [`TestDatabase`]: a database of one's own. For races, queues and HTTP.

use std::{
    collections::{BTreeMap, hash_map::DefaultHasher},
    hash::{Hash as _, Hasher as _},
    path::Path,
    sync::{Arc, Mutex, OnceLock},
};

use chrono::{DateTime, Utc};
use diesel::{
    Connection as _, PgConnection, QueryResult, RunQueryDsl as _,
    connection::{InstrumentationEvent, SimpleConnection as _},
    result::Error as DieselError,
    sql_types,
};

use crate::{
    clock::Clock,
    connect::{Db, Settings},
    tx::Tx,
    verify,
};

/// Everything the schema comes from, in order.
static MIGRATION_FILES: OnceLock<String> = OnceLock::new();

/// A connection in a transaction that is never committed.
pub struct Sandbox {
    conn: PgConnection,
    /// The instant that the next transaction will have.
    pub now: DateTime<Utc>,
}

/// A sandbox on the shared database, which stays empty.
pub fn sandbox() -> Sandbox {
    let url = url_of(&shared_database());
    let mut conn = connect(&url);
    conn.batch_execute("SET timezone = 'UTC'")
        .expect("the session can be set up");
    conn.begin_test_transaction()
        .expect("a test transaction begins");
    Sandbox {
        conn,
        now: Clock::default().now(),
    }
}

impl Sandbox {
    /// As [`Db::write`], inside the sandbox: what fails leaves no trace.
    pub fn write<T, E>(&mut self, work: impl FnOnce(&mut Tx<'_>) -> Result<T, E>) -> Result<T, E>
    where
        E: From<DieselError>,
    {
        let now = self.now;
        self.conn.transaction(|conn| work(&mut Tx::new(conn, now)))
    }

    /// As [`Db::read`], inside the sandbox.
    pub fn read<T, E>(
        &mut self,
        work: impl FnOnce(&mut PgConnection) -> Result<T, E>,
    ) -> Result<T, E>
    where
        E: From<DieselError>,
    {
        self.conn.transaction(work)
    }

    /// Runs statements of a test's own, to arrange rows of other domains.
    pub fn sql(&mut self, statements: &str) {
        self.conn
            .batch_execute(statements)
            .expect("the test's statements run");
    }

    /// Fires the constraints that wait for a commit.
    pub fn check_constraints(&mut self) -> QueryResult<()> {
        self.conn
            .batch_execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
    }

    /// Fails when a promise of `scripts/verify.sql` is broken.
    pub fn assert_promises(&mut self) {
        let broken = verify::broken(&mut self.conn).expect("the promises can be checked");
        assert!(broken.is_empty(), "broken promises: {broken:#?}");
    }
}

/// So often PostgreSQL plans a statement for the values at hand, before it compares.
const COMPARED: u32 = 5;

/// The statements that the database plans anew each time that this work is done: those that are not
/// kept prepared, and those for whose plan the values matter. What the work runs often enough for
/// the database to decide is looked at.
pub fn planned_anew<E: From<DieselError>>(
    tx: &mut Tx<'_>,
    work: impl FnOnce(&mut Tx<'_>) -> Result<(), E>,
) -> Result<Vec<String>, E> {
    #[derive(diesel::QueryableByName)]
    struct Prepared {
        #[diesel(sql_type = sql_types::Text)]
        statement: String,
        #[diesel(sql_type = sql_types::BigInt)]
        generic_plans: i64,
    }
    let asked = Arc::new(Mutex::new(BTreeMap::new()));
    let heard = Arc::clone(&asked);
    let hear = move |event: InstrumentationEvent<'_>| {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            let text = query.to_string();
            let text = text.split(" -- binds").next().unwrap_or_default();
            let mut heard = heard.lock().expect("nobody panicked");
            *heard.entry(text.to_owned()).or_insert(0) += 1;
        }
    };
    tx.conn().set_instrumentation(hear);
    work(tx)?;
    tx.conn()
        .set_instrumentation(|_: InstrumentationEvent<'_>| {});
    let prepared: Vec<Prepared> =
        diesel::sql_query("SELECT statement, generic_plans FROM pg_prepared_statements")
            .load(tx.conn())?;
    let is_planned_once = |text: &String| {
        prepared
            .iter()
            .any(|known| known.statement == *text && known.generic_plans > 0)
    };
    let mut asked = std::mem::take(&mut *asked.lock().expect("nobody panicked"));
    asked.retain(|text, times| *times > COMPARED && !is_planned_once(text));
    Ok(asked.into_keys().collect())
}

/// A migrated database of a test's own, dropped with the value.
pub struct TestDatabase {
    name: String,
    db: Option<Db>,
}

impl TestDatabase {
    /// Clones the template.
    pub fn create() -> Self {
        let template = template();
        let name = format!("t_{:032x}", u128::from_le_bytes(kernel::random::bytes()));
        admin(&format!(
            "CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY"
        ));
        Self { name, db: None }
    }

    /// Where it is.
    pub fn url(&self) -> String {
        url_of(&self.name)
    }

    /// A door to it, the same each time.
    pub fn db(&mut self) -> Db {
        let url = self.url();
        self.db
            .get_or_insert_with(|| {
                Db::connect(&Settings { url, pool_size: 16 }).expect("the test database answers")
            })
            .clone()
    }

    /// Runs statements of a test's own.
    pub fn sql(&self, statements: &str) {
        connect(&self.url())
            .batch_execute(statements)
            .expect("the test's statements run");
    }

    /// The one number that a statement of a test's own returns.
    pub fn number(&self, select: &str) -> i64 {
        #[derive(diesel::QueryableByName)]
        struct Row {
            #[diesel(sql_type = sql_types::BigInt)]
            number: i64,
        }
        diesel::sql_query(format!("SELECT ({select})::bigint AS number"))
            .get_result::<Row>(&mut connect(&self.url()))
            .expect("the test's statement returns a number")
            .number
    }

    /// Fails when a promise of `scripts/verify.sql` is broken.
    pub fn assert_promises(&self) {
        let broken =
            verify::broken(&mut connect(&self.url())).expect("the promises can be checked");
        assert!(broken.is_empty(), "broken promises: {broken:#?}");
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        self.db = None;
        admin(&format!(
            "DROP DATABASE IF EXISTS {} WITH (FORCE)",
            self.name
        ));
    }
}

fn connect(url: &str) -> PgConnection {
    PgConnection::establish(url).expect("the test server answers")
}

/// Runs one statement in the server's own database.
fn admin(statement: &str) {
    connect(&url_of("postgres"))
        .batch_execute(statement)
        .expect("the server does as it is told");
}

/// The test server's URL with another database's name.
fn url_of(database: &str) -> String {
    static SERVER: OnceLock<local_postgres::Server> = OnceLock::new();
    match std::env::var("GIGDESK_TEST_DATABASE_URL") {
        Ok(url) => replace_database(&url, database),
        Err(_) => SERVER
            .get_or_init(|| {
                let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/test-postgres");
                std::fs::create_dir_all(&dir).expect("target is writable");
                let dir = dir.canonicalize().expect("the directory is there");
                local_postgres::Server::start(&local_postgres::Settings::for_tests(dir))
                    .unwrap_or_else(|error| panic!("no PostgreSQL for the tests: {error}"))
            })
            .url(database),
    }
}

/// Puts another database name between the host and the question mark of a URL.
fn replace_database(url: &str, database: &str) -> String {
    let (base, options) = url.split_once('?').unwrap_or((url, ""));
    let server = base.rsplit_once('/').map_or(base, |(server, _)| server);
    format!("{server}/{database}?{options}")
}

fn schema_hash() -> u64 {
    let files = MIGRATION_FILES.get_or_init(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations");
        let mut folders: Vec<_> = std::fs::read_dir(root)
            .expect("the migrations are there")
            .filter_map(|entry| entry.ok().map(|entry| entry.path().join("up.sql")))
            .filter(|path| path.exists())
            .collect();
        folders.sort();
        folders
            .iter()
            .map(|path| std::fs::read_to_string(path).expect("a migration is readable"))
            .collect()
    });
    let mut hasher = DefaultHasher::new();
    files.hash(&mut hasher);
    hasher.finish()
}

/// The database that all sandboxes share.
fn shared_database() -> String {
    let name = format!("sandbox_{:016x}", schema_hash());
    let template = template();
    once_on_server(&name, |conn| {
        conn.batch_execute(&format!(
            "CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY"
        ))
    });
    name
}

fn template() -> String {
    let name = format!("template_{:016x}", schema_hash());
    once_on_server(&name, |conn| {
        let raw = format!("{name}_raw");
        conn.batch_execute(&format!("DROP DATABASE IF EXISTS {raw} WITH (FORCE)"))?;
        conn.batch_execute(&format!("CREATE DATABASE {raw}"))?;
        crate::migrations::run(&url_of(&raw)).expect("the migrations apply");
        conn.batch_execute(&format!("ALTER DATABASE {raw} RENAME TO {name}"))
    });
    name
}

/// Makes a database unless it is there, with other test processes kept out meanwhile.
fn once_on_server(name: &str, make: impl FnOnce(&mut PgConnection) -> QueryResult<()>) {
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = sql_types::Bool)]
        exists: bool,
    }
    let mut conn = connect(&url_of("postgres"));
    conn.batch_execute("SELECT pg_advisory_lock(7140252)")
        .expect("the lock is granted");
    let there =
        diesel::sql_query("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1) AS exists")
            .bind::<sql_types::Text, _>(name)
            .get_result::<Row>(&mut conn)
            .expect("the catalog answers")
            .exists;
    if !there {
        make(&mut conn).unwrap_or_else(|error| panic!("database {name}: {error}"));
    }
    conn.batch_execute("SELECT pg_advisory_unlock(7140252)")
        .expect("the lock is returned");
}
