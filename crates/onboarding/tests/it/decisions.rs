//! What people decide about applicants and agents.

use db::{Tx, testing::sandbox};
use kernel::{AccountId, AgentId, Class, Classify as _};
use onboarding::{Agent, AgentStatus, DecisionKind, Error};

use crate::arrange::{self, faults};

type Command = fn(&mut Tx<'_>, AgentId, AccountId, &str) -> Result<Agent, Error>;

const COMMANDS: [(DecisionKind, Command); 4] = [
    (DecisionKind::Approve, onboarding::approve),
    (DecisionKind::Reject, onboarding::reject),
    (DecisionKind::Suspend, onboarding::suspend),
    (DecisionKind::Reinstate, onboarding::reinstate),
];

#[test]
fn an_agents_way_is_on_record_with_deciders_and_reasons() {
    let mut sandbox = sandbox();
    let id = sandbox.write(arrange::submitted).unwrap().id;
    let decider = sandbox.write(arrange::account).unwrap();
    for (kind, status) in [
        (DecisionKind::Approve, AgentStatus::Active),
        (DecisionKind::Suspend, AgentStatus::Suspended),
        (DecisionKind::Reinstate, AgentStatus::Active),
    ] {
        let (_, command) = COMMANDS.iter().find(|(one, _)| *one == kind).unwrap();
        let agent = sandbox
            .write(|tx| command(tx, id, decider, &format!(" {kind} \n")))
            .unwrap();
        assert_eq!(
            (agent.status, agent.decided_at),
            (status, Some(sandbox.now))
        );
    }
    let decisions = sandbox
        .read(|conn| onboarding::decisions(conn, id))
        .unwrap();
    let told: Vec<_> = decisions
        .iter()
        .map(|one| (one.kind, one.reason.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            (DecisionKind::Reinstate, "reinstate"),
            (DecisionKind::Suspend, "suspend"),
            (DecisionKind::Approve, "approve"),
        ],
    );
    assert!(
        decisions
            .iter()
            .all(|one| one.decided_by == decider && one.agent_id == id)
    );
    sandbox.check_constraints().unwrap();
    sandbox.assert_promises();
}

#[test]
fn a_rejected_application_stays_rejected() {
    let mut sandbox = sandbox();
    let agent = sandbox.write(arrange::rejected).unwrap();
    let decider = sandbox.write(arrange::account).unwrap();
    for (kind, command) in COMMANDS {
        let outcome = sandbox.write(|tx| command(tx, agent.id, decider, "Once more."));
        assert_eq!(outcome.unwrap_err().class(), Class::Conflict, "{kind}");
    }
    let stored = sandbox
        .read(|conn| onboarding::agent(conn, agent.id))
        .unwrap()
        .unwrap();
    assert_eq!(stored.status, AgentStatus::Rejected);
    assert_eq!(
        sandbox
            .read(|conn| onboarding::decisions(conn, agent.id))
            .unwrap()
            .len(),
        1
    );
    sandbox.assert_promises();
}

#[test]
fn nobody_decides_about_themselves() {
    let mut sandbox = sandbox();
    let agent = sandbox.write(arrange::submitted).unwrap();
    for (kind, command) in COMMANDS {
        let error = sandbox
            .write(|tx| command(tx, agent.id, agent.account_id, "I am quite good."))
            .unwrap_err();
        assert!(matches!(error, Error::OwnApplication), "{kind}: {error:?}");
        assert_eq!(error.class(), Class::Forbidden);
    }
}

#[test]
fn there_is_no_decision_without_a_reason() {
    let mut sandbox = sandbox();
    let id = sandbox.write(arrange::submitted).unwrap().id;
    let decider = sandbox.write(arrange::account).unwrap();
    for reason in [String::new(), " \n ".to_owned(), "x".repeat(1001)] {
        for (_, command) in COMMANDS {
            assert_eq!(
                faults(sandbox.write(|tx| command(tx, id, decider, &reason))),
                ["reason"]
            );
        }
    }
    sandbox
        .write(|tx| onboarding::approve(tx, id, decider, &"ä".repeat(1000)))
        .unwrap();
}

#[test]
fn only_what_waits_for_a_decision_is_decided() {
    let mut sandbox = sandbox();
    let id = sandbox.write(arrange::applicant).unwrap().id;
    let decider = sandbox.write(arrange::account).unwrap();
    let mut codes = Vec::new();
    for (_, command) in COMMANDS {
        codes.push(
            sandbox
                .write(|tx| command(tx, id, decider, "Why not."))
                .unwrap_err()
                .code(),
        );
    }
    assert_eq!(
        codes,
        [
            "not_submitted",
            "not_submitted",
            "not_active",
            "not_suspended"
        ]
    );
}
