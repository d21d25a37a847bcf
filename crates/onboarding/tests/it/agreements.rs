//! Versions of the agreement and their acceptance.

use chrono::TimeDelta;
use db::testing::sandbox;
use onboarding::{Error, Requirement};

use crate::arrange::{self, faults};

#[test]
fn each_agreement_is_the_next_version_with_the_digest_of_its_text() {
    let mut sandbox = sandbox();
    assert!(
        sandbox
            .read(onboarding::current_agreement)
            .unwrap()
            .is_none()
    );
    let first = sandbox
        .write(|tx| onboarding::publish_agreement(tx, " Terms ", "abc", None))
        .unwrap();
    assert_eq!((first.version, first.title.as_str()), (1, "Terms"));
    // The example of FIPS 180-2, appendix B.1.
    assert_eq!(
        first.sha256_hex(),
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    );
    let second = sandbox
        .write(|tx| onboarding::publish_agreement(tx, "Terms", "abcd", None))
        .unwrap();
    let current = sandbox
        .read(onboarding::current_agreement)
        .unwrap()
        .unwrap();
    assert_eq!(
        (current.version, current.body.as_str()),
        (second.version, "abcd")
    );
    assert_eq!(second.version, 2);
}

#[test]
fn an_agreement_needs_a_title_and_a_text() {
    let mut sandbox = sandbox();
    let long = "x".repeat(100_001);
    let publish = |title: &'static str, body: String| {
        move |tx: &mut db::Tx<'_>| onboarding::publish_agreement(tx, title, &body, None)
    };
    assert_eq!(
        faults(sandbox.write(publish(" ", String::new()))),
        ["title", "body"]
    );
    assert_eq!(
        faults(sandbox.write(publish("two\nlines", long))),
        ["title", "body"]
    );
}

#[test]
fn only_the_current_agreement_is_accepted_letter_for_letter() {
    let mut sandbox = sandbox();
    let id = sandbox.write(arrange::applicant).unwrap().id;
    let none = sandbox.write(|tx| onboarding::accept_agreement(tx, id, 1, "00"));
    assert!(matches!(none, Err(Error::AgreementNotFound)), "{none:?}");

    let old = sandbox
        .write(|tx| onboarding::publish_agreement(tx, "Terms", "old", None))
        .unwrap();
    let new = sandbox
        .write(|tx| onboarding::publish_agreement(tx, "Terms", "new", None))
        .unwrap();
    for (version, digest) in [
        (old.version, old.sha256_hex()),
        (old.version, new.sha256_hex()),
        (new.version, old.sha256_hex()),
        (new.version, String::new()),
        (new.version + 1, new.sha256_hex()),
    ] {
        let outcome = sandbox.write(|tx| onboarding::accept_agreement(tx, id, version, &digest));
        assert!(
            matches!(outcome, Err(Error::AgreementOutdated)),
            "{outcome:?}"
        );
    }
    assert!(
        sandbox
            .read(|conn| onboarding::acceptance(conn, id))
            .unwrap()
            .is_none()
    );

    let digest = new.sha256_hex().to_uppercase();
    for _ in 0..2 {
        sandbox
            .write(|tx| onboarding::accept_agreement(tx, id, new.version, &digest))
            .expect("accepting twice is accepting");
    }
    let acceptance = sandbox
        .read(|conn| onboarding::acceptance(conn, id))
        .unwrap()
        .unwrap();
    assert_eq!(
        (acceptance.version, acceptance.body_sha256),
        (new.version, new.body_sha256)
    );
}

#[test]
fn the_requirement_stays_fulfilled_when_a_newer_agreement_appears() {
    let mut sandbox = sandbox();
    let id = sandbox.write(arrange::applicant).unwrap().id;
    sandbox.write(|tx| arrange::agree(tx, id)).unwrap();
    sandbox
        .write(|tx| onboarding::publish_agreement(tx, "Terms", "newer", None))
        .unwrap();
    let checklist = sandbox
        .read(|conn| onboarding::checklist(conn, id))
        .unwrap();
    let item = checklist
        .iter()
        .find(|item| item.requirement == Requirement::Agreement)
        .unwrap();
    assert!(item.fulfilled_at.is_some());
}

#[test]
fn an_agreement_is_neither_backdated_nor_effective_before_the_one_before_it() {
    let mut sandbox = sandbox();
    let now = sandbox.now;
    let mut publish = |effective_at: Option<TimeDelta>| {
        let effective_at = effective_at.map(|later| now + later);
        sandbox.write(|tx| onboarding::publish_agreement(tx, "Terms", "text", effective_at))
    };
    for odd in [TimeDelta::seconds(-1), TimeDelta::days(91)] {
        let refused = publish(Some(odd));
        assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
    }
    let week = publish(Some(TimeDelta::days(7))).unwrap();
    assert!(matches!(
        publish(Some(TimeDelta::days(6))),
        Err(Error::Invalid(_))
    ));
    assert_eq!(publish(None).unwrap().effective_at, week.effective_at);
}
