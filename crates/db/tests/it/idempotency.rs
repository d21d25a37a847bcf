//! The same request twice is done once.

use std::{
    sync::{
        Barrier,
        atomic::{AtomicU32, Ordering},
    },
    thread,
};

use db::{
    Db, Tx,
    idempotency::{self, Answer, Outcome, Request},
    testing::{TestDatabase, sandbox},
};
use diesel::{QueryResult, result::Error as DieselError};
use kernel::{Class, Classify};

#[derive(Debug, thiserror::Error)]
#[error("database error")]
struct Error(#[from] DieselError);

impl Classify for Error {
    fn class(&self) -> Class {
        db::class_of(&self.0)
    }
    fn code(&self) -> &'static str {
        db::code_of(&self.0)
    }
}

fn request(key: &str, body: u8) -> Request {
    Request {
        scope: "tests".to_owned(),
        key: key.to_owned(),
        body_sha256: vec![body; 32],
    }
}

fn answer(number: u32) -> Answer {
    Answer {
        status: 201,
        body: number.to_string().into_bytes(),
    }
}

fn begin(tx: &mut Tx<'_>, request: &Request) -> QueryResult<Outcome> {
    idempotency::begin(tx, &[request]).map(|mut outcomes| outcomes.remove(0))
}

/// Answers with a number that no other request gets.
fn once(tx: &mut Tx<'_>, request: &Request, done: &AtomicU32) -> QueryResult<Outcome> {
    let outcome = begin(tx, request)?;
    if matches!(outcome, Outcome::New) {
        let number = done.fetch_add(1, Ordering::Relaxed);
        idempotency::remember(tx, &[(request, &answer(number))])?;
    }
    Ok(outcome)
}

fn write(db: &Db, request: &Request, done: &AtomicU32) -> Outcome {
    db.write_blocking("test", |tx| once(tx, request, done).map_err(Error))
        .unwrap()
}

#[test]
fn a_repetition_gets_the_first_answer() {
    let mut sandbox = sandbox();
    let done = AtomicU32::new(7);
    let mut ask = |request: Request| {
        sandbox
            .write(|tx| once(tx, &request, &done).map_err(Error))
            .unwrap()
    };

    assert!(matches!(ask(request("k", 1)), Outcome::New));
    let Outcome::Replay(kept) = ask(request("k", 1)) else {
        panic!("it was done twice");
    };
    assert_eq!(kept, answer(7));
    assert!(matches!(ask(request("k", 2)), Outcome::OtherBody));
    assert!(matches!(ask(request("other", 2)), Outcome::New));
}

#[test]
fn the_same_name_in_another_scope_is_another_request() {
    let mut sandbox = sandbox();
    let done = AtomicU32::new(0);
    // Joined without a separator, both would be "ab".
    for (scope, key) in [("a", "b"), ("", "ab"), ("ab", "a")] {
        let request = Request {
            scope: scope.to_owned(),
            ..request(key, 1)
        };
        let outcome = sandbox.write(|tx| once(tx, &request, &done).map_err(Error));
        assert!(matches!(outcome.unwrap(), Outcome::New));
    }
}

#[test]
fn requests_that_come_together_are_told_apart() {
    let mut sandbox = sandbox();
    let kept = [request("known", 1), request("taken", 1)];
    sandbox
        .write(|tx| {
            let answered = [(&kept[0], &answer(1)), (&kept[1], &answer(2))];
            idempotency::remember(tx, &answered)?;
            idempotency::remember(tx, &[])
        })
        .unwrap();
    let asked = ["taken", "new", "known", "new"].map(|key| request(key, u8::from(key != "taken")));
    let outcomes = sandbox.write(|tx| idempotency::begin(tx, &asked.each_ref()));
    let outcomes = outcomes.unwrap();
    let [
        Outcome::OtherBody,
        Outcome::New,
        Outcome::Replay(known),
        Outcome::InFlight,
    ] = outcomes.as_slice()
    else {
        panic!("{outcomes:?}");
    };
    assert_eq!(*known, answer(1));
}

#[test]
fn of_many_at_once_one_is_done() {
    let mut database = TestDatabase::create();
    let db = database.db();
    let (begun, done) = (AtomicU32::new(0), AtomicU32::new(0));
    let start = Barrier::new(8);
    let ask = |request: &Request| loop {
        match write(&db, request, &begun) {
            Outcome::InFlight => thread::yield_now(),
            Outcome::New => return done.fetch_add(1, Ordering::Relaxed),
            Outcome::Replay(_) => return 0,
            Outcome::OtherBody => panic!("it is the same body"),
        }
    };
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                start.wait();
                for number in 0..20 {
                    ask(&request(&format!("k{number}"), 1));
                }
            });
        }
    });
    assert_eq!(done.load(Ordering::Relaxed), 20);
}

#[test]
fn a_request_in_flight_is_not_begun_again() {
    let mut database = TestDatabase::create();
    let db = database.db();
    let other = db.clone();
    let outcome: Result<(), Error> = db.write_blocking("test", |tx| {
        begin(tx, &request("k", 1))?;
        let meanwhile = write(&other, &request("k", 1), &AtomicU32::new(0));
        assert!(matches!(meanwhile, Outcome::InFlight), "{meanwhile:?}");
        Ok(())
    });
    outcome.unwrap();
}

#[test]
fn an_answer_that_came_in_between_is_found_by_running_again() {
    let mut database = TestDatabase::create();
    let db = database.db();
    let runs = AtomicU32::new(0);
    let outcome = db.write_blocking("test", |tx| {
        let outcome = begin(tx, &request("k", 1))?;
        if runs.fetch_add(1, Ordering::Relaxed) == 0 {
            // As another transaction would whose commit came between the look and the lock.
            database.sql(
                "INSERT INTO platform.idempotency_keys
                 VALUES ('tests', 'k', decode(repeat('01', 32), 'hex'), 201, '9', now())",
            );
        }
        if matches!(outcome, Outcome::New) {
            idempotency::remember(tx, &[(&request("k", 1), &answer(0))])?;
        }
        Ok::<_, Error>(outcome)
    });

    let Outcome::Replay(kept) = outcome.unwrap() else {
        panic!("the answer was not found");
    };
    assert_eq!(kept, answer(9));
    assert_eq!(runs.load(Ordering::Relaxed), 2);
}
