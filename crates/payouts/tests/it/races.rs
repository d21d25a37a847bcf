//! Two at once. Each race has a control, in which what guards it is gone and it is lost.

use std::sync::Barrier;

use chrono::TimeDelta;
use db::testing::TestDatabase;
use diesel::{Connection as _, PgConnection, connection::SimpleConnection as _};
use kernel::AccountId;
use payouts::{Error, RunStatus, accrue, approve_run, export_run, prepare_run, settle_run};

use crate::world::{EUR, World as _, vault};

/// Does it twice, both begun at the same instant.
fn twice<T: Send>(work: impl Fn(usize) -> T + Sync) -> [T; 2] {
    let barrier = Barrier::new(2);
    let at_once = |turn| {
        barrier.wait();
        work(turn)
    };
    std::thread::scope(|scope| {
        let other = scope.spawn(|| at_once(1));
        [at_once(0), other.join().unwrap()]
    })
}

/// Runs statements on a connection of their own; whether they succeeded.
fn succeeds(url: &str, statements: &str) -> bool {
    let mut conn = PgConnection::establish(url).unwrap();
    conn.transaction(|conn| conn.batch_execute(statements))
        .is_ok()
}

/// Five agents with a payee, each with a line that is due.
fn earned() -> TestDatabase {
    let mut db = TestDatabase::create();
    db.priced();
    for _ in 0..5 {
        let agent = db.paid_agent();
        db.earn(agent);
    }
    db
}

#[test]
fn two_preparers_at_once_make_one_run() {
    let mut database = earned();
    let preparers = [database.account(), database.account()];
    let (db, end) = (database.db(), database.now());
    for round in 1..=5 {
        let outcomes = twice(|turn| {
            let start = end - TimeDelta::days(7);
            db.write_blocking("prepare", |tx| {
                prepare_run(tx, start, end, EUR, preparers[turn])
            })
        });
        let (made, refused): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
        assert_eq!(made.len(), 1, "{refused:?}");
        assert!(
            matches!(refused[0], Err(Error::NothingToPay)),
            "{refused:?}"
        );
        let run = made.into_iter().next().unwrap().unwrap().run;
        assert_eq!((run.line_count, run.total_minor), (5, 2250));
        database.assert_promises();
        assert_eq!(
            database.number("SELECT count(*) FROM payouts.payout_runs"),
            round
        );
        database
            .command(|tx| payouts::void_run(tx, run.id, preparers[0], "once more"))
            .unwrap();
    }
}

/// What a careless preparer would do: look what is due, take a while, write it down.
fn naive_preparation(by: AccountId) -> String {
    format!(
        "WITH due AS MATERIALIZED (
             SELECT l.*, gen_random_uuid() AS item_id, gen_random_uuid() AS run_id
               FROM payouts.earning_lines l, pg_sleep(0.5)
              WHERE NOT EXISTS (SELECT FROM payouts.payout_item_lines p WHERE p.line_id = l.id)
              ORDER BY l.id LIMIT 1),
         run AS (
             INSERT INTO payouts.payout_runs (id, period_start, period_end, currency, status,
                    item_count, line_count, total_minor, created_by, created_at)
             SELECT run_id, now() - interval '1 day', now(), 'EUR', 'closed', 1, 1, amount_minor,
                    '{}', now() FROM due),
         item AS (
             INSERT INTO payouts.payout_items SELECT item_id, run_id, agent_id, amount_minor, 1,
                    'n', 's', NULL, 'p', 'c', 'DE', '', '', NULL FROM due)
         INSERT INTO payouts.payout_item_lines SELECT id, item_id FROM due",
        by.uuid()
    )
}

#[test]
fn control_without_the_key_two_careless_preparers_pay_a_line_twice() {
    let mut database = earned();
    let (url, sql) = (database.url(), naive_preparation(database.account()));
    let paid_twice = "SELECT count(*) FROM (SELECT FROM payouts.payout_item_lines \
                      GROUP BY line_id HAVING count(*) > 1) lines";

    let outcomes = twice(|_| succeeds(&url, &sql));
    assert_eq!(
        outcomes.iter().filter(|done| **done).count(),
        1,
        "the key refuses the second"
    );
    assert_eq!(database.number(paid_twice), 0);

    database.sql("ALTER TABLE payouts.payout_item_lines DROP CONSTRAINT payout_item_lines_pkey");
    assert_eq!(twice(|_| succeeds(&url, &sql)), [true, true]);
    assert_eq!(database.number(paid_twice), 1);
}

#[test]
fn of_two_approvers_at_once_one_is_on_record() {
    let mut database = earned();
    let preparer = database.account();
    let approvers = [database.account(), database.account()];
    let id = database.prepare(preparer).unwrap().run.id;
    let db = database.db();
    let outcomes =
        twice(|turn| db.write_blocking("approve", |tx| approve_run(tx, id, approvers[turn])));
    let winner = outcomes.iter().position(Result::is_ok).unwrap();
    assert!(
        matches!(
            outcomes[1 - winner],
            Err(Error::WrongState {
                status: RunStatus::Approved,
                ..
            })
        ),
        "{outcomes:?}"
    );
    let run = db
        .read_blocking(|conn| payouts::run(conn, id))
        .unwrap()
        .unwrap();
    assert_eq!(run.approved_by, Some(approvers[winner]));
    database.assert_promises();
}

