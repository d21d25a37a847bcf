//! A published period of work in one queue, with so many seats.

use chrono::{DateTime, TimeDelta, Utc};
use db::{Topic, Tx};
use diesel::prelude::*;
use kernel::{AccountId, AgentId, Checks, Invalid, ShiftId};
use serde::Serialize;

use crate::{Error, schema::shifts, store};

/// The unit of demand: shifts begin and end at whole intervals.
const INTERVAL_SECONDS: i64 = 1_800;
const LONGEST_HOURS: i64 = 12;
const MOST_SEATS: i32 = 500;

kernel::text_enum! {
    /// Whether a shift takes place.
    pub ShiftStatus {
        /// Agents can commit to it until it starts.
        Published = "published",
        /// It does not take place.
        Canceled = "canceled",
    }
}

/// A published period of work.
#[derive(AsChangeset, Clone, Debug, Identifiable, Insertable, Queryable, Selectable, Serialize)]
#[diesel(table_name = shifts, check_for_backend(diesel::pg::Pg), treat_none_as_null = true)]
pub struct Shift {
    /// Its id.
    pub id: ShiftId,
    /// The code of the queue that it is for.
    pub queue: String,
    /// From when on.
    pub starts_at: DateTime<Utc>,
    /// Until when.
    pub ends_at: DateTime<Utc>,
    /// How many agents are wanted.
    pub seats: i32,
    /// Whether it takes place.
    pub status: ShiftStatus,
    /// Who published it.
    pub created_by: AccountId,
    /// When it was published.
    pub created_at: DateTime<Utc>,
}

/// A shift to be published.
#[derive(Clone, Debug)]
pub struct ShiftInput {
    /// The code of the queue that it is for.
    pub queue: String,
    /// From when on: a whole half hour in the future.
    pub starts_at: DateTime<Utc>,
    /// Until when: a whole half hour, at most twelve hours later.
    pub ends_at: DateTime<Utc>,
    /// How many agents are wanted, 1 to 500.
    pub seats: i32,
}

/// A shift that does not take place, and who must be told.
#[derive(Clone, Debug)]
#[must_use]
pub struct Canceled {
    /// The shift.
    pub shift: Shift,
    /// The agents who had committed to it, in the order of their ids.
    pub agents: Vec<AgentId>,
}

impl ShiftInput {
    fn check(&self, now: DateTime<Utc>) -> Result<(), Invalid> {
        let length = self.ends_at - self.starts_at;
        let mut checks = Checks::new();
        checks.code("queue", &self.queue);
        if !is_whole_interval(self.starts_at) {
            checks.fault(
                "starts_at",
                "must be a whole half hour, such as 09:00 or 09:30",
            );
        } else if self.starts_at <= now {
            checks.fault("starts_at", "must be in the future");
        }
        if !is_whole_interval(self.ends_at) {
            checks.fault(
                "ends_at",
                "must be a whole half hour, such as 17:00 or 17:30",
            );
        } else if length <= TimeDelta::zero() {
            checks.fault("ends_at", "must be after the start");
        } else if length > TimeDelta::hours(LONGEST_HOURS) {
            checks.fault("ends_at", "must be at most 12 hours after the start");
        }
        checks.check(
            "seats",
            (1..=MOST_SEATS).contains(&self.seats),
            "must be 1 to 500",
        );
        checks.done()
    }
}

fn is_whole_interval(at: DateTime<Utc>) -> bool {
    at.timestamp() % INTERVAL_SECONDS == 0 && at.timestamp_subsec_nanos() == 0
}

impl Shift {
    /// What is promised about a shift can change only before it starts, and while it takes place.
    pub(crate) fn check_open(&self, now: DateTime<Utc>) -> Result<(), Error> {
        match self.status {
            ShiftStatus::Canceled => Err(Error::ShiftCanceled),
            ShiftStatus::Published if self.starts_at <= now => Err(Error::ShiftStarted),
            ShiftStatus::Published => Ok(()),
        }
    }
}

