//! Machine keys.

use db::testing::{Sandbox, sandbox};
use identity::MachineKeyStatus;
use kernel::{AccountId, Class, Classify, MachineKeyId, PageRequest, Role};

use crate::{create, fields};

fn found(db: &mut Sandbox, secret: &str) -> Option<MachineKeyId> {
    db.read(|conn| identity::machine_key(conn, secret))
        .unwrap()
        .map(|key| key.id)
}

#[test]
fn a_key_is_found_by_its_secret_until_it_is_revoked() {
    let mut db = sandbox();
    let ada = create(&mut db, "ada@example.com", Role::Admin).id;
    let (key, secret) = db
        .write(|tx| identity::create_machine_key(tx, " The assistant ", ada))
        .unwrap();
    assert!(secret.starts_with("gdk_") && secret.len() == 47, "{secret}");
    assert_eq!((key.name.as_str(), key.created_by), ("The assistant", ada));
    assert_eq!(found(&mut db, &secret), Some(key.id));
    assert_eq!(found(&mut db, &secret[4..]), None);
    assert_eq!(found(&mut db, ""), None);

    let revoked_at = db.now;
    db.write(|tx| identity::revoke_machine_key(tx, key.id))
        .unwrap();
    assert_eq!(found(&mut db, &secret), None);
    db.now += chrono::TimeDelta::hours(1);
    db.write(|tx| identity::revoke_machine_key(tx, key.id))
        .unwrap();
    let page = db
        .read(|conn| identity::machine_keys(conn, &PageRequest::first()))
        .unwrap();
    assert_eq!(page.items[0].status, MachineKeyStatus::Revoked);
    assert_eq!(
        page.items[0].revoked_at,
        Some(revoked_at),
        "the first time stays on record"
    );
}

#[test]
fn the_secret_is_not_in_the_database() {
    let mut db = sandbox();
    let ada = create(&mut db, "ada@example.com", Role::Admin).id;
    let (_, secret) = db
        .write(|tx| identity::create_machine_key(tx, "bank", ada))
        .unwrap();
    db.sql(&format!(
        "DO $$ BEGIN ASSERT NOT EXISTS (SELECT FROM identity.machine_keys k \
         WHERE k::text LIKE '%{secret}%' OR secret_sha256 = '{secret}'::bytea); END $$"
    ));
}

#[test]
fn a_key_needs_a_name_and_a_maker() {
    let mut db = sandbox();
    let ada = create(&mut db, "ada@example.com", Role::Admin).id;
    for name in ["", " ", "a\0b", &"x".repeat(101)] {
        let outcome = db.write(|tx| identity::create_machine_key(tx, name, ada));
        assert_eq!(fields(outcome), ["name"], "{name:?}");
    }
    let outcome = db.write(|tx| identity::create_machine_key(tx, "bank", AccountId::new()));
    assert_eq!(outcome.unwrap_err().code(), "account_not_found");
    let error = db
        .write(|tx| identity::revoke_machine_key(tx, MachineKeyId::new()))
        .unwrap_err();
    assert_eq!(
        (error.class(), error.code()),
        (Class::NotFound, "machine_key_not_found")
    );
}

#[test]
fn keys_are_listed_in_pages_newest_first() {
    let mut db = sandbox();
    let ada = create(&mut db, "ada@example.com", Role::Admin).id;
    let ids: Vec<MachineKeyId> = ["one", "two", "three"]
        .map(|name| {
            db.write(|tx| identity::create_machine_key(tx, name, ada))
                .unwrap()
                .0
                .id
        })
        .into();
    let page = |db: &mut Sandbox, after| {
        let request = PageRequest::new(after, Some(2));
        let page = db
            .read(|conn| identity::machine_keys(conn, &request))
            .unwrap();
        (
            page.items.iter().map(|key| key.id).collect::<Vec<_>>(),
            page.next,
        )
    };
    let (items, next) = page(&mut db, None);
    assert_eq!(items, [ids[2], ids[1]]);
    let (items, next) = page(&mut db, next.map(|key| key.parse().unwrap()));
    assert_eq!((items, next), (vec![ids[0]], None));
}