#[test]
fn control_without_the_lock_and_the_freeze_the_second_approver_overwrites_the_first() {
    let mut database = earned();
    let preparer = database.account();
    let approvers = [database.account(), database.account()];
    let _ = database.prepare(preparer).unwrap();
    let url = database.url();
    // The check sees the snapshot from before the pause; the update is on whatever is there then.
    let careless = |turn: usize| {
        format!(
            "DO $$ DECLARE was text; BEGIN \
             SELECT status INTO was FROM payouts.payout_runs; PERFORM pg_sleep(0.5); \
             IF was <> 'closed' THEN RAISE 'not closed'; END IF; \
             UPDATE payouts.payout_runs SET status = 'approved', approved_by = '{}', \
             approved_at = now(); END $$",
            approvers[turn].uuid()
        )
    };
    database.sql("ALTER TABLE payouts.payout_runs DISABLE TRIGGER payout_runs_frozen");
    assert_eq!(twice(|turn| succeeds(&url, &careless(turn))), [true, true]);

    database.sql(
        "UPDATE payouts.payout_runs SET status = 'closed', approved_by = NULL, approved_at = NULL; \
         ALTER TABLE payouts.payout_runs ENABLE TRIGGER payout_runs_frozen",
    );
    let outcomes = twice(|turn| succeeds(&url, &careless(turn)));
    assert_eq!(
        outcomes.iter().filter(|done| **done).count(),
        1,
        "the freeze alone keeps one"
    );
}

#[test]
fn two_exports_at_once_give_the_same_bytes() {
    let mut database = earned();
    let id = database.approved_run();
    let db = database.db();
    let [one, other] = twice(|_| {
        db.write_blocking("export", |tx| export_run(tx, &vault(), id))
            .unwrap()
    });
    assert_eq!((one.bytes, one.sha256_hex), (other.bytes, other.sha256_hex));
    assert_eq!(
        database.number("SELECT count(*) FROM payouts.payout_files"),
        1
    );
    database.assert_promises();
}

#[test]
fn control_without_the_lock_and_the_key_there_are_two_files() {
    let mut database = earned();
    let id = database.approved_run();
    let url = database.url();
    let careless = format!(
        "INSERT INTO payouts.payout_files SELECT id, 'csv', random()::text::bytea, sha256(''), \
         now() FROM payouts.payout_runs r, pg_sleep(0.5) WHERE id = '{}' \
         AND NOT EXISTS (SELECT FROM payouts.payout_files f WHERE f.run_id = r.id)",
        id.uuid()
    );
    database.sql("ALTER TABLE payouts.payout_files DROP CONSTRAINT payout_files_pkey");
    assert_eq!(twice(|_| succeeds(&url, &careless)), [true, true]);
    assert_eq!(
        database.number("SELECT count(DISTINCT bytes) FROM payouts.payout_files"),
        2
    );
}

#[test]
fn an_engagement_booked_by_two_at_once_accrues_once() {
    let mut database = TestDatabase::create();
    database.priced();
    let db = database.db();
    for _ in 0..10 {
        // A new agent each time, so that the account is opened by two at once as well.
        let agent = database.agent();
        let work = database.work(agent, 400);
        let outcomes = twice(|_| db.write_blocking("accrue", |tx| accrue(tx, &work)));
        let done = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        assert_eq!(done, 1, "{outcomes:?}");
        assert!(
            outcomes
                .iter()
                .any(|outcome| matches!(outcome, Err(Error::AlreadyAccrued))),
            "{outcomes:?}"
        );
        let summary = db
            .read_blocking(|conn| payouts::earnings_summary(conn, agent, EUR))
            .unwrap();
        assert_eq!(summary.balance.minor, 450);
    }
    database.assert_promises();
}

#[test]
fn control_without_the_constraints_an_engagement_accrues_twice() {
    let mut database = TestDatabase::create();
    database.priced();
    let agent = database.agent();
    let work = database.work(agent, 400);
    database.sql(
        "ALTER TABLE payouts.entries DROP CONSTRAINT entries_one_per_fact; \
         ALTER TABLE payouts.earning_lines DROP CONSTRAINT earning_lines_one_per_engagement",
    );
    let db = database.db();
    let outcomes = twice(|_| db.write_blocking("accrue", |tx| accrue(tx, &work)).is_ok());
    assert_eq!(outcomes, [true, true]);
    assert_eq!(
        database.number("SELECT sum(balance_minor) FROM payouts.ledger_accounts"),
        900
    );
}

#[test]
fn work_goes_on_while_runs_are_prepared_and_settled() {
    let mut database = earned();
    let (db, by, second) = (database.db(), database.account(), database.account());
    let agent = database.paid_agent();
    let works: Vec<_> = (0..40).map(|_| database.work(agent, 400)).collect();
    twice(|turn| {
        if turn == 0 {
            for work in &works {
                db.write_blocking("accrue", |tx| accrue(tx, work)).unwrap();
            }
            return;
        }
        for _ in 0..8 {
            let end = db.now();
            let start = end - TimeDelta::days(7);
            let prepared = db.write_blocking("prepare", |tx| prepare_run(tx, start, end, EUR, by));
            let id = match prepared {
                Ok(prepared) => prepared.run.id,
                Err(Error::NothingToPay) => continue,
                Err(error) => panic!("{error}"),
            };
            db.write_blocking("approve", |tx| approve_run(tx, id, second))
                .unwrap();
            db.write_blocking("export", |tx| export_run(tx, &vault(), id))
                .unwrap();
            db.write_blocking("settle", |tx| settle_run(tx, id))
                .unwrap();
        }
    });
    database.assert_promises();
    let summary = db
        .read_blocking(|conn| payouts::earnings_summary(conn, agent, EUR))
        .unwrap();
    assert_eq!(summary.earned.minor, 40 * 450);
    assert_eq!(
        summary.balance.minor,
        summary.earned.minor - summary.paid.minor
    );
}
