//! Passwords, failures and sessions.

use chrono::TimeDelta;
use db::testing::{Sandbox, sandbox};
use identity::{Error, SessionKind, SessionStatus, SignIn};
use kernel::{Class, Classify, Role, SessionId};

use crate::{ADDRESS, PASSWORD, attempt, checked, create, fields, welcome};

const ADA: &str = "ada@example.com";

fn fail(db: &mut Sandbox, email: &str, times: usize) {
    for _ in 0..times {
        // Without the slow part: a password that is empty fails as well as any other.
        let outcome = attempt(db, email, "", SessionKind::Page);
        assert!(matches!(outcome, Ok(SignIn::Refused)), "{outcome:?}");
    }
}

fn wait_of(outcome: Result<SignIn, Error>) -> u32 {
    let error = outcome.expect_err("the sign-in is turned away");
    assert_eq!(
        (error.class(), error.code()),
        (Class::RateLimited, "too_many_attempts")
    );
    error.retry_after_seconds().unwrap()
}

#[test]
fn the_right_password_opens_a_session() {
    let mut db = sandbox();
    let ada = create(&mut db, ADA, Role::Agent);
    let page = welcome(&mut db, " Ada@Example.com", SessionKind::Page);
    assert_eq!((page.account.id, page.session.account_id), (ada.id, ada.id));
    assert_eq!(
        (page.session.kind, page.session.status),
        (SessionKind::Page, SessionStatus::Live)
    );
    assert_eq!(page.session.expires_at, db.now + TimeDelta::hours(12));
    assert_eq!(page.refresh_token, None, "a page needs none");

    let api = welcome(&mut db, ADA, SessionKind::Api);
    assert_eq!(api.session.expires_at, db.now + TimeDelta::days(30));
    let token = api.refresh_token.as_deref().unwrap();
    assert!(token.starts_with("gdr_") && token.len() == 47, "{token}");
    assert!(
        !format!("{api:?}").contains(token),
        "a log must not hold a refresh token"
    );
}

#[test]
fn who_signs_up_is_signed_in() {
    let mut db = sandbox();
    let new = crate::new_account(ADA, Role::Applicant);
    let signed_in = db
        .write(|tx| {
            let account = identity::create_account(tx, &new)?;
            identity::open_session(tx, account, SessionKind::Api)
        })
        .unwrap();
    let now = db.now;
    let caller = db
        .read(|conn| identity::caller(conn, signed_in.session.id, now))
        .unwrap();
    assert_eq!(caller.unwrap().account_id, signed_in.account.id);
    let token = signed_in.refresh_token.unwrap();
    let refreshed = db.write(|tx| identity::refresh(tx, &token));
    assert!(
        matches!(refreshed, Ok(identity::Refresh::Rotated(_))),
        "{refreshed:?}"
    );
}

#[test]
fn another_password_and_an_unknown_account_look_the_same() {
    let mut db = sandbox();
    create(&mut db, ADA, Role::Agent);
    for (email, password) in [(ADA, "incorrect horse"), ("ben@example.com", PASSWORD)] {
        let outcome = attempt(&mut db, email, password, SessionKind::Page);
        assert!(matches!(outcome, Ok(SignIn::Refused)), "{outcome:?}");
    }
    assert_eq!(fields(checked(&mut db, "no address", PASSWORD)), ["email"]);
}

#[test]
fn a_candidate_does_not_show_whether_there_is_an_account() {
    let mut db = sandbox();
    create(&mut db, ADA, Role::Agent);
    let now = db.now;
    let mut shown = [ADA, "bob@example.com"].map(|email| {
        let candidate = db
            .read(|conn| identity::candidate(conn, email, ADDRESS, now))
            .unwrap();
        format!("{candidate:?}")
    });
    shown[1] = shown[1].replace("bob@", "ada@");
    assert_eq!(shown[0], shown[1]);
    assert!(!shown[0].contains("argon2"));
}

