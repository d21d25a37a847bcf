//! The code that proves an e-mail address.

use chrono::TimeDelta;
use db::testing::{Sandbox, sandbox};
use kernel::{AgentId, Class, Classify as _};
use onboarding::{Confirmation, Error, Requirement};

use crate::arrange::{self, faults};

fn send(sandbox: &mut Sandbox, id: AgentId) -> String {
    sandbox
        .write(|tx| onboarding::send_email_code(tx, id))
        .unwrap()
        .code
}

fn confirm(sandbox: &mut Sandbox, id: AgentId, code: &str) -> Result<Confirmation, Error> {
    sandbox.write(|tx| onboarding::confirm_email(tx, id, code))
}

/// A well-formed code that is not this one.
fn other(code: &str) -> &'static str {
    if code == "123456" { "654321" } else { "123456" }
}

fn is_confirmed(sandbox: &mut Sandbox, id: AgentId) -> bool {
    let checklist = sandbox
        .read(|conn| onboarding::checklist(conn, id))
        .unwrap();
    checklist
        .iter()
        .any(|item| item.requirement == Requirement::Email && item.fulfilled_at.is_some())
}

#[test]
fn the_right_code_confirms_the_address() {
    let mut sandbox = sandbox();
    let agent = sandbox.write(arrange::applicant).unwrap();
    let letter = sandbox
        .write(|tx| onboarding::send_email_code(tx, agent.id))
        .unwrap();
    assert_eq!(
        (letter.email.as_str(), letter.display_name.as_str()),
        ("ada@example.org", "Ada")
    );
    assert!(letter.code.len() == 6 && letter.code.bytes().all(|byte| byte.is_ascii_digit()));
    assert!(!is_confirmed(&mut sandbox, agent.id));

    let spaced = format!(" {} {}", &letter.code[..3], &letter.code[3..]);
    assert_eq!(
        confirm(&mut sandbox, agent.id, &spaced).unwrap(),
        Confirmation::Confirmed
    );
    assert!(is_confirmed(&mut sandbox, agent.id));

    // Sent twice, it is confirmed still; and there is no need for another code.
    assert_eq!(
        confirm(&mut sandbox, agent.id, &letter.code).unwrap(),
        Confirmation::Confirmed
    );
    let outcome = sandbox.write(|tx| onboarding::send_email_code(tx, agent.id));
    assert!(matches!(outcome, Err(Error::EmailConfirmed)), "{outcome:?}");
}

#[test]
fn wrong_codes_are_counted_and_five_use_the_code_up() {
    let mut sandbox = sandbox();
    let id = sandbox.write(arrange::applicant).unwrap().id;
    let code = send(&mut sandbox, id);
    for tries_left in [4, 3, 2, 1, 0] {
        let outcome = confirm(&mut sandbox, id, other(&code)).unwrap();
        assert_eq!(outcome, Confirmation::Wrong { tries_left });
    }
    let outcome = confirm(&mut sandbox, id, &code);
    assert!(matches!(outcome, Err(Error::CodeUsedUp)), "{outcome:?}");
    assert!(!is_confirmed(&mut sandbox, id));

    sandbox.now += TimeDelta::minutes(1);
    let fresh = send(&mut sandbox, id);
    assert_eq!(
        confirm(&mut sandbox, id, &fresh).unwrap(),
        Confirmation::Confirmed
    );
}

#[test]
fn a_code_is_good_for_half_an_hour() {
    let mut sandbox = sandbox();
    let id = sandbox.write(arrange::applicant).unwrap().id;
    let nothing_sent = confirm(&mut sandbox, id, "123456");
    assert!(
        matches!(nothing_sent, Err(Error::CodeExpired)),
        "{nothing_sent:?}"
    );

    let code = send(&mut sandbox, id);
    sandbox.now += TimeDelta::minutes(30);
    let late = confirm(&mut sandbox, id, &code);
    assert!(matches!(late, Err(Error::CodeExpired)), "{late:?}");
    sandbox.now -= TimeDelta::seconds(1);
    assert_eq!(
        confirm(&mut sandbox, id, &code).unwrap(),
        Confirmation::Confirmed
    );
}

#[test]
fn one_code_a_minute_is_sent_and_the_latest_counts() {
    let mut sandbox = sandbox();
    let id = sandbox.write(arrange::applicant).unwrap().id;
    let first = send(&mut sandbox, id);
    sandbox.now += TimeDelta::seconds(20);
    let error = sandbox
        .write(|tx| onboarding::send_email_code(tx, id))
        .unwrap_err();
    assert!(
        matches!(
            error,
            Error::CodeTooSoon {
                retry_after_seconds: 40
            }
        ),
        "{error:?}"
    );
    assert_eq!(
        (error.class(), error.retry_after_seconds()),
        (Class::RateLimited, Some(40))
    );

    sandbox.now += TimeDelta::seconds(40);
    let second = send(&mut sandbox, id);
    if first != second {
        let outcome = confirm(&mut sandbox, id, &first).unwrap();
        assert_eq!(outcome, Confirmation::Wrong { tries_left: 4 });
    }
    assert_eq!(
        confirm(&mut sandbox, id, &second).unwrap(),
        Confirmation::Confirmed
    );
}

#[test]
fn what_cannot_be_a_code_costs_no_try() {
    let mut sandbox = sandbox();
    let id = sandbox.write(arrange::applicant).unwrap().id;
    let code = send(&mut sandbox, id);
    for typo in [
        "",
        "12345",
        "1234567",
        "12345a",
        "١٢٣٤٥٦",
        &"1".repeat(10_000),
    ] {
        assert_eq!(faults(confirm(&mut sandbox, id, typo)), ["code"]);
    }
    let outcome = confirm(&mut sandbox, id, other(&code)).unwrap();
    assert_eq!(outcome, Confirmation::Wrong { tries_left: 4 });
}

#[test]
fn the_code_itself_is_not_stored() {
    let mut sandbox = sandbox();
    let id = sandbox.write(arrange::applicant).unwrap().id;
    let code = send(&mut sandbox, id);
    let stored = sandbox
        .read(|conn| {
            let select = format!(
                "SELECT count(*) FROM onboarding.email_codes WHERE agent_id = '{}' \
                 AND code_sha256 = sha256('{code}') AND code_sha256 <> '{code}'::bytea",
                id.uuid(),
            );
            arrange::number(conn, &select)
        })
        .unwrap();
    assert_eq!(stored, 1);
}
