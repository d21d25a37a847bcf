//! Who gets which ticket, as pure functions of facts and a policy: the same input gives the same
//! answer on every machine, at any time, in whatever order it comes. No I/O, no clock, no floats.

pub mod matching;