#[test]
fn ten_failures_close_the_account_for_a_quarter_of_an_hour() {
    for email in [ADA, "nobody@example.com"] {
        let mut db = sandbox();
        create(&mut db, ADA, Role::Agent);
        fail(&mut db, email, 9);
        db.now += TimeDelta::minutes(5);
        fail(&mut db, email, 1);
        assert_eq!(
            wait_of(attempt(&mut db, email, PASSWORD, SessionKind::Page)),
            600
        );
        db.now += TimeDelta::minutes(10) - TimeDelta::seconds(1);
        assert_eq!(
            wait_of(attempt(&mut db, email, PASSWORD, SessionKind::Page)),
            1
        );
        db.now += TimeDelta::seconds(1);
        fail(&mut db, email, 9);
        assert!(attempt(&mut db, email, PASSWORD, SessionKind::Page).is_ok());
    }
}

#[test]
fn success_clears_the_failures_of_the_account() {
    let mut db = sandbox();
    create(&mut db, ADA, Role::Agent);
    for _ in 0..2 {
        fail(&mut db, ADA, 9);
        let _ = welcome(&mut db, ADA, SessionKind::Page);
    }
}

#[test]
fn a_hundred_failures_close_the_address_whatever_the_accounts() {
    let mut db = sandbox();
    create(&mut db, ADA, Role::Agent);
    let now = db.now.to_rfc3339();
    db.sql(&format!(
        "INSERT INTO identity.attempts VALUES ('address:{ADDRESS}', '{now}', 99)"
    ));
    let _ = welcome(&mut db, ADA, SessionKind::Page);
    fail(&mut db, "ben@example.com", 1);
    assert_eq!(
        wait_of(attempt(&mut db, ADA, PASSWORD, SessionKind::Page)),
        900
    );
    let elsewhere = db.now;
    db.read(|conn| identity::candidate(conn, ADA, "192.0.2.2", elsewhere))
        .unwrap();
}

#[test]
fn passwords_sent_all_at_once_are_not_all_tried() {
    let mut db = sandbox();
    create(&mut db, ADA, Role::Agent);
    // The check of the last one has passed before the first is counted.
    let late = checked(&mut db, ADA, PASSWORD).unwrap();
    fail(&mut db, ADA, 10);
    assert_eq!(
        wait_of(db.write(|tx| identity::sign_in(tx, &late, SessionKind::Page))),
        900
    );
}

#[test]
fn a_suspension_between_the_steps_is_seen() {
    let mut db = sandbox();
    let ada = create(&mut db, ADA, Role::Agent);
    let proven = checked(&mut db, ADA, PASSWORD).unwrap();
    db.write(|tx| identity::suspend_account(tx, ada.id))
        .unwrap();
    let outcome = db.write(|tx| identity::sign_in(tx, &proven, SessionKind::Page));
    assert!(matches!(outcome, Ok(SignIn::Refused)), "{outcome:?}");
}

#[test]
fn a_session_calls_its_account_until_it_expires() {
    let mut db = sandbox();
    let ada = create(&mut db, ADA, Role::FinanceApprover);
    let session = welcome(&mut db, ADA, SessionKind::Page).session;
    let end = session.expires_at;
    let caller_at = |db: &mut Sandbox, now| {
        db.read(|conn| identity::caller(conn, session.id, now))
            .unwrap()
    };
    let caller = caller_at(&mut db, end - TimeDelta::microseconds(1)).unwrap();
    assert_eq!((caller.account_id, caller.session_id), (ada.id, session.id));
    assert_eq!(
        (caller.email.as_str(), caller.role),
        (ADA, Role::FinanceApprover)
    );
    assert_eq!(caller.display_name, "Ada Lovelace");
    assert!(caller_at(&mut db, end).is_none());
}

#[test]
fn a_session_ends_with_the_sign_out_and_only_that_one() {
    let mut db = sandbox();
    create(&mut db, ADA, Role::Agent);
    let gone = welcome(&mut db, ADA, SessionKind::Page).session.id;
    let kept = welcome(&mut db, ADA, SessionKind::Page).session.id;
    for _ in 0..2 {
        db.write(|tx| identity::sign_out(tx, gone)).unwrap();
    }
    db.write(|tx| identity::sign_out(tx, SessionId::new()))
        .unwrap();
    let now = db.now;
    assert!(
        db.read(|conn| identity::caller(conn, gone, now))
            .unwrap()
            .is_none()
    );
    assert!(
        db.read(|conn| identity::caller(conn, kept, now))
            .unwrap()
            .is_some()
    );
    db.check_constraints().unwrap();
}
