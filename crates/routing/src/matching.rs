//! The best assignment of waiting tickets to free agents: the largest total score, in integers,
//! with a certificate that no assignment scores more.
//!
//! A ticket can go to some hundred agents out of thousands, but tickets fall into few kinds. So the
//! bipartite graph is never built: agents stand in lists, one for each kind of ticket, ordered by
//! points, and a search reads a list only as far as an agent could still matter.
//!
//! The score of a pair is `demand.points + candidate.points + bonus`; an unserved ticket scores 0,
//! so no pair with a negative score is ever matched. The result depends on the indices alone, never
//! on the order inside a list: callers sort tickets and agents by id before they number them.
//! Where a search has the choice among equally good steps, it takes the lower index. Points may be
//! any integers whose sums stay far from the ends of `i64`; up to some hundreds they are fastest.

mod auction;
mod certificate;
mod lists;
mod queue;
mod search;
mod seats;
mod shortlist;
mod standing;

use auction::Auction;
use search::State;

pub use certificate::{Violation, certify};
pub use standing::{Change, Standing};

/// What a tick has to match, in integers. Indices are positions in these vectors.
#[derive(Clone, Debug, Default)]
pub struct Market {
    /// Lists of candidates, one for each kind of ticket: every agent eligible for it, once, in any
    /// order. Lists sorted by points, highest first, then by agent, are read in place.
    pub lists: Vec<Vec<Candidate>>,
    /// The waiting tickets, in the order of their ids.
    pub tickets: Vec<Demand>,
    /// How many tickets each agent can take on, in the order of the agents' ids.
    pub capacity: Vec<u32>,
    /// The most that [`Pairing::bonus`] ever returns.
    pub bonus_max: i64,
}

/// An agent in a list, and what the agent brings to every ticket of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Candidate {
    /// Position in [`Market::capacity`].
    pub agent: u32,
    /// Skill, rating, idle time: what does not depend on the single ticket. May be negative.
    pub points: i64,
}

/// A ticket: whom it may go to, and what it is worth whoever takes it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Demand {
    /// Position in [`Market::lists`].
    pub list: u32,
    /// Waiting time, priority, slack. May be negative.
    pub points: i64,
}

/// What only the pair knows.
pub trait Pairing {
    /// The extra points of this pair (preferred agent, tier, affinity), between 0 and
    /// [`Market::bonus_max`], or `None` if the two must not meet. Always the same for the same pair.
    fn bonus(&self, ticket: u32, agent: u32) -> Option<i64>;

    /// Tickets with the same list and the same kind get the same bonus from every agent. They are
    /// searched for together, which makes a solve faster the fewer kinds there are. `None`, the
    /// default, is a ticket unlike any other.
    fn kind(&self, ticket: u32) -> Option<u64> {
        let _ = ticket;
        None
    }
}

/// When to stop searching for the optimum.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How many edges may be looked at before the bounded mode takes over. Counted, not timed, so
    /// that a replay decides the same on any machine. 0 is the bounded mode from the start.
    pub work: u64,
    /// How many points a ticket may miss in the bounded mode, at least 1.
    pub epsilon: i64,
}

/// How good a matching is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Mode {
    /// No matching has a higher total.
    Exact,
    /// The total is at most `epsilon` points for each ticket below the optimum.
    Bounded {
        /// Points.
        epsilon: i64,
    },
}

/// Prices that prove how good a matching is: each pair's score is at most the ticket's plus the
/// agent's dual. Then no matching exceeds the sum of all duals, agents times their capacity.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Duals {
    /// What serving the ticket gains.
    pub tickets: Vec<i64>,
    /// What one more unit of the agent's capacity would gain.
    pub agents: Vec<i64>,
}

/// Who takes which ticket, and the proof.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Matching {
    /// The agent of each ticket, `None` where it is better left waiting.
    pub agent_of: Vec<Option<u32>>,
    /// The sum of the scores of all matched pairs.
    pub total: i64,
    /// Whether the total is the highest possible.
    pub mode: Mode,
    /// The certificate, for [`certify`].
    pub duals: Duals,
    /// Edges looked at.
    pub work: u64,
}

/// The best matching, or one close to it where the work exceeds the limit.
pub fn solve(market: &Market, pairing: &impl Pairing, limits: &Limits) -> Matching {
    let mut state = State::new(market, pairing);
    if limits.work > 0 && state.insert_all(limits.work) {
        return state.matching();
    }
    Auction::new(&mut state, limits.epsilon).run()
}

/// No ticket, agent or group.
const NONE: u32 = u32::MAX;

/// Farther than any distance.
const FAR: i64 = i64::MAX;

/// A margin below that of any pair. Half the range is left for sums.
const NEVER: i64 = i64::MIN / 2;

/// An index as a position. Both are as wide on every platform that this runs on.
fn at(index: u32) -> usize {
    usize::try_from(index).unwrap_or(usize::MAX)
}

/// A position as an index: markets are counted in `u32`.
fn index(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX)
}
