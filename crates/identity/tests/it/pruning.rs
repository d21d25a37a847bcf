//! What is forgotten, and when.

use chrono::TimeDelta;
use db::testing::{Sandbox, sandbox};
use identity::{Refresh, SessionKind, SignIn};
use kernel::Role;

use crate::{attempt, create, welcome};

const ADA: &str = "ada@example.com";

fn prune(db: &mut Sandbox) -> usize {
    db.write(identity::prune).unwrap()
}

#[test]
fn failures_are_forgotten_with_their_window() {
    let mut db = sandbox();
    let outcome = attempt(&mut db, ADA, "", SessionKind::Page);
    assert!(matches!(outcome, Ok(SignIn::Refused)));
    db.now += TimeDelta::minutes(15) - TimeDelta::seconds(1);
    assert_eq!(prune(&mut db), 0);
    db.now += TimeDelta::seconds(1);
    assert_eq!(prune(&mut db), 2, "the account's and the address's");
    assert_eq!(prune(&mut db), 0);
}

#[test]
fn sessions_are_forgotten_a_month_after_they_are_over() {
    let mut db = sandbox();
    create(&mut db, ADA, Role::Agent);
    let expiring = welcome(&mut db, ADA, SessionKind::Api);
    let ended = welcome(&mut db, ADA, SessionKind::Api);
    db.write(|tx| identity::sign_out(tx, ended.session.id))
        .unwrap();

    db.now += TimeDelta::days(30) - TimeDelta::seconds(1);
    assert_eq!(prune(&mut db), 0);
    db.now += TimeDelta::seconds(1);
    assert_eq!(prune(&mut db), 1, "the one that was ended");
    db.now += TimeDelta::days(30);
    assert_eq!(prune(&mut db), 1, "the one that expired, with its tokens");
    let token = expiring.refresh_token.unwrap();
    let outcome = db.write(|tx| identity::refresh(tx, &token));
    assert!(matches!(outcome, Ok(Refresh::Unknown)));
}
