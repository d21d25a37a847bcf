//! What routing reads.

use chrono::TimeDelta;
use db::testing::{Sandbox, sandbox};
use kernel::AgentId;
use onboarding::Qualification;

use crate::arrange;

fn read(sandbox: &mut Sandbox, agents: &[AgentId]) -> Vec<Qualification> {
    let now = sandbox.now;
    let read = sandbox
        .read(|conn| onboarding::qualifications(conn, agents, now))
        .unwrap();
    let held = sandbox
        .write(|tx| onboarding::hold_qualified(tx, agents))
        .unwrap();
    let able: Vec<_> = read
        .iter()
        .filter(|one| one.agreement_current)
        .cloned()
        .collect();
    assert_eq!(able, held, "reading and holding tell the same");
    read
}

#[test]
fn only_active_agents_are_qualified_each_once_in_the_order_of_ids() {
    let mut sandbox = sandbox();
    let first = sandbox.write(arrange::active).unwrap();
    let others = [
        arrange::applicant,
        arrange::submitted,
        arrange::rejected,
        arrange::suspended,
    ]
    .map(|arranged| sandbox.write(arranged).unwrap().id);
    let last = sandbox.write(arrange::active).unwrap();
    let asked = [
        &[last.id, last.id, AgentId::new()][..],
        &others,
        &[first.id],
    ]
    .concat();

    let qualified = read(&mut sandbox, &asked);

    let ids: Vec<_> = qualified.iter().map(|one| one.agent_id).collect();
    assert_eq!(ids, [first.id, last.id]);
    assert_eq!(qualified[0].customer_ref, first.customer_ref);
    assert_eq!(qualified[0].household_ref, first.household_ref);
    assert_eq!(
        qualified[0].languages,
        [("sv".to_owned(), 4), ("en".to_owned(), 5)]
    );
    assert!(read(&mut sandbox, &[]).is_empty());
}

#[test]
fn each_agent_has_the_skills_that_are_valid_now() {
    let mut sandbox = sandbox();
    let agents =
        [arrange::active, arrange::active].map(|arranged| sandbox.write(arranged).unwrap().id);
    let skill = sandbox.write(arrange::skill).unwrap();
    sandbox.now += TimeDelta::days(1);
    sandbox
        .write(|tx| arrange::pass(tx, agents[1], &skill, 0))
        .unwrap();

    let counts = |qualified: &[Qualification]| {
        qualified
            .iter()
            .map(|one| one.skills.len())
            .collect::<Vec<_>>()
    };
    let qualified = read(&mut sandbox, &agents);
    assert_eq!(counts(&qualified), [1, 2]);
    assert!(qualified[1].skills.contains(&(skill.clone(), 5)));
    assert!(
        qualified[0]
            .skills
            .iter()
            .all(|(_, proficiency)| *proficiency == 3)
    );

    // The skills of the first day are over, to the second; the one of the second day is not.
    sandbox.now += TimeDelta::days(364);
    let qualified = read(&mut sandbox, &agents);
    assert_eq!(counts(&qualified), [0, 1]);
    assert_eq!(qualified[1].skills, [(skill, 5)]);
}

#[test]
fn it_is_told_whether_the_agreement_accepted_is_the_current_one() {
    let mut sandbox = sandbox();
    let agents =
        [arrange::active, arrange::active].map(|arranged| sandbox.write(arranged).unwrap().id);
    let current = |sandbox: &mut Sandbox| {
        read(sandbox, &agents)
            .iter()
            .map(|one| one.agreement_current)
            .collect::<Vec<_>>()
    };
    // Each was arranged with an agreement of its own, the second with the newer one.
    assert_eq!(current(&mut sandbox), [false, true]);
    sandbox.write(|tx| arrange::agree(tx, agents[0])).unwrap();
    assert_eq!(current(&mut sandbox), [true, false]);
}

#[test]
fn until_a_new_agreement_is_effective_the_one_before_counts() {
    let mut sandbox = sandbox();
    let agents =
        [arrange::active, arrange::active].map(|arranged| sandbox.write(arranged).unwrap().id);
    let effective_at = sandbox.now + TimeDelta::days(7);
    let next = sandbox
        .write(|tx| onboarding::publish_agreement(tx, "Terms", "next", Some(effective_at)))
        .unwrap();
    sandbox
        .write(|tx| onboarding::accept_agreement(tx, agents[0], next.version, &next.sha256_hex()))
        .unwrap();
    let current = |sandbox: &mut Sandbox| {
        read(sandbox, &agents)
            .iter()
            .map(|one| one.agreement_current)
            .collect::<Vec<_>>()
    };
    assert_eq!(current(&mut sandbox), [true, true]);
    sandbox.now = effective_at;
    assert_eq!(current(&mut sandbox), [true, false]);
    let now = sandbox.now;
    let in_force = sandbox
        .read(|conn| onboarding::agreement_in_force(conn, now))
        .unwrap();
    assert_eq!(in_force.unwrap().version, next.version);
}
