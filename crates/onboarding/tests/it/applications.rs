//! Applying, the profile, the checklist, handing in.

use chrono::TimeDelta;
use db::testing::sandbox;
use kernel::{AgentId, Class, Classify as _, PageRequest};
use onboarding::{AgentStatus, Application, Error, Invitation, ProfileInput, Requirement, Spoken};

use crate::arrange::{self, faults};

type Arranged = fn(&mut db::Tx<'_>) -> Result<onboarding::Agent, Error>;

#[test]
fn an_application_begins_with_what_the_invitation_says() {
    let mut sandbox = sandbox();
    let application = sandbox.write(arrange::application).unwrap();
    let agent = sandbox
        .write(|tx| onboarding::apply(tx, &application))
        .unwrap();

    let stored = sandbox
        .read(|conn| onboarding::agent(conn, agent.id))
        .unwrap()
        .unwrap();
    assert_eq!(stored.status, AgentStatus::Applying);
    assert_eq!(stored.customer_ref, application.invitation.customer_ref);
    assert_eq!(stored.household_ref, application.invitation.household_ref);
    assert_eq!(
        (stored.tier.as_str(), stored.country.as_str()),
        ("gold", "SE")
    );
    assert_eq!(stored.customer_since, application.invitation.since);
    assert_eq!(
        (stored.email.as_str(), stored.display_name.as_str()),
        ("ada@example.org", "Ada")
    );
    let by_account = sandbox
        .read(|conn| onboarding::agent_by_account(conn, application.account_id))
        .unwrap();
    assert_eq!(by_account.unwrap().id, agent.id);
}

#[test]
fn a_customer_applies_once() {
    let mut sandbox = sandbox();
    let first = sandbox.write(arrange::application).unwrap();
    sandbox.write(|tx| onboarding::apply(tx, &first)).unwrap();
    let other = sandbox.write(arrange::application).unwrap();

    let again = Application {
        account_id: other.account_id,
        ..first.clone()
    };
    let outcome = sandbox.write(|tx| onboarding::apply(tx, &again));
    assert!(matches!(outcome, Err(Error::AlreadyApplied)), "{outcome:?}");

    let again = Application {
        account_id: first.account_id,
        ..other
    };
    let outcome = sandbox.write(|tx| onboarding::apply(tx, &again));
    assert!(matches!(outcome, Err(Error::AlreadyApplied)), "{outcome:?}");
}

#[test]
fn an_invitation_that_expires_meanwhile_is_too_late() {
    let mut sandbox = sandbox();
    let application = sandbox.write(arrange::application).unwrap();
    sandbox.now = application.invitation.expires_at;
    let outcome = sandbox.write(|tx| onboarding::apply(tx, &application));
    assert!(
        matches!(outcome, Err(Error::InvitationExpired)),
        "{outcome:?}"
    );
}

#[test]
fn every_fault_of_an_application_is_named() {
    let mut sandbox = sandbox();
    let sound = sandbox.write(arrange::application).unwrap();
    let unsound = Application {
        invitation: Invitation {
            customer_ref: String::new(),
            tier: "x".repeat(65),
            country: "se".to_owned(),
            household_ref: Some("a\nb".to_owned()),
            email: Some("nowhere".to_owned()),
            ..sound.invitation
        },
        email: "ada at example.org".to_owned(),
        display_name: "  ".to_owned(),
        ..sound
    };
    assert_eq!(
        faults(sandbox.write(|tx| onboarding::apply(tx, &unsound))),
        [
            "invitation.customer",
            "invitation.tier",
            "invitation.country",
            "invitation.household",
            "invitation.email",
            "email",
            "display_name",
        ],
    );
}

#[test]
fn a_profile_is_saved_and_ticks_the_checklist() {
    let mut sandbox = sandbox();
    let agent = sandbox.write(arrange::applicant).unwrap();
    sandbox
        .write(|tx| onboarding::save_profile(tx, agent.id, &arrange::profile()))
        .unwrap();

    let stored = sandbox
        .read(|conn| onboarding::agent(conn, agent.id))
        .unwrap()
        .unwrap();
    assert_eq!(stored.display_name, "Ada L.");
    assert_eq!(stored.time_zone.as_deref(), Some("Europe/Stockholm"));
    assert_eq!(stored.languages, ["sv", "en"]);
    assert_eq!(stored.spoken(), arrange::profile().languages);
    let checklist = sandbox
        .read(|conn| onboarding::checklist(conn, agent.id))
        .unwrap();
    let order: Vec<_> = checklist.iter().map(|item| item.requirement).collect();
    assert_eq!(order, Requirement::ALL);
    for item in checklist {
        let expected = (item.requirement == Requirement::Profile).then_some(sandbox.now);
        assert_eq!(
            item.fulfilled_at.map(|at| at.timestamp_micros()),
            expected.map(|at| at.timestamp_micros()),
            "{}",
            item.requirement,
        );
    }
}

#[test]
fn a_requirement_counts_from_when_it_was_first_fulfilled() {
    let mut sandbox = sandbox();
    let agent = sandbox.write(arrange::applicant).unwrap();
    let first = sandbox.now;
    for _ in 0..2 {
        sandbox
            .write(|tx| onboarding::save_profile(tx, agent.id, &arrange::profile()))
            .unwrap();
        sandbox.now += TimeDelta::hours(1);
    }
    let checklist = sandbox
        .read(|conn| onboarding::checklist(conn, agent.id))
        .unwrap();
    let fulfilled = checklist.iter().find_map(|item| item.fulfilled_at).unwrap();
    assert_eq!(fulfilled.timestamp_micros(), first.timestamp_micros());
}

#[test]
fn every_fault_of_a_profile_is_named() {
    let mut sandbox = sandbox();
    let agent = sandbox.write(arrange::applicant).unwrap();
    let mut save = |profile: &ProfileInput| {
        faults(sandbox.write(|tx| onboarding::save_profile(tx, agent.id, profile)))
    };
    let unsound = ProfileInput {
        display_name: "A\nB".to_owned(),
        time_zone: "Europe/Atlantis".to_owned(),
        languages: ["en", "eng", "en"].map(Spoken::fluently).to_vec(),
    };
    assert_eq!(
        save(&unsound),
        ["display_name", "time_zone", "languages[1]", "languages[2]"]
    );
    let none = ProfileInput {
        languages: Vec::new(),
        ..arrange::profile()
    };
    assert_eq!(save(&none), ["languages"]);
    let languages: Vec<_> = ('a'..='k')
        .map(|letter| Spoken::fluently(format!("{letter}a")))
        .collect();
    let eleven = ProfileInput {
        languages: languages.clone(),
        ..arrange::profile()
    };
    assert_eq!(save(&eleven), ["languages"]);
    let ten = ProfileInput {
        languages: languages[..10].to_vec(),
        ..arrange::profile()
    };
    assert!(
        sandbox
            .write(|tx| onboarding::save_profile(tx, agent.id, &ten))
            .is_ok()
    );
    for level in [0, 6] {
        let code = "en".to_owned();
        let odd = ProfileInput {
            languages: vec![Spoken::fluently("sv"), Spoken { code, level }],
            ..arrange::profile()
        };
        let saved = sandbox.write(|tx| onboarding::save_profile(tx, agent.id, &odd));
        assert_eq!(faults(saved), ["languages[1]"]);
    }
}

#[test]
fn an_application_is_handed_in_once_all_requirements_are_fulfilled() {
    for &missing in Requirement::ALL {
        let mut sandbox = sandbox();
        let agent = sandbox.write(arrange::applicant).unwrap();
        sandbox
            .write(|tx| arrange::fulfil_all_but(tx, agent.id, Some(missing)))
            .unwrap();
        let outcome = sandbox.write(|tx| onboarding::submit(tx, agent.id));
        assert!(
            matches!(&outcome, Err(Error::RequirementsOpen(open)) if open == &[missing]),
            "{missing}: {outcome:?}",
        );
        assert!(outcome.unwrap_err().to_string().contains(missing.label()));
    }
    let mut sandbox = sandbox();
    let agent = sandbox.write(arrange::submitted).unwrap();
    assert_eq!(agent.status, AgentStatus::Submitted);
    assert_eq!(agent.submitted_at, Some(sandbox.now));
    let again = sandbox.write(|tx| onboarding::submit(tx, agent.id));
    assert!(matches!(again, Err(Error::ApplicationClosed)), "{again:?}");
    sandbox.check_constraints().unwrap();
    sandbox.assert_promises();
}

#[test]
fn a_closed_application_cannot_be_changed() {
    let closed: [Arranged; 3] = [arrange::submitted, arrange::suspended, arrange::rejected];
    for arranged in closed {
        let mut sandbox = sandbox();
        let agent = sandbox.write(arranged).unwrap();
        let skill = sandbox.write(arrange::skill).unwrap();
        let id = agent.id;
        let outcomes: [Result<(), Error>; 4] = [
            sandbox.write(|tx| onboarding::save_profile(tx, id, &arrange::profile()).map(drop)),
            sandbox.write(|tx| arrange::agree(tx, id)),
            sandbox.write(|tx| onboarding::start_attempt(tx, id, &skill).map(drop)),
            sandbox.write(|tx| onboarding::send_email_code(tx, id).map(drop)),
        ];
        for outcome in outcomes {
            let error = outcome.unwrap_err();
            assert!(
                matches!(error, Error::ApplicationClosed),
                "{}: {error:?}",
                agent.status
            );
            assert_eq!(error.class(), Class::Conflict);
        }
    }
}

#[test]
fn an_active_agent_may_change_the_profile_agree_and_learn_more() {
    let mut sandbox = sandbox();
    let id = sandbox.write(arrange::active).unwrap().id;
    let german = ProfileInput {
        languages: vec![Spoken::fluently("de")],
        ..arrange::profile()
    };
    let agent = sandbox
        .write(|tx| onboarding::save_profile(tx, id, &german))
        .unwrap();
    assert_eq!(
        (agent.status, agent.languages.as_slice()),
        (AgentStatus::Active, &["de".to_owned()][..])
    );
    sandbox.write(|tx| arrange::agree(tx, id)).unwrap();
    let skill = sandbox.write(arrange::skill).unwrap();
    sandbox
        .write(|tx| arrange::pass(tx, id, &skill, 0))
        .unwrap();
    assert_eq!(
        sandbox
            .read(|conn| onboarding::grants(conn, id))
            .unwrap()
            .len(),
        2
    );
}

#[test]
fn payout_details_can_change_as_long_as_something_may_be_owed() {
    let arrangements: [(Arranged, bool); 5] = [
        (arrange::applicant, true),
        (arrange::submitted, true),
        (arrange::active, true),
        (arrange::suspended, true),
        (arrange::rejected, false),
    ];
    for (arranged, allowed) in arrangements {
        let mut sandbox = sandbox();
        let agent = sandbox.write(arranged).unwrap();
        let outcome = sandbox.write(|tx| onboarding::payout_details_given(tx, agent.id));
        assert_eq!(outcome.is_ok(), allowed, "{}", agent.status);
    }
}

#[test]
fn who_does_not_exist_is_not_found() {
    let mut sandbox = sandbox();
    let nobody = AgentId::new();
    let outcome = sandbox.write(|tx| onboarding::submit(tx, nobody));
    assert!(matches!(outcome, Err(Error::AgentNotFound)), "{outcome:?}");
    assert!(
        sandbox
            .read(|conn| onboarding::agent(conn, nobody))
            .unwrap()
            .is_none()
    );
}

#[test]
fn agents_are_listed_page_by_page() {
    let mut sandbox = sandbox();
    let ids: Vec<_> = (0..5)
        .map(|_| sandbox.write(arrange::applicant).unwrap().id)
        .collect();
    let submitted = sandbox.write(arrange::submitted).unwrap().id;

    let (mut listed, mut after) = (Vec::new(), None);
    loop {
        let request = PageRequest::new(after, Some(2));
        let page = sandbox
            .read(|conn| onboarding::agents(conn, Some(AgentStatus::Applying), &request))
            .unwrap();
        assert!(page.items.len() <= 2);
        listed.extend(page.items.iter().map(|agent| agent.id));
        let Some(next) = page.next else { break };
        after = Some(next.parse().unwrap());
    }
    assert_eq!(listed, ids);
    let all = sandbox
        .read(|conn| onboarding::agents(conn, None, &PageRequest::first()))
        .unwrap();
    assert_eq!(all.items.len(), 6);
    assert_eq!(all.items.last().unwrap().id, submitted);
}
