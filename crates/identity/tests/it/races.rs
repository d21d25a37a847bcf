//! Races, with real threads on a database of their own. Each has a control: the same race without
//! what guards the rule breaks it, so these tests can fail.

use std::{sync::Barrier, thread, time::Duration};

use chrono::{DateTime, Utc};
use db::{Db, Tx, testing::TestDatabase};
use diesel::{
    RunQueryDsl as _,
    sql_types::{Binary, Timestamptz, Uuid},
};
use identity::{Account, Checked, Error, Refresh, SessionKind, SignIn, SignedIn};
use kernel::{AccountId, Role, SessionId};
use sha2::{Digest as _, Sha256};

use crate::{ADDRESS, PASSWORD, new_account};

const THREADS: usize = 8;
const ADA: &str = "ada@example.com";
/// How long a naive version thinks between reading and writing, so that the others catch up.
const PAUSE: Duration = Duration::from_millis(150);

/// Runs `work` on so many threads that all begin at once.
fn at_once<T: Send>(work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let start = Barrier::new(THREADS);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|number| {
                let (start, work) = (&start, &work);
                scope.spawn(move || {
                    start.wait();
                    work(number)
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    })
}

fn create(db: &Db, email: &str) -> Result<Account, Error> {
    db.write_blocking("create", |tx| {
        identity::create_account(tx, &new_account(email, Role::Agent))
    })
}

fn checked(db: &Db, password: &str) -> Checked {
    let now = db.now();
    let candidate = db
        .read_blocking(|conn| identity::candidate(conn, ADA, ADDRESS, now))
        .unwrap();
    candidate.verify(password)
}

fn api_session(db: &Db) -> SignedIn {
    let checked = checked(db, PASSWORD);
    match db.write_blocking("sign_in", |tx| {
        identity::sign_in(tx, &checked, SessionKind::Api)
    }) {
        Ok(SignIn::Welcome(signed_in)) => signed_in,
        other => panic!("not welcome: {other:?}"),
    }
}

// --- One account per address

#[test]
fn of_accounts_made_at_once_for_one_address_one_remains() {
    let mut database = TestDatabase::create();
    let db = database.db();
    let outcomes = at_once(|_| create(&db, ADA));
    assert_eq!(
        outcomes.iter().filter(|outcome| outcome.is_ok()).count(),
        1,
        "{outcomes:?}"
    );
    assert!(
        outcomes
            .iter()
            .all(|outcome| matches!(outcome, Ok(_) | Err(Error::EmailTaken))),
        "{outcomes:?}"
    );
    assert_eq!(database.number("SELECT count(*) FROM identity.accounts"), 1);
}

#[test]
fn control_without_the_constraint_an_address_has_several_accounts() {
    let mut database = TestDatabase::create();
    database.sql("ALTER TABLE identity.accounts DROP CONSTRAINT accounts_one_per_email");
    let db = database.db();
    at_once(|_| create(&db, ADA).unwrap());
    assert!(database.number("SELECT count(*) FROM identity.accounts") > 1);
}

// --- One successor per refresh token

fn successors(database: &TestDatabase) -> i64 {
    database.number("SELECT count(*) FROM identity.refresh_tokens WHERE generation = 2")
}

fn live_sessions(database: &TestDatabase) -> i64 {
    database.number("SELECT count(*) FROM identity.sessions WHERE status = 'live'")
}

fn refresh_at_once(db: &Db) -> Vec<Refresh> {
    create(db, ADA).unwrap();
    let token = api_session(db).refresh_token.unwrap();
    at_once(|_| {
        db.write_blocking("refresh", |tx| identity::refresh(tx, &token))
            .unwrap()
    })
}

fn assert_one_rotated(database: &TestDatabase, outcomes: &[Refresh]) {
    let rotated = outcomes
        .iter()
        .filter(|one| matches!(one, Refresh::Rotated(_)))
        .count();
    let reused = outcomes
        .iter()
        .filter(|one| matches!(one, Refresh::Reused))
        .count();
    assert_eq!((rotated, reused), (1, THREADS - 1), "{outcomes:?}");
    assert_eq!(successors(database), 1);
    assert_eq!(live_sessions(database), 0, "the family is revoked");
}

#[test]
fn of_refreshes_at_once_with_one_token_one_rotates_and_the_others_revoke() {
    let mut database = TestDatabase::create();
    let outcomes = refresh_at_once(&database.db());
    assert_one_rotated(&database, &outcomes);
}

#[test]
fn the_lock_alone_keeps_a_token_to_one_successor() {
    let mut database = TestDatabase::create();
    database.sql(
        "ALTER TABLE identity.refresh_tokens DROP CONSTRAINT refresh_tokens_one_per_generation",
    );
    let outcomes = refresh_at_once(&database.db());
    assert_one_rotated(&database, &outcomes);
}

/// What a refresh would be without the lock: look, think, write.
fn naive_refresh(tx: &mut Tx<'_>, token: &str) -> Result<bool, Error> {
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = Uuid)]
        session_id: SessionId,
        #[diesel(sql_type = diesel::sql_types::Nullable<Timestamptz>)]
        used_at: Option<DateTime<Utc>>,
    }
    let (now, used) = (tx.now(), Sha256::digest(token.as_bytes()).to_vec());
    let row: Row = diesel::sql_query(
        "SELECT session_id, used_at FROM identity.refresh_tokens WHERE token_sha256 = $1",
    )
    .bind::<Binary, _>(&used)
    .get_result(tx.conn())?;
    if row.used_at.is_some() {
        return Ok(false);
    }
    thread::sleep(PAUSE);
    diesel::sql_query("UPDATE identity.refresh_tokens SET used_at = $2 WHERE token_sha256 = $1")
        .bind::<Binary, _>(&used)
        .bind::<Timestamptz, _>(now)
        .execute(tx.conn())?;
    diesel::sql_query("INSERT INTO identity.refresh_tokens VALUES ($1, $2, 2, $3, NULL)")
        .bind::<Binary, _>(kernel::random::bytes::<32>().to_vec())
        .bind::<Uuid, _>(row.session_id)
        .bind::<Timestamptz, _>(now)
        .execute(tx.conn())?;
    Ok(true)
}

