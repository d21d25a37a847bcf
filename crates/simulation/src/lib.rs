//! Plays real conversations through the public API, as customers, agents and finance would.
