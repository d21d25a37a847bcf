//! Two at once: what the locks and constraints are for. Each race has a control, in which the
//! guard is gone and the rule is broken: so the race can fail.

use std::{sync::Barrier, thread, time::Duration};

use db::{Db, Tx, testing::TestDatabase};
use diesel::connection::SimpleConnection as _;
use kernel::AgentId;
use onboarding::{Application, Confirmation, Error};

use crate::arrange;

const ROUNDS: usize = 20;
/// How long a careless command thinks between looking and writing.
const THOUGHT: Duration = Duration::from_millis(300);

/// Runs both at the same moment.
fn at_once<T: Send>(one: impl FnOnce() -> T + Send, two: impl FnOnce() -> T + Send) -> [T; 2] {
    let barrier = Barrier::new(2);
    thread::scope(|scope| {
        let one = scope.spawn(|| {
            barrier.wait();
            one()
        });
        let two = scope.spawn(|| {
            barrier.wait();
            two()
        });
        [one.join().unwrap(), two.join().unwrap()]
    })
}

fn arranged<T>(db: &Db, work: impl FnMut(&mut Tx<'_>) -> Result<T, Error>) -> T {
    db.write_blocking("arrange", work).unwrap()
}

/// What a command would be without a lock: looks, thinks, and writes if what it saw allows it.
fn careless(db: &Db, look: &str, write: &str) -> bool {
    db.write_blocking("careless", |tx| -> Result<bool, Error> {
        if arrange::number(tx.conn(), look)? == 0 {
            return Ok(false);
        }
        thread::sleep(THOUGHT);
        tx.conn().batch_execute(write)?;
        Ok(true)
    })
    .unwrap()
}

/// Applies for one customer with two accounts, or for two customers with one.
fn apply_twice(db: &Db, same: Same) -> [bool; 2] {
    let one = arranged(db, arrange::application);
    let two = same(&one, arranged(db, arrange::application));
    at_once(
        || db.write_blocking("apply", |tx| onboarding::apply(tx, &one)),
        || db.write_blocking("apply", |tx| onboarding::apply(tx, &two)),
    )
    .map(|outcome| match outcome {
        Ok(_) => true,
        Err(Error::AlreadyApplied) => false,
        Err(other) => panic!("{other}"),
    })
}

type Same = fn(&Application, Application) -> Application;

fn same_customer(one: &Application, mut two: Application) -> Application {
    two.invitation
        .customer_ref
        .clone_from(&one.invitation.customer_ref);
    two
}

fn same_account(one: &Application, mut two: Application) -> Application {
    two.account_id = one.account_id;
    two
}

#[test]
fn of_two_applications_at_once_for_one_customer_or_account_one_is_taken() {
    let mut database = TestDatabase::create();
    let db = database.db();
    for same in [same_customer, same_account] {
        for _ in 0..ROUNDS {
            let taken = apply_twice(&db, same);
            assert_eq!(taken.iter().filter(|taken| **taken).count(), 1);
        }
    }
    database.assert_promises();
}

#[test]
fn control_without_the_constraints_both_applications_are_taken() {
    let mut database = TestDatabase::create();
    let db = database.db();
    let constraints: [(&str, Same); 2] = [
        ("agents_one_per_customer", same_customer),
        ("agents_one_per_account", same_account),
    ];
    for (constraint, same) in constraints {
        database.sql(&format!(
            "ALTER TABLE onboarding.agents DROP CONSTRAINT {constraint}"
        ));
        assert_eq!(apply_twice(&db, same), [true, true]);
    }
}

#[test]
fn an_attempt_handed_in_twice_at_once_has_one_result() {
    let mut database = TestDatabase::create();
    let db = database.db();
    let skill = arranged(&db, arrange::skill);
    for _ in 0..ROUNDS {
        let id = arranged(&db, arrange::applicant).id;
        let paper = arranged(&db, |tx| onboarding::start_attempt(tx, id, &skill));
        let hand_in = |wrong| {
            let answers = arrange::answers(&paper, wrong);
            db.write_blocking("submit_attempt", |tx| {
                onboarding::submit_attempt(tx, id, paper.attempt_id, &answers)
            })
        };
        // One of them would pass with full marks, the other would fail.
        let results = at_once(|| hand_in(0), || hand_in(10));
        let told: Vec<_> = results
            .iter()
            .flatten()
            .map(|result| result.score)
            .collect();
        assert_eq!(told.len(), 1, "{results:?}");
        assert!(
            results
                .iter()
                .any(|result| matches!(result, Err(Error::AttemptEnded))),
            "{results:?}",
        );
        let stored = db
            .read_blocking(|conn| onboarding::attempts(conn, id))
            .unwrap();
        assert_eq!(stored[0].score, Some(told[0]));
        let grants = db
            .read_blocking(|conn| onboarding::grants(conn, id))
            .unwrap();
        assert_eq!(grants.len(), usize::from(told[0] == 100));
    }
}

#[test]
fn control_handing_in_without_a_lock_gives_two_results() {
    let mut database = TestDatabase::create();
    let db = database.db();
    let skill = arranged(&db, arrange::skill);
    let id = arranged(&db, arrange::applicant).id;
    let paper = arranged(&db, |tx| onboarding::start_attempt(tx, id, &skill));
    let key = paper.attempt_id.uuid();
    let hand_in = |status: &str, score: i32| {
        careless(
            &db,
            &format!(
                "SELECT count(*) FROM onboarding.attempts WHERE id = '{key}' AND status = 'open'"
            ),
            &format!(
                "UPDATE onboarding.attempts SET status = '{status}', score = {score}, \
                 ended_at = now() WHERE id = '{key}'",
            ),
        )
    };
    assert_eq!(
        at_once(|| hand_in("passed", 100), || hand_in("failed", 0)),
        [true, true]
    );
}

#[test]
fn an_attempt_started_twice_at_once_is_one_attempt() {
    let mut database = TestDatabase::create();
    let db = database.db();
    let skill = arranged(&db, arrange::skill);
    for _ in 0..ROUNDS {
        let id = arranged(&db, arrange::applicant).id;
        let start = || {
            db.write_blocking("start_attempt", |tx| {
                onboarding::start_attempt(tx, id, &skill)
            })
        };
        let [one, two] = at_once(start, start).map(Result::unwrap);
        assert_eq!(
            (one.attempt_id, one.questions),
            (two.attempt_id, two.questions)
        );
    }
}

#[test]
fn control_starting_without_lock_and_index_makes_two_attempts() {
    let mut database = TestDatabase::create();
    let db = database.db();
    let skill = arranged(&db, arrange::skill);
    let id = arranged(&db, arrange::applicant).id.uuid();
    database.sql("DROP INDEX onboarding.attempts_one_open_per_skill");
    let start = || {
        careless(
            &db,
            &format!(
                "SELECT 1 - count(*) FROM onboarding.attempts WHERE agent_id = '{id}' \
                 AND status = 'open'",
            ),
            &format!(
                "INSERT INTO onboarding.attempts (id, agent_id, skill, paper, pass_mark, \
                 valid_days, status, started_at, expires_at) VALUES (gen_random_uuid(), '{id}', \
                 '{skill}', '[]', 70, 1, 'open', now(), now())",
            ),
        )
    };
    assert_eq!(at_once(start, start), [true, true]);
}

#[test]
fn wrong_codes_tried_at_once_are_all_counted() {
    let mut database = TestDatabase::create();
    let db = database.db();
    for _ in 0..ROUNDS {
        let id = arranged(&db, arrange::applicant).id;
        let letter = arranged(&db, |tx| onboarding::send_email_code(tx, id));
        let wrong = if letter.code == "123456" {
            "654321"
        } else {
            "123456"
        };
        let guess = || {
            db.write_blocking("confirm_email", |tx| {
                onboarding::confirm_email(tx, id, wrong)
            })
        };
        let mut left = at_once(guess, guess).map(|outcome| match outcome.unwrap() {
            Confirmation::Wrong { tries_left } => tries_left,
            Confirmation::Confirmed => panic!("a wrong code confirmed"),
        });
        left.sort_unstable();
        assert_eq!(left, [3, 4]);
    }
}

#[test]
fn control_without_a_lock_a_wrong_code_goes_uncounted() {
    let mut database = TestDatabase::create();
    let db = database.db();
    let id = arranged(&db, arrange::applicant).id;
    let _ = arranged(&db, |tx| onboarding::send_email_code(tx, id));
    let key = id.uuid();
    let failures = format!("SELECT failures FROM onboarding.email_codes WHERE agent_id = '{key}'");
    // Whoever saw no failure before writes down the first.
    let guess = || {
        careless(
            &db,
            &format!("SELECT 1 - ({failures})"),
            &format!("UPDATE onboarding.email_codes SET failures = 1 WHERE agent_id = '{key}'"),
        )
    };
    assert_eq!(at_once(guess, guess), [true, true]);
    assert_eq!(database.number(&failures), 1);
}

#[test]
fn of_two_agreements_published_at_once_none_is_lost_unnoticed() {
    let mut database = TestDatabase::create();
    let db = database.db();
    for _ in 0..ROUNDS {
        let before = database.number("SELECT count(*) FROM onboarding.agreements");
        let publish = || {
            db.write_blocking("publish", |tx| {
                onboarding::publish_agreement(tx, "Terms", "Text", None)
            })
        };
        let outcomes = at_once(publish, publish);
        for outcome in &outcomes {
            assert!(
                matches!(outcome, Ok(_) | Err(Error::AgreementPublishedMeanwhile)),
                "{outcome:?}",
            );
        }
        let after = database.number("SELECT count(*) FROM onboarding.agreements");
        assert_eq!(
            usize::try_from(after - before).unwrap(),
            outcomes.iter().flatten().count()
        );
    }
}

#[test]
fn two_imports_of_one_file_at_once_take_turns() {
    let mut database = TestDatabase::create();
    let db = database.db();
    let csv = b"customer_ref,email,display_name,tier,customer_since,country,household_ref\n\
        C-1,ada@example.org,Ada,gold,2019-05-31,GB,\n";
    for round in 0..ROUNDS {
        let import = || db.write_blocking("import", |tx| onboarding::import_customers(tx, csv));
        let imported = at_once(import, import).map(|import| import.unwrap().imported);
        assert_eq!(imported.iter().sum::<usize>(), usize::from(round == 0));
    }
}

#[test]
fn control_without_the_lock_an_import_fails_on_the_others_customers() {
    let mut database = TestDatabase::create();
    let db = database.db();
    let import = || {
        db.write_blocking("careless", |tx| -> Result<(), Error> {
            tx.conn()
                .batch_execute("DELETE FROM onboarding.customers; SELECT pg_sleep(0.3)")?;
            tx.conn().batch_execute(
                "INSERT INTO onboarding.customers VALUES ('C-1', 'ada@example.org', 'Ada', 'gold', \
                 '2019-05-31', 'GB', NULL, now())",
            )?;
            Ok(())
        })
        .is_ok()
    };
    let mut outcomes = at_once(import, import);
    outcomes.sort_unstable();
    assert_eq!(outcomes, [false, true]);
}

/// The decisions that two deciders at once bring about.
fn decisions_of(database: &TestDatabase, id: AgentId) -> i64 {
    database.number(&format!(
        "SELECT count(*) FROM onboarding.decisions WHERE agent_id = '{}'",
        id.uuid(),
    ))
}

#[test]
fn approving_and_rejecting_at_once_is_one_decision() {
    let mut database = TestDatabase::create();
    let db = database.db();
    for _ in 0..ROUNDS {
        let agent = arranged(&db, arrange::submitted);
        let deciders = [arrange::account, arrange::account].map(|account| arranged(&db, account));
        let outcomes = at_once(
            || {
                db.write_blocking("approve", |tx| {
                    onboarding::approve(tx, agent.id, deciders[0], "Yes.")
                })
            },
            || {
                db.write_blocking("reject", |tx| {
                    onboarding::reject(tx, agent.id, deciders[1], "No.")
                })
            },
        );
        let decided: Vec<_> = outcomes
            .iter()
            .flatten()
            .map(|agent| agent.status)
            .collect();
        assert_eq!(decided.len(), 1, "{outcomes:?}");
        assert!(
            outcomes
                .iter()
                .any(|outcome| matches!(outcome, Err(Error::NotSubmitted))),
            "{outcomes:?}",
        );
        assert_eq!(decisions_of(&database, agent.id), 1);
        let stored = db
            .read_blocking(|conn| onboarding::agent(conn, agent.id))
            .unwrap()
            .unwrap();
        assert_eq!(stored.status, decided[0]);
    }
    database.assert_promises();
}

#[test]
fn control_deciding_without_a_lock_makes_two_decisions() {
    let mut database = TestDatabase::create();
    let db = database.db();
    let agent = arranged(&db, arrange::submitted);
    let (key, decider) = (agent.id.uuid(), arranged(&db, arrange::account).uuid());
    let decide = |kind: &str, status: &str| {
        careless(
            &db,
            &format!(
                "SELECT count(*) FROM onboarding.agents WHERE id = '{key}' \
                 AND status = 'submitted'",
            ),
            &format!(
                "INSERT INTO onboarding.decisions (agent_id, kind, decided_by, reason, decided_at) \
                 VALUES ('{key}', '{kind}', '{decider}', 'r', now()); \
                 UPDATE onboarding.agents SET status = '{status}', decided_at = now() \
                 WHERE id = '{key}'",
            ),
        )
    };
    let written = at_once(
        || decide("approve", "active"),
        || decide("reject", "rejected"),
    );
    assert_eq!(written, [true, true]);
    assert_eq!(decisions_of(&database, agent.id), 2);
}

/// Suspends an agent while a matcher relies on `look`; tells whether the agent was still active
/// when the matcher was about to commit.
fn suspended_under_the_matcher(
    db: &Db,
    look: impl Fn(&mut Tx<'_>, AgentId) -> Result<usize, Error> + Sync,
) -> bool {
    let agent = arranged(db, arrange::active);
    let decider = arranged(db, arrange::account);
    let looked = Barrier::new(2);
    thread::scope(|scope| {
        scope.spawn(|| {
            looked.wait();
            arranged(db, |tx| onboarding::suspend(tx, agent.id, decider, "Stop."));
        });
        arranged(db, |tx| {
            assert_eq!(look(tx, agent.id)?, 1);
            looked.wait();
            thread::sleep(THOUGHT);
            let active = format!(
                "SELECT count(*) FROM onboarding.agents WHERE id = '{}' AND status = 'active'",
                agent.id.uuid(),
            );
            Ok(arrange::number(tx.conn(), &active)? == 0)
        })
    })
}

#[test]
fn a_suspension_waits_for_the_matcher_that_holds_the_agent() {
    let mut database = TestDatabase::create();
    let db = database.db();
    assert!(!suspended_under_the_matcher(&db, |tx, id| {
        Ok(onboarding::hold_qualified(tx, &[id])?.len())
    }));
    assert_eq!(
        database.number("SELECT count(*) FROM onboarding.agents WHERE status = 'suspended'"),
        1,
        "after the matcher, the suspension goes through",
    );
}

#[test]
fn control_a_matcher_that_only_reads_is_overtaken_by_a_suspension() {
    let mut database = TestDatabase::create();
    let db = database.db();
    assert!(suspended_under_the_matcher(&db, |tx, id| {
        let now = tx.now();
        Ok(onboarding::qualifications(tx.conn(), &[id], now)?.len())
    }));
}

/// Lets a matcher come while the agent declares a conflict; tells how many conflicts it saw.
fn conflicts_seen(
    db: &Db,
    look: impl Fn(&mut Tx<'_>, AgentId) -> Result<usize, Error> + Sync,
) -> usize {
    let agent = arranged(db, arrange::active);
    let declared = Barrier::new(2);
    thread::scope(|scope| {
        scope.spawn(|| {
            arranged(db, |tx| {
                onboarding::declare_conflict(tx, agent.id, "cus_friend", "A friend of mine.")?;
                declared.wait();
                thread::sleep(THOUGHT);
                Ok(())
            });
        });
        declared.wait();
        arranged(db, |tx| look(tx, agent.id))
    })
}

#[test]
fn a_matcher_that_waits_for_the_agent_sees_the_conflict_it_waited_for() {
    let mut database = TestDatabase::create();
    let db = database.db();
    let seen = conflicts_seen(&db, |tx, id| {
        let held = onboarding::hold_qualified(tx, &[id])?;
        Ok(held.iter().map(|agent| agent.conflicts.len()).sum())
    });
    assert_eq!(seen, 1);
}

#[test]
fn control_who_reads_the_lists_while_locking_does_not_see_what_was_waited_for() {
    let mut database = TestDatabase::create();
    let db = database.db();
    let seen = conflicts_seen(&db, |tx, id| {
        let careless = format!(
            "SELECT cardinality(ARRAY(SELECT customer_ref FROM onboarding.conflicts c
                                       WHERE c.agent_id = a.id)) AS number
               FROM onboarding.agents a WHERE a.id = '{}' FOR SHARE",
            id.uuid(),
        );
        Ok(usize::try_from(arrange::number(tx.conn(), &careless)?).unwrap_or_default())
    });
    assert_eq!(seen, 0);
}