fn naive_refresh_at_once(db: &Db) -> usize {
    create(db, ADA).unwrap();
    let token = api_session(db).refresh_token.unwrap();
    let outcomes = at_once(|_| db.write_blocking("naive", |tx| naive_refresh(tx, &token)));
    outcomes
        .into_iter()
        .filter(|outcome| matches!(outcome, Ok(true)))
        .count()
}

#[test]
fn control_without_lock_and_constraint_a_token_has_several_successors() {
    let mut database = TestDatabase::create();
    database.sql(
        "ALTER TABLE identity.refresh_tokens DROP CONSTRAINT refresh_tokens_one_per_generation",
    );
    assert!(naive_refresh_at_once(&database.db()) > 1);
    assert!(successors(&database) > 1);
}

#[test]
fn the_constraint_alone_keeps_a_token_to_one_successor() {
    let mut database = TestDatabase::create();
    assert_eq!(naive_refresh_at_once(&database.db()), 1);
    assert_eq!(successors(&database), 1);
}

// --- No failure is lost

fn failures(database: &TestDatabase, subject: &str) -> i64 {
    database.number(&format!(
        "SELECT failures FROM identity.attempts WHERE subject = '{subject}'"
    ))
}

#[test]
fn failures_at_once_are_all_counted() {
    let mut database = TestDatabase::create();
    let db = database.db();
    create(&db, ADA).unwrap();
    let refused = checked(&db, "incorrect horse");
    at_once(|_| {
        let outcome = db.write_blocking("sign_in", |tx| {
            identity::sign_in(tx, &refused, SessionKind::Page)
        });
        assert!(matches!(outcome, Ok(SignIn::Refused)), "{outcome:?}");
    });
    for subject in ["account:ada@example.com", "address:192.0.2.1"] {
        assert_eq!(failures(&database, subject), 8);
    }
}

