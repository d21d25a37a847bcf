//! Who gets which ticket, as pure functions of facts and a policy: the same input gives the same
//! answer on every machine, at any time, in whatever order it comes. No I/O, no clock, no floats.
//!
//! - [`fact`]: what is known of tickets and agents at one instant.
//! - [`Policy`]: how a queue routes, as data.
//! - [`eligibility`]: who may take what: one predicate for every path to a ticket.
//! - [`Parts`]: how well an agent fits, in points.
//! - [`matching`]: the largest total of scores, with a proof.
//! - [`decide`]: one run of the matcher, from [`Inputs`] to [`Outcome`].
//! - [`explain`]: why this agent, and why not that one, in words.

mod decide;
pub mod eligibility;
mod explain;
pub mod fact;
pub mod matching;
mod policy;
mod room;
mod score;

pub use decide::{
    ENGINE, EPSILON, Inputs, Match, Outcome, Versioned, WHOLE_ROOM, WORK, decide, objection_in,
    objections, ranking,
};
pub use eligibility::{Needs, Objection, objection};
pub use explain::{Explanation, Ranked, WhyNot, explain, why_not};
pub use fact::Key;
pub use policy::{
    FAIR_MINUTES, Fault, Floor, IDLE_MINUTES, LEVELS, LONGEST_OVERTAKING_SECONDS, Overflow,
    PRIORITIES, Policy, RelaxationStep, Weights,
};
pub use room::{Glance, Room};
pub use score::Parts;
