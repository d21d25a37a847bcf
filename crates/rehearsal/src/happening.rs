//! What happens next.

use std::{cmp::Reverse, collections::BinaryHeap};

/// Something that happens at an instant. Numbers are positions in the floor's lists. Of what
/// happens at the same instant, work ends first and customers leave last: so whoever is answered
/// at the last moment is answered.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Happening {
    /// An agent is done with a ticket: seat, ticket.
    Done(usize, usize),
    /// A seat's agent goes.
    Leave(usize),
    /// A seat's agent comes.
    Come(usize),
    /// A seat's agent, who had missed an offer, is ready again.
    Ready(usize),
    /// A ticket comes.
    Arrive(usize),
    /// An offer is answered, or missed.
    Answer(usize),
    /// A ticket's needs change with its wait: somebody else may be eligible.
    Look(usize),
    /// A ticket has waited for as long as the policy looks for an agent.
    PutAside(usize),
    /// A ticket's customer has no more patience.
    GiveUp(usize),
}

/// What is to happen, the earliest first. The order is total, so that there is one way only in
/// which a scenario can go.
#[derive(Debug, Default)]
pub(crate) struct Calendar(BinaryHeap<Reverse<(i64, Happening)>>);

impl Calendar {
    /// Notes what will happen.
    pub(crate) fn note(&mut self, at: i64, happening: Happening) {
        self.0.push(Reverse((at, happening)));
    }

    /// When something happens next.
    pub(crate) fn next_at(&self) -> Option<i64> {
        self.0.peek().map(|Reverse((at, _))| *at)
    }

    /// What happens next, if it happens at this instant.
    pub(crate) fn next_of(&mut self, instant: i64) -> Option<Happening> {
        if self.next_at()? != instant {
            return None;
        }
        self.0.pop().map(|Reverse((_, happening))| happening)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happens_at_once_happens_in_one_order() {
        let happenings = [
            Happening::GiveUp(0),
            Happening::Arrive(2),
            Happening::Arrive(1),
            Happening::Done(3, 1),
            Happening::Leave(0),
        ];
        let mut calendar = Calendar::default();
        calendar.note(6, Happening::Come(0));
        for happening in happenings {
            calendar.note(5, happening);
        }
        assert_eq!(calendar.next_at(), Some(5));
        let order: Vec<_> = std::iter::from_fn(|| calendar.next_of(5)).collect();
        assert_eq!(
            order,
            [
                Happening::Done(3, 1),
                Happening::Leave(0),
                Happening::Arrive(1),
                Happening::Arrive(2),
                Happening::GiveUp(0)
            ]
        );
        assert_eq!(calendar.next_of(5), None);
        assert_eq!(calendar.next_at(), Some(6));
    }
}
