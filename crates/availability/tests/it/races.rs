//! Agents who act at once. Each control takes a guard away and must break the promise.

use std::{
    sync::{
        Barrier,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use availability::{CONNECTED_SECONDS, Connection, ConnectionState, Error, Going, PresenceStatus};
use chrono::TimeDelta;
use chrono_tz::Tz;
use db::{Db, Topic, Tx, testing::TestDatabase};
use diesel::{QueryableByName, RunQueryDsl as _, sql_types};
use kernel::{AgentId, CommitmentId, ShiftId};

use crate::support::{arrange, input};

/// Each agent does its part at the same instant; the result says how each fared.
fn at_once<T: Send>(
    parts: &[(ShiftId, AgentId)],
    act: impl Fn(ShiftId, AgentId) -> T + Sync,
) -> Vec<T> {
    let start = Barrier::new(parts.len());
    thread::scope(|scope| {
        let threads: Vec<_> = parts
            .iter()
            .map(|(shift, agent)| {
                scope.spawn(|| {
                    start.wait();
                    act(*shift, *agent)
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    })
}

const COMMITTED: &str = "SELECT count(*) FROM availability.commitments WHERE status = 'committed'";

#[test]
fn a_shift_never_holds_more_commitments_than_seats() {
    let mut database = TestDatabase::create();
    let db = database.db();
    let shift = input("09:00", "13:00", 3);
    let (agents, shifts) = arrange(&db, |sql| database.sql(sql), 12, &[shift]);
    let parts: Vec<_> = agents.iter().map(|agent| (shifts[0].id, *agent)).collect();
    let outcomes = at_once(&parts, |shift, agent| {
        db.write_blocking("test", |tx| availability::commit(tx, shift, agent, Tz::UTC))
    });
    let (won, lost): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
    assert_eq!(won.len(), 3, "{lost:?}");
    assert!(
        lost.iter()
            .all(|outcome| matches!(outcome, Err(Error::ShiftFull))),
        "{lost:?}"
    );
    assert_eq!(database.number(COMMITTED), 3);
    database.assert_promises();
}

#[derive(QueryableByName)]
struct Free {
    #[diesel(sql_type = sql_types::Integer)]
    seat: i32,
}

/// Looks for a free seat and takes it later, with no lock in between.
fn commit_naively(tx: &mut Tx<'_>, shift: ShiftId, agent: AgentId) -> Result<(), Error> {
    let free: Vec<Free> = diesel::sql_query(
        "SELECT seat FROM availability.seats s WHERE shift_id = $1 AND NOT EXISTS \
         (SELECT FROM availability.commitments c WHERE c.shift_id = s.shift_id \
          AND c.seat = s.seat AND c.status = 'committed') ORDER BY seat LIMIT 1",
    )
    .bind::<sql_types::Uuid, _>(shift)
    .load(tx.conn())?;
    let seat = free.first().ok_or(Error::ShiftFull)?.seat;
    thread::sleep(Duration::from_millis(300));
    diesel::sql_query(
        "INSERT INTO availability.commitments \
         SELECT $1, id, $2, $3, starts_at, ends_at, 'committed', now() \
         FROM availability.shifts WHERE id = $4",
    )
    .bind::<sql_types::Uuid, _>(CommitmentId::new())
    .bind::<sql_types::Integer, _>(seat)
    .bind::<sql_types::Uuid, _>(agent)
    .bind::<sql_types::Uuid, _>(shift)
    .execute(tx.conn())?;
    Ok(())
}

/// Lets many agents commit without a lock, and says how many got a seat of three.
fn commitments_without_lock(database: &mut TestDatabase) -> i64 {
    let db = database.db();
    let shift = input("09:00", "13:00", 3);
    let (agents, shifts) = arrange(&db, |sql| database.sql(sql), 12, &[shift]);
    let parts: Vec<_> = agents.iter().map(|agent| (shifts[0].id, *agent)).collect();
    at_once(&parts, |shift, agent| {
        db.write_blocking("test", |tx| commit_naively(tx, shift, agent))
    });
    database.number(COMMITTED)
}

#[test]
fn even_without_the_lock_a_seat_is_taken_once() {
    let mut database = TestDatabase::create();
    assert!(commitments_without_lock(&mut database) <= 3);
    database.assert_promises();
}

#[test]
fn control_without_lock_and_unique_index_a_shift_is_oversubscribed() {
    let mut database = TestDatabase::create();
    database.sql("DROP INDEX availability.commitments_one_per_seat");
    let committed = commitments_without_lock(&mut database);
    assert!(committed > 3, "the race found nothing: {committed}");
}

/// One agent commits to two overlapping shifts at once; the result says how many succeeded.
fn overlapping_at_once(database: &mut TestDatabase) -> (usize, Vec<Error>) {
    let db = database.db();
    let shifts = [input("09:00", "13:00", 2), input("12:00", "16:00", 2)];
    let (agents, shifts) = arrange(&db, |sql| database.sql(sql), 1, &shifts);
    let parts: Vec<_> = shifts.iter().map(|shift| (shift.id, agents[0])).collect();
    let outcomes = at_once(&parts, |shift, agent| {
        db.write_blocking("test", |tx| {
            let commitment = availability::commit(tx, shift, agent, Tz::UTC);
            thread::sleep(Duration::from_millis(100));
            commitment
        })
    });
    let (won, lost): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
    (
        won.len(),
        lost.into_iter().filter_map(Result::err).collect(),
    )
}

#[test]
fn an_agent_gets_only_one_of_two_overlapping_shifts() {
    let mut database = TestDatabase::create();
    let (won, lost) = overlapping_at_once(&mut database);
    assert_eq!(won, 1);
    assert!(matches!(lost[..], [Error::CommitmentOverlaps]), "{lost:?}");
    database.assert_promises();
}

#[test]
fn control_without_the_constraint_an_agent_gets_both() {
    let mut database = TestDatabase::create();
    database.sql("ALTER TABLE availability.commitments DROP CONSTRAINT commitments_never_overlap");
    let (won, lost) = overlapping_at_once(&mut database);
    assert_eq!(won, 2, "{lost:?}");
}

#[test]
fn nobody_is_committed_to_a_shift_that_was_canceled_meanwhile() {
    let mut database = TestDatabase::create();
    let db = database.db();
    let shift = input("09:00", "13:00", 10);
    let (agents, shifts) = arrange(&db, |sql| database.sql(sql), 8, &[shift]);
    let id = shifts[0].id;
    let start = Barrier::new(agents.len() + 1);
    let (canceled, committed) = thread::scope(|scope| {
        let cancel = scope.spawn(|| {
            start.wait();
            db.write_blocking("test", |tx| availability::cancel_shift(tx, id))
                .unwrap()
        });
        let commits: Vec<_> = agents
            .iter()
            .map(|agent| {
                scope.spawn(|| {
                    start.wait();
                    db.write_blocking("test", |tx| availability::commit(tx, id, *agent, Tz::UTC))
                })
            })
            .collect();
        let committed = commits
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .count();
        (cancel.join().unwrap(), committed)
    });
    assert_eq!(canceled.agents.len(), committed, "somebody was not told");
    assert_eq!(database.number(COMMITTED), 0);
}

/// Whether an agent who goes offline has to wait for a transaction that did `hold` before.
fn going_offline_waits(hold: impl Fn(&mut Tx<'_>, AgentId) + Sync) -> bool {
    let mut database = TestDatabase::create();
    let db = database.db();
    let (agents, _) = arrange(&db, |sql| database.sql(sql), 1, &[]);
    let go = |db: &Db, status| {
        db.write_blocking("test", |tx| availability::go(tx, agents[0], status))
            .unwrap()
    };
    go(&db, PresenceStatus::Available);
    let (begun, over) = (Barrier::new(2), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| {
            db.write_blocking("test", |tx| {
                hold(tx, agents[0]);
                begun.wait();
                thread::sleep(Duration::from_millis(300));
                over.store(true, Ordering::SeqCst);
                Ok::<_, Error>(())
            })
        });
        begun.wait();
        go(&db, PresenceStatus::Offline);
        over.load(Ordering::SeqCst)
    })
}

#[test]
fn a_held_agent_cannot_go_offline_before_the_hold_is_over() {
    assert!(going_offline_waits(|tx, agent| {
        assert_eq!(
            availability::hold_present(tx, &[agent]).unwrap()[0].0,
            agent
        );
    }));
}

#[test]
fn control_an_agent_who_was_only_looked_at_goes_offline_meanwhile() {
    assert!(!going_offline_waits(|tx, agent| {
        let now = tx.now();
        assert_eq!(
            availability::present_agents(tx.conn(), now).unwrap(),
            [agent]
        );
    }));
}

#[test]
fn two_sweeps_lose_each_silent_agent_once() {
    let mut database = TestDatabase::create();
    let db = database.db();
    let (agents, _) = arrange(&db, |sql| database.sql(sql), 40, &[]);
    for agent in &agents {
        db.write_blocking("test", |tx| {
            availability::go(tx, *agent, PresenceStatus::Available)
        })
        .unwrap();
    }
    db.clock()
        .advance(TimeDelta::seconds(availability::LEASE_SECONDS));
    let start = Barrier::new(4);
    let mut lost: Vec<AgentId> = thread::scope(|scope| {
        let sweep = || {
            start.wait();
            db.write_blocking("test", availability::lose_expired)
                .unwrap()
        };
        let sweeps: Vec<_> = (0..4).map(|_| scope.spawn(sweep)).collect();
        sweeps
            .into_iter()
            .flat_map(|sweep| sweep.join().unwrap())
            .collect()
    });
    lost.sort();
    assert_eq!(lost, agents);
}

/// One agent promises two shifts at once that together leave too little rest; the result says how
/// many they got.
fn restless_at_once(
    database: &mut TestDatabase,
    commit: impl Fn(&mut Tx<'_>, ShiftId, AgentId) -> Result<(), Error> + Sync,
) -> i64 {
    let db = database.db();
    let shifts = [input("09:00", "11:00", 1), input("21:00", "23:00", 1)];
    let (agents, shifts) = arrange(&db, |sql| database.sql(sql), 1, &shifts);
    let parts: Vec<_> = shifts.iter().map(|shift| (shift.id, agents[0])).collect();
    at_once(&parts, |shift, agent| {
        db.write_blocking("test", |tx| commit(tx, shift, agent))
    });
    database.number(COMMITTED)
}

#[test]
fn an_agent_who_promises_twice_at_once_keeps_the_rest() {
    let mut database = TestDatabase::create();
    let kept = restless_at_once(&mut database, |tx, shift, agent| {
        let commitment = availability::commit(tx, shift, agent, Tz::UTC);
        thread::sleep(Duration::from_millis(100));
        commitment.map(drop)
    });
    assert_eq!(kept, 1);
    database.assert_promises();
}

/// Looks at what was promised before, and promises, with no lock in between.
fn promise_naively(tx: &mut Tx<'_>, shift: ShiftId, agent: AgentId) -> Result<(), Error> {
    let now = tx.now();
    let span = |shift: &availability::Shift| availability::Span {
        from: shift.starts_at,
        until: shift.ends_at,
    };
    let promised: Vec<_> = availability::commitments(tx.conn(), agent, now)?
        .iter()
        .map(|committed| span(&committed.shift))
        .collect();
    let new = availability::shift(tx.conn(), shift)?.ok_or(Error::ShiftNotFound)?;
    let rules = availability::rules(tx.conn(), agent)?;
    if let Some(limit) = rules.objection_to(&promised, span(&new), Tz::UTC) {
        return Err(Error::CommitmentOverLimit(limit));
    }
    thread::sleep(Duration::from_millis(300));
    commit_naively(tx, shift, agent)
}

#[test]
fn control_without_the_agents_lock_the_rest_is_promised_away() {
    let mut database = TestDatabase::create();
    let kept = restless_at_once(&mut database, promise_naively);
    assert_eq!(kept, 2, "the race found nothing");
}

/// Whether closing a queue has to wait for a transaction that did `hold` before.
fn closing_waits(hold: impl Fn(&mut Tx<'_>, AgentId) + Sync) -> bool {
    let mut database = TestDatabase::create();
    let db = database.db();
    let (agents, shifts) = arrange(
        &db,
        |sql| database.sql(sql),
        1,
        &[input("09:00", "10:00", 1)],
    );
    let (begun, over) = (Barrier::new(2), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| {
            db.write_blocking("test", |tx| {
                hold(tx, agents[0]);
                begun.wait();
                thread::sleep(Duration::from_millis(300));
                over.store(true, Ordering::SeqCst);
                Ok::<_, Error>(())
            })
        });
        begun.wait();
        db.write_blocking("test", |tx| {
            availability::set_on_demand(tx, "vip", false, shifts[0].created_by)
        })
        .unwrap();
        over.load(Ordering::SeqCst)
    })
}

#[test]
fn a_queue_that_nobody_ever_closed_cannot_be_closed_while_an_offer_is_made() {
    assert!(closing_waits(|tx, agent| {
        let held = availability::hold_admitted(tx, &[agent]).unwrap();
        assert!(held[0].1.admits("vip"));
    }));
}

#[test]
fn control_a_queue_that_was_only_looked_at_is_closed_meanwhile() {
    assert!(!closing_waits(|tx, agent| {
        let now = tx.now();
        let seen = availability::admitted(tx.conn(), &[agent], now).unwrap();
        assert!(seen[0].queues.admits("vip"));
    }));
}

#[test]
fn tabs_that_all_beat_at_once_leave_eight() {
    let mut database = TestDatabase::create();
    let db = database.db();
    let (agents, _) = arrange(&db, |sql| database.sql(sql), 1, &[]);
    db.write_blocking("test", |tx| {
        availability::go(tx, agents[0], PresenceStatus::Available)
    })
    .unwrap();
    let start = Barrier::new(12);
    thread::scope(|scope| {
        for tab in 0..12 {
            let (db, start) = (&db, &start);
            let agent = agents[0];
            scope.spawn(move || {
                let tab = Connection::named(Some(&format!("tab-{tab}"))).unwrap();
                start.wait();
                db.write_blocking("test", |tx| availability::heartbeat(tx, agent, &tab))
                    .unwrap();
            });
        }
    });
    assert_eq!(
        database.number("SELECT count(*) FROM availability.connections"),
        8
    );
    database.assert_promises();
}

#[test]
fn going_and_coming_at_once_leaves_spans_that_fit_the_presence() {
    let mut database = TestDatabase::create();
    let db = database.db();
    let (agents, _) = arrange(&db, |sql| database.sql(sql), 1, &[]);
    let start = Barrier::new(6);
    thread::scope(|scope| {
        for part in 0..6 {
            let (db, start) = (&db, &start);
            let agent = agents[0];
            scope.spawn(move || {
                start.wait();
                for step in 0..10 {
                    let status = PresenceStatus::ALL[(part + step) % 3];
                    db.write_blocking("test", |tx| availability::go(tx, agent, status))
                        .unwrap();
                }
            });
        }
    });
    database.assert_promises();
}

/// How often listeners hear of the agent while the work is done.
fn heard_of(db: &Db, agent: AgentId, work: impl FnOnce()) -> usize {
    let mut bell = db.bell().listen();
    work();
    let mut heard = 0;
    while let Ok(topic) = bell.try_recv() {
        heard += usize::from(topic == Topic::Agent(agent));
    }
    heard
}

#[test]
fn who_comes_back_is_heard_of_and_who_was_never_gone_is_not() {
    let mut database = TestDatabase::create();
    let db = database.db();
    let (agents, _) = arrange(&db, |sql| database.sql(sql), 1, &[]);
    let tab = Connection::default();
    let beat = || {
        db.write_blocking("test", |tx| availability::heartbeat(tx, agents[0], &tab))
            .unwrap();
    };
    db.write_blocking("test", |tx| {
        availability::go(tx, agents[0], PresenceStatus::Available)
    })
    .unwrap();
    db.clock()
        .advance(TimeDelta::seconds(CONNECTED_SECONDS - 1));
    assert_eq!(heard_of(&db, agents[0], beat), 0);
    db.clock().advance(TimeDelta::seconds(CONNECTED_SECONDS));
    assert_eq!(heard_of(&db, agents[0], beat), 1);
    assert_eq!(heard_of(&db, agents[0], beat), 0);
}

/// How often listeners hear of an agent whose last tab says goodbye while another opens.
fn heard_of_the_new_tab(beat: impl Fn(&mut Tx<'_>, AgentId, &Connection)) -> usize {
    let mut database = TestDatabase::create();
    let db = database.db();
    let (agents, _) = arrange(&db, |sql| database.sql(sql), 1, &[]);
    let [old, new] = ["old", "new"].map(|tab| Connection::named(Some(tab)).unwrap());
    db.write_blocking("test", |tx| {
        let going = Going {
            status: PresenceStatus::Available,
            connection: old.clone(),
            zone: Tz::UTC,
        };
        availability::go(tx, agents[0], going)
    })
    .unwrap();
    let begun = Barrier::new(2);
    heard_of(&db, agents[0], || {
        thread::scope(|scope| {
            scope.spawn(|| {
                db.write_blocking("test", |tx| {
                    availability::leave(tx, agents[0], &old)?;
                    begun.wait();
                    thread::sleep(Duration::from_millis(300));
                    Ok::<_, Error>(())
                })
                .unwrap();
            });
            begun.wait();
            db.write_blocking("test", |tx| {
                beat(tx, agents[0], &new);
                Ok::<_, Error>(())
            })
            .unwrap();
        });
        let now = db.clock().now();
        let present = db.read_blocking(|conn| availability::present_agents(conn, now));
        assert_eq!(present.unwrap(), agents);
    })
}

#[test]
fn a_tab_that_opens_while_the_last_one_says_goodbye_is_heard_of() {
    let heard = heard_of_the_new_tab(|tx, agent, tab| {
        availability::heartbeat(tx, agent, tab).unwrap();
    });
    assert_eq!(heard, 2, "once for each tab");
}

#[test]
fn control_a_tab_that_looks_before_it_waits_is_not_heard_of() {
    let heard = heard_of_the_new_tab(|tx, agent, _| {
        let now = tx.now();
        let before = availability::presence(tx.conn(), agent).unwrap().unwrap();
        diesel::sql_query(
            "UPDATE availability.presences \
             SET connected_until = $2 + interval '20 s', lease_expires_at = $2 + interval '45 s' \
             WHERE agent_id = $1",
        )
        .bind::<sql_types::Uuid, _>(agent)
        .bind::<sql_types::Timestamptz, _>(now)
        .execute(tx.conn())
        .unwrap();
        if before.connection(now) != Some(ConnectionState::Connected) {
            tx.ring(Topic::Agent(agent));
        }
    });
    assert_eq!(heard, 1, "the race found nothing");
}
