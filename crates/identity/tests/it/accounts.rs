//! Accounts and what is done to them.

use db::testing::{Sandbox, sandbox};
use identity::{AccountStatus, Error, NewAccount, SessionKind, SignIn};
use kernel::{AccountId, Class, Classify, PageRequest, Role};

use crate::{PASSWORD, attempt, create, fields, new_account, welcome};

#[test]
fn an_account_is_stored_as_it_was_asked_for() {
    let mut db = sandbox();
    let mut new = new_account(" Ada@Example.com ", Role::Supervisor);
    new.display_name = " Ada ".to_owned();
    let made = db.write(|tx| identity::create_account(tx, &new)).unwrap();

    let read = db
        .read(|conn| identity::account(conn, made.id))
        .unwrap()
        .unwrap();
    assert_eq!(
        (read.email.as_str(), read.display_name.as_str()),
        ("ada@example.com", "Ada")
    );
    assert_eq!(
        (read.role, read.status),
        (Role::Supervisor, AccountStatus::Active)
    );
    assert_eq!(read.created_at, db.now);
    let found = db
        .read(|conn| identity::account_by_email(conn, "ADA@example.com "))
        .unwrap();
    assert_eq!(found.unwrap().id, made.id);
    assert!(
        db.read(|conn| identity::account_by_email(conn, "ben@example.com"))
            .unwrap()
            .is_none()
    );
}

#[test]
fn every_fault_of_a_new_account_is_named() {
    let mut db = sandbox();
    let refused = |db: &mut Sandbox, new: &NewAccount| {
        fields(db.write(|tx| identity::create_account(tx, new)))
    };
    let mut new = new_account("nobody", Role::Agent);
    new.display_name = " ".to_owned();
    assert_eq!(refused(&mut db, &new), ["email", "display_name"]);
    let mut new = new_account("ada@example.com", Role::Agent);
    new.display_name = "Ada\nBcc: all@example.com".to_owned();
    assert_eq!(refused(&mut db, &new), ["display_name"]);
    new.display_name = "é".repeat(101);
    assert_eq!(refused(&mut db, &new), ["display_name"]);
    new.display_name = "é".repeat(100);
    db.write(|tx| identity::create_account(tx, &new)).unwrap();
    assert_eq!(fields(identity::hash_password("short")), ["password"]);
}

#[test]
fn an_address_has_one_account() {
    let mut db = sandbox();
    create(&mut db, "ada@example.com", Role::Agent);
    let again = new_account("ADA@example.com", Role::Agent);
    let error = db
        .write(|tx| identity::create_account(tx, &again))
        .unwrap_err();
    assert!(matches!(error, Error::EmailTaken), "{error:?}");
    assert_eq!(
        (error.class(), error.code()),
        (Class::Conflict, "email_taken")
    );
}

#[test]
fn a_role_can_be_changed() {
    let mut db = sandbox();
    let ada = create(&mut db, "ada@example.com", Role::Applicant);
    let session = welcome(&mut db, "ada@example.com", SessionKind::Page)
        .session
        .id;
    let changed = db
        .write(|tx| identity::change_role(tx, ada.id, Role::Agent))
        .unwrap();
    assert_eq!(changed.role, Role::Agent);
    let now = db.now;
    let caller = db
        .read(|conn| identity::caller(conn, session, now))
        .unwrap()
        .unwrap();
    assert_eq!(
        caller.role,
        Role::Agent,
        "a live session has the new role at once"
    );
}

#[test]
fn suspension_ends_every_session_of_the_account_and_of_no_other() {
    let mut db = sandbox();
    let ada = create(&mut db, "ada@example.com", Role::Agent);
    create(&mut db, "ben@example.com", Role::Agent);
    let sessions = [
        welcome(&mut db, "ada@example.com", SessionKind::Page)
            .session
            .id,
        welcome(&mut db, "ada@example.com", SessionKind::Api)
            .session
            .id,
        welcome(&mut db, "ben@example.com", SessionKind::Page)
            .session
            .id,
    ];
    let called = |db: &mut Sandbox| {
        let now = db.now;
        sessions.map(|id| {
            db.read(|conn| identity::caller(conn, id, now))
                .unwrap()
                .is_some()
        })
    };
    assert_eq!(called(&mut db), [true, true, true]);
    db.write(|tx| identity::suspend_account(tx, ada.id))
        .unwrap();
    assert_eq!(called(&mut db), [false, false, true]);
    let refused = attempt(&mut db, "ada@example.com", PASSWORD, SessionKind::Page);
    assert!(matches!(refused, Ok(SignIn::Refused)), "{refused:?}");

    db.write(|tx| identity::reinstate_account(tx, ada.id))
        .unwrap();
    assert_eq!(
        called(&mut db),
        [false, false, true],
        "what is revoked stays revoked"
    );
    let _ = welcome(&mut db, "ada@example.com", SessionKind::Page);
}

