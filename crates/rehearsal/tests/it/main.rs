//! What a rehearsal keeps.

mod properties;
mod rules;
mod world;
