//! Who gets which ticket, as pure functions of facts and a policy: the same input gives the same
//! answer on every machine, at any time, in whatever order it comes. No I/O, no clock, no floats.

pub mod matching;
mod policy;

pub use policy::{
    FAIR_MINUTES, Fault, Floor, IDLE_MINUTES, LEVELS, LONGEST_OVERTAKING_SECONDS, Overflow,
    PRIORITIES, Policy, RelaxationStep, Weights,
};
