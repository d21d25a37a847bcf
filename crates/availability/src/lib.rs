//! When agents work: shifts, commitments, presence.
