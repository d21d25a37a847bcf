//! Refresh tokens, one caller at a time. Races are in `races`.

use chrono::TimeDelta;
use db::testing::{Sandbox, sandbox};
use identity::{Refresh, SessionKind, SignedIn};
use kernel::Role;

use crate::{create, welcome};

const ADA: &str = "ada@example.com";

fn api_session(db: &mut Sandbox) -> SignedIn {
    create(db, ADA, Role::Agent);
    welcome(db, ADA, SessionKind::Api)
}

fn refresh(db: &mut Sandbox, token: &str) -> Refresh {
    db.write(|tx| identity::refresh(tx, token)).unwrap()
}

fn rotated(db: &mut Sandbox, token: &str) -> SignedIn {
    match refresh(db, token) {
        Refresh::Rotated(signed_in) => signed_in,
        other => panic!("not rotated: {other:?}"),
    }
}

fn is_live(db: &mut Sandbox, signed_in: &SignedIn) -> bool {
    let now = db.now;
    db.read(|conn| identity::caller(conn, signed_in.session.id, now))
        .unwrap()
        .is_some()
}

#[test]
fn each_token_is_good_for_its_successor() {
    let mut db = sandbox();
    let first = api_session(&mut db);
    let mut token = first.refresh_token.clone().unwrap();
    for _ in 0..3 {
        db.now += TimeDelta::days(1);
        let next = rotated(&mut db, &token);
        assert_eq!(next.session.id, first.session.id);
        assert_eq!(next.account.id, first.account.id);
        assert_eq!(
            next.session.expires_at, first.session.expires_at,
            "it is not prolonged"
        );
        let successor = next.refresh_token.unwrap();
        assert_ne!(successor, token);
        token = successor;
    }
}

#[test]
fn a_token_used_twice_ends_the_session_for_both_holders() {
    let mut db = sandbox();
    let first = api_session(&mut db);
    let stolen = first.refresh_token.clone().unwrap();
    let next = rotated(&mut db, &stolen).refresh_token.unwrap();
    let last = rotated(&mut db, &next).refresh_token.unwrap();
    assert!(is_live(&mut db, &first));

    assert!(matches!(refresh(&mut db, &stolen), Refresh::Reused));
    assert!(!is_live(&mut db, &first));
    assert!(matches!(refresh(&mut db, &last), Refresh::Unknown));
    assert!(
        matches!(refresh(&mut db, &stolen), Refresh::Reused),
        "and it stays so"
    );
}

#[test]
fn a_token_dies_with_its_session() {
    let mut db = sandbox();
    let first = api_session(&mut db);
    let token = first.refresh_token.clone().unwrap();
    db.now = first.session.expires_at;
    assert!(matches!(refresh(&mut db, &token), Refresh::Unknown));
    db.now -= TimeDelta::seconds(1);
    let token = rotated(&mut db, &token).refresh_token.unwrap();
    db.write(|tx| identity::sign_out(tx, first.session.id))
        .unwrap();
    assert!(matches!(refresh(&mut db, &token), Refresh::Unknown));
}

#[test]
fn a_suspended_account_cannot_refresh() {
    let mut db = sandbox();
    let first = api_session(&mut db);
    let token = first.refresh_token.clone().unwrap();
    // Only the account, so that its status counts by itself.
    db.sql("UPDATE identity.accounts SET status = 'suspended'");
    assert!(matches!(refresh(&mut db, &token), Refresh::Unknown));
    db.sql("UPDATE identity.accounts SET status = 'active'");
    db.write(|tx| identity::suspend_account(tx, first.account.id))
        .unwrap();
    db.write(|tx| identity::reinstate_account(tx, first.account.id))
        .unwrap();
    assert!(matches!(refresh(&mut db, &token), Refresh::Unknown));
}

#[test]
fn what_is_no_token_of_ours_is_unknown() {
    let mut db = sandbox();
    let token = api_session(&mut db).refresh_token.unwrap();
    for text in [
        "",
        "gdr_",
        &token[4..],
        &token.to_uppercase(),
        "gdr_\0",
        &"x".repeat(10_000),
    ] {
        assert!(
            matches!(refresh(&mut db, text), Refresh::Unknown),
            "{text:?}"
        );
    }
    let _ = rotated(&mut db, &token);
}