#[test]
fn a_session_of_a_suspended_account_calls_nobody_even_if_it_lives() {
    let mut db = sandbox();
    create(&mut db, "ada@example.com", Role::Agent);
    let session = welcome(&mut db, "ada@example.com", SessionKind::Page)
        .session
        .id;
    db.sql("UPDATE identity.accounts SET status = 'suspended'");
    let now = db.now;
    assert!(
        db.read(|conn| identity::caller(conn, session, now))
            .unwrap()
            .is_none()
    );
}

#[test]
fn suspending_and_reinstating_twice_is_fine() {
    let mut db = sandbox();
    let ada = create(&mut db, "ada@example.com", Role::Agent);
    for _ in 0..2 {
        db.write(|tx| identity::suspend_account(tx, ada.id))
            .unwrap();
    }
    for _ in 0..2 {
        db.write(|tx| identity::reinstate_account(tx, ada.id))
            .unwrap();
    }
}

#[test]
fn an_account_that_is_not_there_cannot_be_changed() {
    let mut db = sandbox();
    let nobody = AccountId::new();
    for outcome in [
        db.write(|tx| identity::change_role(tx, nobody, Role::Admin))
            .map(drop),
        db.write(|tx| identity::suspend_account(tx, nobody)),
        db.write(|tx| identity::reinstate_account(tx, nobody)),
    ] {
        let error = outcome.unwrap_err();
        assert_eq!(
            (error.class(), error.code()),
            (Class::NotFound, "account_not_found")
        );
    }
    assert!(
        db.read(|conn| identity::account(conn, nobody))
            .unwrap()
            .is_none()
    );
}

#[test]
fn accounts_are_listed_in_pages_newest_first() {
    let mut db = sandbox();
    let roles = [
        Role::Applicant,
        Role::Agent,
        Role::Supervisor,
        Role::Admin,
        Role::Agent,
    ];
    let mut ids: Vec<AccountId> = (0_u8..)
        .zip(roles)
        .map(|(n, role)| create(&mut db, &format!("a{n}@example.com"), role).id)
        .collect();
    ids.reverse();

    let mut seen = Vec::new();
    let mut request = PageRequest::new(None, Some(2));
    loop {
        let page = db
            .read(|conn| identity::accounts(conn, &request, false))
            .unwrap();
        assert!(page.items.len() <= 2);
        seen.extend(page.items.iter().map(|account| account.id));
        let Some(next) = page.next else { break };
        request.after = Some(next.parse().unwrap());
    }
    assert_eq!(seen, ids);

    let staff = db
        .read(|conn| identity::accounts(conn, &PageRequest::first(), true))
        .unwrap();
    let staff: Vec<Role> = staff.items.iter().map(|account| account.role).collect();
    assert_eq!(staff, [Role::Admin, Role::Supervisor]);
}

#[test]
fn a_suspended_administrator_does_not_count() {
    let mut db = sandbox();
    assert!(!db.read(identity::any_admin).unwrap());
    create(&mut db, "ben@example.com", Role::Supervisor);
    assert!(!db.read(identity::any_admin).unwrap());
    let ada = create(&mut db, "ada@example.com", Role::Admin);
    assert!(db.read(identity::any_admin).unwrap());
    db.write(|tx| identity::suspend_account(tx, ada.id))
        .unwrap();
    assert!(!db.read(identity::any_admin).unwrap());
}

#[test]
fn an_admin_suspends_colleagues_but_neither_agents_nor_themselves() {
    let mut db = sandbox();
    let admin = create(&mut db, "admin@example.com", Role::Admin).id;
    let colleague = create(&mut db, "ben@example.com", Role::Supervisor).id;
    let agent = create(&mut db, "ada@example.com", Role::Agent).id;

    let own = db.write(|tx| identity::suspend_staff(tx, admin, admin));
    assert!(matches!(own, Err(Error::OwnAccount)), "{own:?}");
    for outcome in [
        db.write(|tx| identity::suspend_staff(tx, agent, admin)),
        db.write(|tx| identity::reinstate_staff(tx, agent)),
    ] {
        assert!(matches!(outcome, Err(Error::NotStaff)), "{outcome:?}");
    }
    let nobody = db.write(|tx| identity::suspend_staff(tx, AccountId::new(), admin));
    assert!(matches!(nobody, Err(Error::AccountNotFound)), "{nobody:?}");

    let status = |db: &mut Sandbox| {
        let account = db.read(|conn| identity::account(conn, colleague)).unwrap();
        account.unwrap().status
    };
    db.write(|tx| identity::suspend_staff(tx, colleague, admin))
        .unwrap();
    assert_eq!(status(&mut db), AccountStatus::Suspended);
    db.write(|tx| identity::reinstate_staff(tx, colleague))
        .unwrap();
    assert_eq!(status(&mut db), AccountStatus::Active);
}
