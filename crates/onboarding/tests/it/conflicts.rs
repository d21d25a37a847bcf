//! Customers whom an agent knows.

use std::{sync::Barrier, thread};

use db::testing::{TestDatabase, sandbox};
use kernel::{AgentId, Class, Classify};
use onboarding::{CONFLICT_LIMIT, Error};

use crate::arrange;

#[test]
fn a_declared_contact_is_part_of_the_qualification_until_withdrawn() {
    let mut sandbox = sandbox();
    let agent = sandbox.write(arrange::active).unwrap().id;
    let mut declare = |customer: &str| {
        sandbox.write(|tx| onboarding::declare_conflict(tx, agent, customer, " my aunt "))
    };
    let aunt = declare(" C-7 ").unwrap();
    declare("C-3").unwrap();
    assert_eq!(
        (aunt.customer_ref.as_str(), aunt.reason.as_str()),
        ("C-7", "my aunt")
    );
    let twice = declare("C-7").unwrap_err();
    assert_eq!(
        (twice.class(), twice.code()),
        (Class::Conflict, "conflict_declared")
    );

    let conflicts = |sandbox: &mut db::testing::Sandbox| {
        let held = sandbox
            .write(|tx| onboarding::hold_qualified(tx, &[agent]))
            .unwrap();
        held[0].conflicts.clone()
    };
    assert_eq!(conflicts(&mut sandbox), ["C-3", "C-7"]);
    sandbox
        .write(|tx| onboarding::withdraw_conflict(tx, agent, aunt.id))
        .unwrap();
    assert_eq!(conflicts(&mut sandbox), ["C-3"]);
    let gone = sandbox.write(|tx| onboarding::withdraw_conflict(tx, agent, aunt.id));
    assert!(matches!(gone, Err(Error::ConflictNotFound)), "{gone:?}");
    sandbox
        .write(|tx| onboarding::declare_conflict(tx, agent, "C-7", ""))
        .expect("what was withdrawn can be declared again");
    let shown = sandbox
        .read(|conn| onboarding::conflicts(conn, agent))
        .unwrap();
    let shown: Vec<_> = shown.iter().map(|one| one.customer_ref.as_str()).collect();
    assert_eq!(shown, ["C-7", "C-3"]);
    sandbox.assert_promises();
}

#[test]
fn only_ones_own_contacts_are_withdrawn_and_odd_ones_are_refused() {
    let mut sandbox = sandbox();
    let [ada, ben] =
        [arrange::active, arrange::active].map(|arranged| sandbox.write(arranged).unwrap().id);
    let mine = sandbox
        .write(|tx| onboarding::declare_conflict(tx, ada, "C-7", ""))
        .unwrap();
    let theirs = sandbox.write(|tx| onboarding::withdraw_conflict(tx, ben, mine.id));
    assert!(matches!(theirs, Err(Error::ConflictNotFound)), "{theirs:?}");
    for customer in ["", " ", "C\n7", &"x".repeat(101)] {
        let odd = sandbox.write(|tx| onboarding::declare_conflict(tx, ada, customer, ""));
        assert!(matches!(odd, Err(Error::Invalid(_))), "{customer:?}");
    }
    let nobody = sandbox.write(|tx| onboarding::declare_conflict(tx, AgentId::new(), "C-7", ""));
    assert!(matches!(nobody, Err(Error::AgentNotFound)), "{nobody:?}");
}

#[test]
fn contacts_that_are_declared_at_once_stay_within_the_limit() {
    let mut database = TestDatabase::create();
    let db = database.db();
    let agent = db.write_blocking("test", arrange::active).unwrap().id;
    for number in 0..CONFLICT_LIMIT - 2 {
        db.write_blocking("test", |tx| {
            onboarding::declare_conflict(tx, agent, &format!("C-{number}"), "")
        })
        .unwrap();
    }
    let start = Barrier::new(8);
    thread::scope(|scope| {
        for number in 0..8 {
            let (db, start) = (&db, &start);
            scope.spawn(move || {
                start.wait();
                db.write_blocking("test", |tx| {
                    onboarding::declare_conflict(tx, agent, &format!("D-{number}"), "")
                })
            });
        }
    });
    let count = "SELECT count(*) FROM onboarding.conflicts WHERE status = 'declared'";
    assert_eq!(database.number(count), CONFLICT_LIMIT);
}