#[test]
fn control_counting_by_reading_and_writing_back_loses_failures() {
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = diesel::sql_types::Integer)]
        failures: i32,
    }
    let mut database = TestDatabase::create();
    database.sql("INSERT INTO identity.attempts VALUES ('account:ada@example.com', now(), 0)");
    let db = database.db();
    at_once(|_| {
        db.write_blocking("naive", |tx| {
            let row: Row = diesel::sql_query("SELECT failures FROM identity.attempts")
                .get_result(tx.conn())?;
            thread::sleep(PAUSE);
            diesel::sql_query("UPDATE identity.attempts SET failures = $1")
                .bind::<diesel::sql_types::Integer, _>(row.failures + 1)
                .execute(tx.conn())?;
            Ok::<_, Error>(())
        })
        .unwrap();
    });
    assert!(failures(&database, "account:ada@example.com") < 8);
}

// --- No session outlives a suspension

/// Suspends the account just when a sign-in has looked at it and has not opened its session yet.
/// Returns how many sessions are live afterwards.
///
/// The sign-in is stopped there by another transaction, which holds the row of failures that a
/// success clears.
fn suspend_during(sign_in: impl Fn(&mut Tx<'_>, &Checked) + Sync) -> i64 {
    let mut database = TestDatabase::create();
    let db = database.db();
    let ada = create(&db, ADA).unwrap();
    let checked = checked(&db, PASSWORD);
    database.sql("INSERT INTO identity.attempts VALUES ('account:ada@example.com', now(), 1)");
    let write = |name, work: &(dyn Fn(&mut Tx<'_>) + Sync)| {
        db.write_blocking(name, |tx| {
            work(tx);
            Ok::<_, Error>(())
        })
        .unwrap();
    };
    let (held, released) = (Barrier::new(2), Barrier::new(2));
    thread::scope(|scope| {
        scope.spawn(|| {
            write("hold", &|tx| {
                diesel::sql_query("SELECT FROM identity.attempts FOR UPDATE")
                    .execute(tx.conn())
                    .unwrap();
                held.wait();
                released.wait();
            });
        });
        held.wait();
        scope.spawn(|| write("sign_in", &|tx| sign_in(tx, &checked)));
        until(|| waiting(&database) == 1);
        let suspension = scope.spawn(|| {
            write("suspend", &|tx| {
                identity::suspend_account(tx, ada.id).unwrap();
            });
        });
        until(|| waiting(&database) == 2 || suspension.is_finished());
        released.wait();
    });
    live_sessions(&database)
}

/// How many transactions wait for a lock.
fn waiting(database: &TestDatabase) -> i64 {
    database.number(
        "SELECT count(*) FROM pg_stat_activity \
         WHERE datname = current_database() AND wait_event_type = 'Lock'",
    )
}

fn until(done: impl Fn() -> bool) {
    for _ in 0..400 {
        if done() {
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("it did not come to pass in four seconds");
}

#[test]
fn a_session_opened_during_a_suspension_does_not_outlive_it() {
    let live = suspend_during(|tx, checked| {
        let outcome = identity::sign_in(tx, checked, SessionKind::Page);
        assert!(matches!(outcome, Ok(SignIn::Welcome(_))), "{outcome:?}");
    });
    assert_eq!(live, 0);
}

#[test]
fn control_without_the_lock_a_session_outlives_the_suspension() {
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = Uuid)]
        id: AccountId,
    }
    let live = suspend_during(|tx, _| {
        let now = tx.now();
        let account: Row =
            diesel::sql_query("SELECT id FROM identity.accounts WHERE status = 'active'")
                .get_result(tx.conn())
                .unwrap();
        diesel::sql_query("DELETE FROM identity.attempts")
            .execute(tx.conn())
            .unwrap();
        diesel::sql_query(
            "INSERT INTO identity.sessions VALUES ($1, $2, 'page', 'live', $3, $3, NULL)",
        )
        .bind::<Uuid, _>(SessionId::new())
        .bind::<Uuid, _>(account.id)
        .bind::<Timestamptz, _>(now)
        .execute(tx.conn())
        .unwrap();
    });
    assert_eq!(live, 1);
}
