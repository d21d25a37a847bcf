//! Why this agent, and why not that one: from a run's inputs and its outcome, in plain words.

use std::{collections::BTreeMap, fmt::Write as _};

use serde::{Deserialize, Serialize};

use crate::{
    decide::{Inputs, Outcome, objection_in, objections, ranking},
    eligibility::{Needs, Objection},
    fact::{Key, Ticket},
    score::Parts,
};

/// How many of those who were eligible are named.
const NAMED: usize = 20;

/// An agent who was eligible, and the parts of the score.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Ranked {
    /// Who.
    pub agent: Key,
    /// The points in their parts.
    pub parts: Parts,
    /// Their sum.
    pub total: i64,
    /// Whether this agent was asked about this ticket.
    pub asked: bool,
    /// Whether this agent was asked about another ticket in the same run.
    pub asked_elsewhere: bool,
}

/// Why a ticket was put to an agent.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Explanation {
    /// The reason in a few sentences; agents are called by their ids.
    pub words: String,
    /// What the ticket asked of an agent at that moment.
    pub needs: Option<Needs>,
    /// How many were eligible.
    pub eligible: usize,
    /// The best of them, at most 20, and whoever was asked.
    pub candidates: Vec<Ranked>,
    /// How many others were not, by the objection. Of a large room not everybody was looked at.
    pub objections: BTreeMap<String, u64>,
    /// How many agents were there in all.
    pub room: usize,
    /// Points that the total may be below the best there is; 0 where it is the best.
    pub epsilon: i64,
}

/// Why an agent was not asked about a ticket.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum WhyNot {
    /// They were.
    Asked,
    /// They were not eligible.
    Objection {
        /// Why.
        objection: Objection,
    },
    /// They were given another ticket, which is worth more.
    AskedElsewhere {
        /// Which.
        ticket: Key,
    },
    /// Others fitted better.
    Outranked {
        /// Their place among those who were eligible, from 1.
        place: usize,
        /// Their points.
        total: i64,
        /// The points of the one who was asked; none where nobody was.
        best: Option<i64>,
    },
    /// They were not there, or not among those on record.
    Unknown,
}

/// Explains who was asked about a ticket in a run, and why; none where the run did not know it.
pub fn explain(inputs: &Inputs, outcome: &Outcome, ticket: Key) -> Option<Explanation> {
    let known = inputs.tickets.iter().find(|known| known.id == ticket)?;
    let ranked = ranking(inputs, known);
    let asked: Vec<Key> = outcome
        .matches
        .iter()
        .filter(|matched| matched.ticket == ticket)
        .map(|matched| matched.agent)
        .collect();
    let eligible = ranked.len();
    let candidates: Vec<Ranked> = ranked
        .into_iter()
        .enumerate()
        .filter(|(place, (agent, _))| *place < NAMED || asked.contains(agent))
        .map(|(_, (agent, parts))| Ranked {
            agent,
            parts,
            total: parts.total(),
            asked: asked.contains(&agent),
            asked_elsewhere: is_asked_elsewhere(outcome, ticket, agent).is_some(),
        })
        .collect();
    let mut counted: BTreeMap<String, u64> = inputs.others.clone();
    for (code, count) in objections(inputs, known) {
        *counted.entry(code.to_owned()).or_default() += count;
    }
    let needs = inputs
        .policies
        .get(&known.queue)
        .map(|versioned| Needs::of(known, &versioned.policy, inputs.now));
    Some(Explanation {
        words: in_words(inputs, outcome, known, &candidates, eligible),
        needs,
        eligible,
        candidates,
        objections: counted,
        room: inputs.room,
        epsilon: outcome.epsilon,
    })
}

