//! A day of a floor in virtual time: the tickets that came and the agents who were there, routed
//! by the product's own [`routing::decide`] under any policy.
//!
//! Nothing is fitted and nothing is averaged: each ticket, each offer and each engagement happens,
//! one after another, only faster. What a policy cannot change is taken as given: when customers
//! come, how long they wait before they leave, how long a conversation takes, when agents are
//! there, and how they answer offers (see [`Answers`]). No I/O, no clock, no floats; the same
//! [`Scenario`] has the same [`Rehearsed`] on every machine, in whatever order its lists come.
//!
//! - [`Scenario`]: what is given.
//! - [`rehearse`]: lets it happen.
//! - [`Report`]: what came of it, in figures.
//! - [`Patience`]: how long customers would have waited, from how long they did.
//! - [`Draw`]: chance from a seed.
//!
//! A ticket ends once: served, abandoned, or put aside after the policy's time.

mod draw;
mod floor;
mod happening;
mod patience;
mod report;
mod scenario;

pub use draw::{Draw, mix};
pub use floor::rehearse;
pub use patience::Patience;
pub use report::{AgentFigures, Figures, Report, Spread, Waits, gini_per_mille};
pub use scenario::{
    Answers, Arrival, Ending, Member, Refusal, Rehearsed, Rule, Scenario, Span, Told, Worked,
};
