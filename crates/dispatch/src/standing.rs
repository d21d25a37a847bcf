//! Where a waiting customer stands, told honestly: what is known is said, and what is not known is
//! called so.

use std::{
    collections::{BTreeSet, HashMap},
    fmt,
};

use chrono::{DateTime, TimeDelta, Utc};
use db::Tx;
use diesel::QueryResult;

use crate::{store, ticket::Ticket};

/// So many people before the customer are counted.
pub(crate) const COUNTED: i64 = 100;
/// So many of the last tickets that were taken are looked at, and none that is older than an hour.
pub(crate) const SAMPLE: i64 = 50;
const RECENT: TimeDelta = TimeDelta::hours(1);
/// Fewer are no basis for an estimate.
const LEAST_BASIS: i64 = 5;

/// Where a waiting customer stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Standing {
    /// How many are served before them; one more than [`COUNTED`] stands for all above.
    ahead: i64,
    /// What they would wait, in whole minutes, if tickets went on being taken as of late.
    minutes: Option<i64>,
}

/// Where the customer of a waiting ticket stands.
pub(crate) fn of(tx: &mut Tx<'_>, ticket: &Ticket) -> QueryResult<Standing> {
    let mut standings = of_new(tx, &[ticket])?;
    Ok(standings.remove(0))
}

/// Where the customers of tickets will stand that are about to wait, among each other as well. Of
/// many who come at once most come to the same place, which is looked at once.
pub(crate) fn of_new(tx: &mut Tx<'_>, tickets: &[&Ticket]) -> QueryResult<Vec<Standing>> {
    let now = tx.now();
    let places: BTreeSet<_> = tickets.iter().map(|ticket| place(ticket)).collect();
    let places: Vec<_> = places.into_iter().collect();
    let found = store::find_ahead(tx, &places, now - RECENT)?;
    let found: HashMap<_, _> = places.into_iter().zip(found).collect();
    let standings = tickets.iter().map(|ticket| {
        let is_ahead = |other: &&&Ticket| {
            let turn = |ticket: &Ticket| (ticket.rank_at, ticket.id);
            other.queue == ticket.queue && turn(other) < turn(ticket)
        };
        let together = tickets.iter().filter(is_ahead).count();
        let found = &found[&place(ticket)];
        let span = match found.first_taken_at {
            Some(first) if found.taken == SAMPLE => now - first,
            _ => RECENT,
        };
        let ahead = found.count + i64::try_from(together).unwrap_or(COUNTED);
        Standing::new(ahead, found.taken, span)
    });
    Ok(standings.collect())
}

fn place(ticket: &Ticket) -> (&str, DateTime<Utc>) {
    (&ticket.queue, ticket.rank_at)
}

impl Standing {
    /// With so many before the customer, where so many were taken in such a time.
    fn new(ahead: i64, taken: i64, span: TimeDelta) -> Self {
        let is_known = taken >= LEAST_BASIS && ahead <= COUNTED;
        let seconds = span.num_seconds().max(0) * (ahead + 1) / taken.max(1);
        Self {
            ahead,
            minutes: is_known.then(|| (seconds + 59).div_euclid(60).max(1)),
        }
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.ahead {
            0 => f.write_str("You are next.")?,
            1 => f.write_str("One person is before you.")?,
            more if more > COUNTED => write!(f, "More than {COUNTED} people are before you.")?,
            more => write!(f, "{more} people are before you.")?,
        }
        match self.minutes {
            None => f.write_str(" We do not know yet how long it takes."),
            Some(1) => f.write_str(" Going by the last hour, it takes about a minute."),
            Some(minutes) => {
                write!(
                    f,
                    " Going by the last hour, it takes about {minutes} minutes."
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_is_estimated_from_what_was_taken_of_late() {
        let words = Standing::new(3, 12, RECENT).to_string();
        assert_eq!(
            words,
            "3 people are before you. Going by the last hour, it takes about 20 minutes."
        );
        let words = Standing::new(0, 50, TimeDelta::seconds(100)).to_string();
        assert_eq!(
            words,
            "You are next. Going by the last hour, it takes about a minute."
        );
    }

    #[test]
    fn what_is_not_known_is_not_guessed() {
        for (ahead, taken) in [(1, 4), (0, 0), (COUNTED + 1, 50)] {
            let words = Standing::new(ahead, taken, RECENT).to_string();
            assert!(
                words.ends_with("We do not know yet how long it takes."),
                "{words}"
            );
        }
    }
}
