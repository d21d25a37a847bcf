//! Writes are whole or not at all; reads write nothing.

use std::sync::atomic::{AtomicU32, Ordering};

use db::{Topic, testing::TestDatabase};
use diesel::{RunQueryDsl as _, result::Error as DieselError};
use kernel::{Class, Classify};

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("no")]
    Refused,
    #[error("database error")]
    Database(#[from] DieselError),
}

impl Classify for Error {
    fn class(&self) -> Class {
        match self {
            Self::Refused => Class::Conflict,
            Self::Database(error) => db::class_of(error),
        }
    }
    fn code(&self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Database(error) => db::code_of(error),
        }
    }
}

const INSERT: &str = "INSERT INTO platform.idempotency_keys VALUES \
    ('s', 'k', sha256('x'), 200, 'x', now())";

#[test]
fn a_write_that_fails_leaves_nothing_behind_and_rings_no_bell() {
    let mut database = TestDatabase::create();
    let db = database.db();
    let mut heard = db.bell().listen();
    let outcome: Result<(), Error> = db.write_blocking("test", |tx| {
        diesel::sql_query(INSERT).execute(tx.conn())?;
        tx.ring(Topic::Match);
        Err(Error::Refused)
    });
    assert!(matches!(outcome, Err(Error::Refused)));
    assert_eq!(
        database.number("SELECT count(*) FROM platform.idempotency_keys"),
        0
    );
    let rung = std::iter::from_fn(|| heard.try_recv().ok()).any(|topic| topic == Topic::Match);
    assert!(!rung, "a bell rang for nothing");
}

#[test]
fn a_read_cannot_write() {
    let mut database = TestDatabase::create();
    let outcome: Result<usize, Error> = database
        .db()
        .read_blocking(|conn| Ok(diesel::sql_query(INSERT).execute(conn)?));
    assert!(outcome.is_err());
    assert_eq!(
        database.number("SELECT count(*) FROM platform.idempotency_keys"),
        0
    );
}

#[test]
fn a_look_cannot_write() {
    let mut database = TestDatabase::create();
    let db = database.db();
    let look = || db.look_blocking(|conn| Ok::<_, Error>(diesel::sql_query(INSERT).execute(conn)?));
    assert!(look().is_err());
    let written: Result<(), Error> = db.write_blocking("test", |_| Ok(()));
    written.unwrap();
    assert!(
        look().is_err(),
        "a write left the connection open to writes"
    );
    assert_eq!(
        database.number("SELECT count(*) FROM platform.idempotency_keys"),
        0
    );
}

#[test]
fn contention_is_met_by_running_the_work_again() {
    let mut database = TestDatabase::create();
    let runs = AtomicU32::new(0);
    let outcome: Result<u32, Error> =
        database
            .db()
            .write_blocking("test", |_| match runs.fetch_add(1, Ordering::Relaxed) {
                0 => Err(Error::Database(DieselError::DatabaseError(
                    diesel::result::DatabaseErrorKind::SerializationFailure,
                    Box::new("could not serialize".to_owned()),
                ))),
                run => Ok(run),
            });
    assert_eq!(outcome.unwrap(), 1);
}

#[test]
fn connections_that_the_server_cut_are_replaced_unnoticed() {
    let mut database = TestDatabase::create();
    let db = database.db();
    let read = |db: &db::Db| -> Result<i64, Error> {
        db.read_blocking(|conn| {
            diesel::select(diesel::dsl::sql::<diesel::sql_types::BigInt>("1::bigint"))
                .get_result(conn)
                .map_err(Into::into)
        })
    };
    let look = |db: &db::Db| -> Result<i64, Error> {
        db.look_blocking(|conn| {
            diesel::select(diesel::dsl::sql::<diesel::sql_types::BigInt>("2::bigint"))
                .get_result(conn)
                .map_err(Into::into)
        })
    };
    let cut = || {
        database.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
        );
    };
    read(&db).unwrap();
    cut();
    assert_eq!(read(&db).unwrap(), 1);
    cut();
    assert_eq!(look(&db).unwrap(), 2);
}

#[test]
fn a_panic_gives_the_connection_back_without_its_transaction() {
    let mut database = TestDatabase::create();
    let db = database.db();
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        db.write_blocking("test", |tx| -> Result<(), Error> {
            diesel::sql_query(INSERT).execute(tx.conn())?;
            panic!("in the middle");
        })
    }));
    assert!(panicked.is_err());
    assert_eq!(
        database.number("SELECT count(*) FROM platform.idempotency_keys"),
        0
    );
    let after: Result<(), Error> = db.write_blocking("test", |_| Ok(()));
    after.unwrap();
}

#[tokio::test]
async fn a_bell_is_heard_on_another_node() {
    let database = TestDatabase::create();
    let open = || {
        let settings = db::Settings {
            url: database.url(),
            pool_size: 2,
        };
        db::Db::connect(&settings).unwrap()
    };
    let (here, there) = (open(), open());
    let mut heard = there.bell().listen();
    // Both bells connect in their own time, so it is rung until it is heard.
    let wait = async {
        loop {
            let rung: Result<(), Error> = here
                .write("test", |tx| {
                    tx.ring(Topic::Floor);
                    Ok(())
                })
                .await;
            rung.unwrap();
            let next = async { while heard.recv().await.unwrap() != Topic::Floor {} };
            let pause = std::time::Duration::from_millis(200);
            if tokio::time::timeout(pause, next).await.is_ok() {
                return;
            }
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), wait)
        .await
        .unwrap();
}
