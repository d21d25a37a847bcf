//! Whatever agents do in whatever order, the promises hold, and the outcome is what a simple
//! model of the rules says.

use std::collections::BTreeMap;

use availability::{Commitment, Error};
use chrono_tz::Tz;
use proptest::prelude::*;

use crate::support::World;

/// Which shifts overlap: the first two with the third.
const SHIFTS: [(&str, &str, i32); 4] = [
    ("09:00", "11:00", 1),
    ("11:00", "13:00", 2),
    ("10:30", "11:30", 2),
    ("14:00", "18:00", 1),
];
const AGENTS: usize = 3;

#[derive(Clone, Debug)]
enum Step {
    Commit { shift: usize, agent: usize },
    Release { shift: usize, agent: usize },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (any::<bool>(), 0..SHIFTS.len(), 0..AGENTS).prop_map(|(commit, shift, agent)| {
        if commit {
            Step::Commit { shift, agent }
        } else {
            Step::Release { shift, agent }
        }
    });
    proptest::collection::vec(step, 1..40)
}

/// What the rules say about a commitment, given those that hold by shift and agent.
fn expected(
    held: &BTreeMap<(usize, usize), Commitment>,
    shift: usize,
    agent: usize,
) -> &'static str {
    let (from, to, seats) = SHIFTS[shift];
    let taken = held.keys().filter(|(other, _)| *other == shift).count();
    let overlaps = held.keys().any(|(other, who)| {
        let (other_from, other_to, _) = SHIFTS[*other];
        *who == agent && other_from < to && from < other_to
    });
    if held.contains_key(&(shift, agent)) {
        "already committed"
    } else if taken >= usize::try_from(seats).unwrap() {
        "full"
    } else if overlaps {
        "overlaps"
    } else {
        "committed"
    }
}

fn check(steps: Vec<Step>) {
    let mut world = World::new();
    let shifts = SHIFTS.map(|(from, to, seats)| world.shift(from, to, seats));
    let agents = [(); AGENTS].map(|()| world.agent());
    let mut held: BTreeMap<(usize, usize), Commitment> = BTreeMap::new();
    for step in steps {
        match step {
            Step::Commit { shift, agent } => {
                let (id, who) = (shifts[shift].id, agents[agent]);
                let outcome = world
                    .sandbox
                    .write(|tx| availability::commit(tx, id, who, Tz::UTC));
                let said = match &outcome {
                    Ok(_) => "committed",
                    Err(Error::AlreadyCommitted) => "already committed",
                    Err(Error::ShiftFull) => "full",
                    Err(Error::CommitmentOverlaps) => "overlaps",
                    Err(other) => panic!("{other:?}"),
                };
                assert_eq!(said, expected(&held, shift, agent));
                if let Ok(commitment) = outcome {
                    held.insert((shift, agent), commitment);
                }
            }
            Step::Release { shift, agent } => {
                if let Some(commitment) = held.remove(&(shift, agent)) {
                    let (id, who) = (commitment.id, agents[agent]);
                    world
                        .sandbox
                        .write(|tx| availability::release(tx, id, who))
                        .unwrap();
                }
            }
        }
    }
    world.sandbox.assert_promises();
    let now = world.sandbox.now;
    let shown: usize = agents
        .iter()
        .map(|agent| {
            world
                .sandbox
                .read(|conn| availability::commitments(conn, *agent, now))
                .unwrap()
                .len()
        })
        .sum();
    assert_eq!(shown, held.len());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_commitments_and_releases_keeps_the_promises(steps in steps()) {
        check(steps);
    }
}