/// Explains why an agent was not asked about a ticket in a run.
pub fn why_not(inputs: &Inputs, outcome: &Outcome, ticket: Key, agent: Key) -> WhyNot {
    let known = inputs.tickets.iter().find(|known| known.id == ticket);
    let there = inputs.agents.iter().find(|known| known.id == agent);
    let (Some(known), Some(there)) = (known, there) else {
        return WhyNot::Unknown;
    };
    let is_this = |matched: &&crate::Match| matched.ticket == ticket;
    if outcome
        .matches
        .iter()
        .filter(is_this)
        .any(|m| m.agent == agent)
    {
        return WhyNot::Asked;
    }
    if let Some(objection) = objection_in(inputs, known, there) {
        return WhyNot::Objection { objection };
    }
    if let Some(ticket) = is_asked_elsewhere(outcome, ticket, agent) {
        return WhyNot::AskedElsewhere { ticket };
    }
    let ranked = ranking(inputs, known);
    let found = ranked.iter().position(|(id, _)| *id == agent);
    match found {
        None => WhyNot::Unknown,
        Some(place) => WhyNot::Outranked {
            place: place + 1,
            total: ranked[place].1.total(),
            best: outcome.matches.iter().find(is_this).map(|m| m.score),
        },
    }
}

fn is_asked_elsewhere(outcome: &Outcome, ticket: Key, agent: Key) -> Option<Key> {
    outcome
        .matches
        .iter()
        .find(|matched| matched.agent == agent && matched.ticket != ticket)
        .map(|matched| matched.ticket)
}

fn in_words(
    inputs: &Inputs,
    outcome: &Outcome,
    ticket: &Ticket,
    candidates: &[Ranked],
    eligible: usize,
) -> String {
    let were = if inputs.room == 1 { "was" } else { "were" };
    let mut words = format!(
        "{} {were} there; {eligible} could take this ticket. ",
        agents(inputs.room),
    );
    let relaxed = inputs
        .policies
        .get(&ticket.queue)
        .map_or(0, |v| Needs::of(ticket, &v.policy, inputs.now).relaxed);
    if relaxed > 0 {
        let _ = write!(
            words,
            "It had waited long enough for {relaxed} of the queue's relaxation steps. "
        );
    }
    let asked: Vec<&Ranked> = candidates.iter().filter(|c| c.asked).collect();
    if asked.is_empty() {
        words.push_str("Nobody was asked in this run.");
        return words;
    }
    for chosen in asked {
        let place = candidates
            .iter()
            .take_while(|c| c.agent != chosen.agent)
            .count()
            + 1;
        let why: Vec<String> = chosen
            .parts
            .named()
            .into_iter()
            .take(4)
            .map(|(name, points)| format!("{points} for {}", part_in_words(name)))
            .collect();
        let _ = write!(
            words,
            "{} was asked with {} points ({}), in place {place} of {eligible}. ",
            chosen.agent,
            chosen.total,
            why.join(", ")
        );
        let better = candidates
            .iter()
            .take(place - 1)
            .filter(|c| !c.asked && c.asked_elsewhere)
            .count();
        if better > 0 {
            let _ = write!(
                words,
                "{} who fitted better went to other tickets, where they add more to the total. ",
                agents(better)
            );
        }
    }
    words.push_str(if outcome.epsilon == 0 {
        "No other assignment of this run's tickets has a higher total of points."
    } else {
        "There was more to decide than could be proved best in the time; the total is close to it."
    });
    words
}

fn agents(count: usize) -> String {
    if count == 1 {
        "1 agent".to_owned()
    } else {
        format!("{count} agents")
    }
}

/// What a part of a score is for, in words.
pub(crate) fn part_in_words(name: &str) -> &str {
    match name {
        "skill" => "skill",
        "language" => "the language",
        "tier" => "being of the customer's tier",
        "idle" => "time without work",
        "fairness" => "having worked less today",
        "room" => "free units",
        "preferred_agent" => "having helped this customer last",
        "waiting" => "the ticket's wait",
        "service_level" => "the nearness of the due time",
        other => other,
    }
}