/// Publishes a shift, so that agents can commit to it.
pub fn publish_shift(tx: &mut Tx<'_>, input: &ShiftInput, by: AccountId) -> Result<Shift, Error> {
    input.check(tx.now())?;
    let shift = Shift {
        id: ShiftId::new(),
        queue: input.queue.clone(),
        starts_at: input.starts_at,
        ends_at: input.ends_at,
        seats: input.seats,
        status: ShiftStatus::Published,
        created_by: by,
        created_at: tx.now(),
    };
    store::insert_shift(tx, &shift)?;
    store::insert_seats(tx, &shift)?;
    tx.ring(Topic::Floor);
    Ok(shift)
}

/// Calls a shift off before it starts, and with it what agents promised.
pub fn cancel_shift(tx: &mut Tx<'_>, id: ShiftId) -> Result<Canceled, Error> {
    let mut shift = store::lock_shift(tx, id)?.ok_or(Error::ShiftNotFound)?;
    shift.check_open(tx.now())?;
    shift.status = ShiftStatus::Canceled;
    store::update_shift(tx, &shift)?;
    let mut agents = store::update_commitments_canceled(tx, id)?;
    agents.sort();
    for agent in &agents {
        tx.ring(Topic::Agent(*agent));
    }
    tx.ring(Topic::Floor);
    Ok(Canceled { shift, agents })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        format!("2026-11-23T{text}Z").parse().unwrap()
    }

    /// The fields at fault of a shift that is otherwise fine.
    fn faults(change: impl FnOnce(&mut ShiftInput)) -> Vec<String> {
        let mut input = ShiftInput {
            queue: "vip".to_owned(),
            starts_at: at("09:00:00"),
            ends_at: at("17:30:00"),
            seats: 4,
        };
        change(&mut input);
        let checked = input.check(at("08:45:00"));
        checked.err().map_or_else(Vec::new, |invalid| {
            invalid
                .fields
                .into_iter()
                .map(|fault| fault.field)
                .collect()
        })
    }

    #[test]
    fn a_shift_lasts_whole_half_hours() {
        assert!(faults(|_| ()).is_empty());
        assert_eq!(
            faults(|shift| shift.starts_at = at("09:10:00")),
            ["starts_at"]
        );
        assert_eq!(
            faults(|shift| shift.starts_at = at("09:00:01")),
            ["starts_at"]
        );
        assert_eq!(
            faults(|shift| shift.ends_at = at("17:30:00.000001")),
            ["ends_at"]
        );
    }

    #[test]
    fn a_shift_lasts_at_most_twelve_hours_and_not_less_than_none() {
        assert!(faults(|shift| shift.ends_at = at("21:00:00")).is_empty());
        assert_eq!(faults(|shift| shift.ends_at = at("21:30:00")), ["ends_at"]);
        assert_eq!(faults(|shift| shift.ends_at = shift.starts_at), ["ends_at"]);
        assert_eq!(faults(|shift| shift.ends_at = at("08:30:00")), ["ends_at"]);
    }

    #[test]
    fn a_shift_is_published_before_it_starts() {
        assert_eq!(
            faults(|shift| shift.starts_at = at("08:30:00")),
            ["starts_at"]
        );
        let mut input = ShiftInput {
            queue: "vip".to_owned(),
            starts_at: at("09:00:00"),
            ends_at: at("09:30:00"),
            seats: 1,
        };
        assert!(input.check(at("08:59:59")).is_ok());
        assert!(input.check(at("09:00:00")).is_err());
        input.ends_at = DateTime::<Utc>::MAX_UTC;
        assert!(
            input.check(DateTime::<Utc>::MIN_UTC).is_err(),
            "the length overflowed"
        );
    }

    #[test]
    fn a_shift_has_1_to_500_seats_and_everything_wrong_is_said_at_once() {
        assert!(faults(|shift| shift.seats = 500).is_empty());
        assert_eq!(faults(|shift| shift.seats = 0), ["seats"]);
        let all = faults(|shift| {
            shift.queue = "V.I.P.".to_owned();
            shift.starts_at = at("09:01:00");
            shift.ends_at = at("09:01:00");
            shift.seats = 501;
        });
        assert_eq!(all, ["queue", "starts_at", "ends_at", "seats"]);
    }
}
