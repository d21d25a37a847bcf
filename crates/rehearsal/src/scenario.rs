//! What a rehearsal is given, and what it tells.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use routing::{
    Key, Policy,
    fact::{Agent, Ticket},
};
use serde::{Deserialize, Serialize};

/// All that a rehearsal is given. Instants and durations are in milliseconds.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// How each queue routes, by its code.
    pub policies: BTreeMap<String, Policy>,
    /// Who is asked about which ticket.
    pub rule: Rule,
    /// How agents answer.
    pub answers: Answers,
    /// The tickets that come.
    pub arrivals: Vec<Arrival>,
    /// The agents, and when they are there.
    pub members: Vec<Member>,
}

/// Who is asked about which ticket.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// The product's: [`routing::decide`] under the queue's policy.
    Policies,
    /// The plain rule to compare with: tickets strictly in their order, each to the eligible agent
    /// who has been idle for the longest. The order is that of arrival, less the policy's head
    /// start; without a head start it is first come, first served. Scores do not count.
    InOrder,
}

/// How agents answer offers. It is given, not learnt: each answer is drawn from the seed, the
/// ticket and the agent.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Answers {
    /// Where the draws begin.
    pub seed: u64,
    /// The quickest answer.
    pub least: i64,
    /// The slowest. One that takes longer than the policy's offer is a miss.
    pub most: i64,
    /// How many of a thousand offers are declined.
    pub declines_per_mille: i64,
    /// How many of a thousand are missed.
    pub misses_per_mille: i64,
    /// How long an agent who missed an offer stays away.
    pub away: i64,
}

/// A ticket that comes, and what its customer brings along.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Arrival {
    /// The ticket as it comes at `came_at`. Its place in the queue and its time for the preferred
    /// agent are set by the policy, and nobody has declined it yet.
    pub ticket: Ticket,
    /// In which group it is counted.
    pub group: String,
    /// After how long without an answer the customer leaves; none for one who never does.
    pub patience: Option<i64>,
    /// How long the conversation takes.
    pub talk: i64,
    /// How long the agent is busy with it afterwards.
    pub wrap_up: i64,
}

/// An agent, and when they are there.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Member {
    /// The agent with nothing in hand: all units free.
    pub agent: Agent,
    /// When they are there.
    pub spans: Vec<Span>,
}

/// From one instant to another, which no longer belongs to it.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Span {
    /// The first instant.
    pub from: i64,
    /// The first instant after it.
    pub until: i64,
}

/// How a ticket ended.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// An agent answered.
    Served {
        /// Who.
        agent: Key,
        /// When.
        at: i64,
    },
    /// The customer left.
    Abandoned {
        /// When.
        at: i64,
    },
    /// Nobody was found in the policy's time.
    PutAside {
        /// When.
        at: i64,
    },
}

/// What became of a ticket.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Told {
    /// Which.
    pub ticket: Key,
    /// In which group it is counted.
    pub group: String,
    /// When it came.
    pub came_at: i64,
    /// When its first reply was due.
    pub due_at: i64,
    /// How it ended.
    pub ending: Ending,
    /// How many offers were made of it.
    pub offers: u32,
}

impl Told {
    /// How long its customer waited.
    pub fn wait(&self) -> i64 {
        let (Ending::Served { at, .. } | Ending::Abandoned { at } | Ending::PutAside { at }) =
            self.ending;
        at - self.came_at
    }
}

/// What an agent did.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Worked {
    /// How long they were there, or still busy after they had meant to leave.
    pub there: i64,
    /// How much of it at least one ticket was in their hands.
    pub busy: i64,
    /// The sum over the tickets in their hands, wrap-up included.
    pub handled: i64,
    /// How many tickets that were.
    pub served: u32,
    /// How many offers they missed.
    pub missed: u32,
    /// The most units that were ever in use at once.
    pub most_units: i64,
}

/// All that happened.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Rehearsed {
    /// What became of each ticket, by id.
    pub tickets: Vec<Told>,
    /// What each agent did.
    pub agents: BTreeMap<Key, Worked>,
    /// How often a ticket was left waiting while somebody who could have helped it was given one
    /// whose place in the queue is later by more than the rule allows. Always 0.
    pub overtakes: u32,
    /// How often it was decided who is asked.
    pub decisions: u32,
}

/// Why a scenario cannot be rehearsed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Refusal {
    /// A queue's policy breaks a rule.
    Policy {
        /// The code of the queue.
        queue: String,
        /// Which field, and what it must be.
        faults: Vec<routing::Fault>,
    },
    /// A ticket's queue has no policy.
    NoPolicy {
        /// The ticket.
        ticket: Key,
        /// The code of the queue.
        queue: String,
    },
    /// Two tickets, or two agents, have the same id.
    Twice(Key),
    /// A duration is negative, or a span ends before it begins or overlaps another.
    Time(Key),
    /// Shares are negative or more than a thousand in all, or agents answer sooner than at once.
    Answers,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Policy { queue, faults } => {
                write!(f, "the policy of queue {queue} cannot be used:")?;
                for fault in faults {
                    write!(f, " {} {};", fault.field, fault.message)?;
                }
                Ok(())
            }
            Self::NoPolicy { ticket, queue } => {
                write!(
                    f,
                    "ticket {ticket} is in queue {queue}, which has no policy"
                )
            }
            Self::Twice(key) => write!(f, "{key} is there twice"),
            Self::Time(key) => write!(
                f,
                "a time of {key} is negative, ends before it begins, or overlaps another"
            ),
            Self::Answers => f.write_str(
                "answers must take 0 ms or longer, and at most 1,000 in a thousand be declined or missed",
            ),
        }
    }
}

impl std::error::Error for Refusal {}

impl Scenario {
    /// Why it cannot be rehearsed; nothing where it can.
    pub fn check(&self) -> Result<(), Refusal> {
        for (queue, policy) in &self.policies {
            let faults = policy.faults();
            if !faults.is_empty() {
                let queue = queue.clone();
                return Err(Refusal::Policy { queue, faults });
            }
        }
        let answers = &self.answers;
        if answers.least < 0
            || answers.most < answers.least
            || answers.away < 0
            || answers.declines_per_mille < 0
            || answers.misses_per_mille < 0
            || answers.declines_per_mille > 1_000 - answers.misses_per_mille
        {
            return Err(Refusal::Answers);
        }
        let mut known = BTreeSet::new();
        for Arrival {
            ticket,
            patience,
            talk,
            wrap_up,
            ..
        } in &self.arrivals
        {
            if !known.insert(ticket.id) {
                return Err(Refusal::Twice(ticket.id));
            }
            if !self.policies.contains_key(&ticket.queue) {
                return Err(Refusal::NoPolicy {
                    ticket: ticket.id,
                    queue: ticket.queue.clone(),
                });
            }
            if patience.unwrap_or(0) < 0 || *talk < 0 || *wrap_up < 0 {
                return Err(Refusal::Time(ticket.id));
            }
        }
        let mut known = BTreeSet::new();
        for member in &self.members {
            if !known.insert(member.agent.id) {
                return Err(Refusal::Twice(member.agent.id));
            }
            let mut spans = member.spans.clone();
            spans.sort_unstable();
            let is_wrong = spans.iter().any(|span| span.until < span.from)
                || spans.windows(2).any(|two| two[1].from < two[0].until);
            if is_wrong {
                return Err(Refusal::Time(member.agent.id));
            }
        }
        Ok(())
    }
}
