//! Letters that anybody can ask for, a few at a time.

use chrono::TimeDelta;
use db::testing::{Sandbox, sandbox};
use identity::Error;
use kernel::{Class, Classify};

use crate::ADDRESS;

fn ask(db: &mut Sandbox, email: &str, address: &str) -> Result<(), Error> {
    db.write(|tx| identity::admit_letter(tx, email, address))
}

fn wait_of(outcome: Result<(), Error>) -> u32 {
    let error = outcome.expect_err("the letter is refused");
    assert_eq!(
        (error.class(), error.code()),
        (Class::RateLimited, "too_many_letters")
    );
    error.retry_after_seconds().unwrap()
}

#[test]
fn a_mailbox_gets_three_letters_in_a_quarter_of_an_hour() {
    let mut db = sandbox();
    for email in ["ada@example.com", " Ada@Example.com", "ADA@example.com"] {
        ask(&mut db, email, ADDRESS).unwrap();
    }
    db.now += TimeDelta::minutes(5);
    assert_eq!(wait_of(ask(&mut db, "ada@example.com", "192.0.2.9")), 600);
    ask(&mut db, "ben@example.com", ADDRESS).unwrap();

    db.now += TimeDelta::minutes(10);
    ask(&mut db, "ada@example.com", ADDRESS).unwrap();
}

#[test]
fn an_address_asks_for_thirty_letters_in_a_quarter_of_an_hour() {
    let mut db = sandbox();
    for number in 0..30 {
        ask(&mut db, &format!("a{number}@example.com"), ADDRESS).unwrap();
    }
    assert_eq!(wait_of(ask(&mut db, "ada@example.com", ADDRESS)), 900);
    ask(&mut db, "ada@example.com", "192.0.2.9").unwrap();
}

#[test]
fn asking_for_letters_does_not_keep_anybody_from_signing_in() {
    let mut db = sandbox();
    for number in 0..30 {
        let email = format!("a{}@example.com", number / 3);
        ask(&mut db, &email, ADDRESS).unwrap();
    }
    let now = db.now;
    db.read(|conn| identity::candidate(conn, "a1@example.com", ADDRESS, now))
        .unwrap();
}

#[test]
fn what_is_no_address_is_said() {
    let mut db = sandbox();
    assert_eq!(crate::fields(ask(&mut db, "nobody", ADDRESS)), ["email"]);
}
