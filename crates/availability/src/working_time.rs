//! How long an agent may work: calculated from when they did, on their own calendar.
//!
//! Four limits hold at once, and the first that is reached counts:
//! - **day**: the minutes of a calendar day in the agent's time zone;
//! - **week**: the minutes of an ISO week, Monday to Sunday, in that zone;
//! - **break**: the minutes of work without a pause that is long enough;
//! - **rest**: every 24 hours from when work began must hold one long rest, so work that began at
//!   eight with a rest of eleven hours ends at 21:00, whatever pauses there were.
//!
//! Days are counted on the calendar, so a day on which the clocks change has 23 or 25 hours, and
//! minutes are always minutes that passed.

use chrono::{DateTime, Datelike as _, Days, NaiveDate, TimeDelta, TimeZone as _, Utc};
use chrono_tz::Tz;

use crate::rules::Rules;

/// From how many minutes on the agent is told that the end is near.
pub const WARNING_MINUTES: i64 = 15;

const LIMITS: usize = Limit::ALL.len();

/// How far back work is looked at: a week, and what may have begun before it.
pub(crate) const HISTORY: TimeDelta = TimeDelta::days(9);

kernel::text_enum! {
    /// Which rule ends an agent's work.
    pub Limit {
        /// The minutes of a calendar day.
        Day = "day",
        /// The minutes of a calendar week.
        Week = "week",
        /// It is time for a break.
        Break = "break",
        /// It is time for the rest between two days of work.
        Rest = "rest",
    }
}

/// A stretch of time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Span {
    /// From when on.
    pub from: DateTime<Utc>,
    /// Until when.
    pub until: DateTime<Utc>,
}

impl Span {
    fn length(self) -> TimeDelta {
        self.until - self.from
    }

    /// How much of it lies in `other`.
    fn within(self, other: Self) -> TimeDelta {
        (self.until.min(other.until) - self.from.max(other.from)).max(TimeDelta::zero())
    }
}

/// How much longer somebody may work, if they go on without a pause.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TimeLeft {
    /// Until when. Not after now where a limit is reached.
    pub until: DateTime<Utc>,
    /// Which limit that is.
    pub limit: Limit,
    /// From when on they may work again, having paused from now on: now, unless a limit is
    /// reached.
    pub again_at: DateTime<Utc>,
}

impl TimeLeft {
    /// Whole minutes.
    pub fn minutes(&self, now: DateTime<Utc>) -> i64 {
        (self.until - now).num_minutes().max(0)
    }
}

impl Rules {
    /// How much longer somebody may work who worked in these spans, the earliest first. A span
    /// that lasts ends now.
    pub fn time_left(&self, worked: &[Span], zone: Tz, now: DateTime<Utc>) -> TimeLeft {
        let mut left = self.first_limit(worked, zone, now);
        // While one pauses for a limit, the time for the rest may come.
        for _ in 0..LIMITS {
            let later = self.first_limit(worked, zone, left.again_at);
            if later.until > left.again_at {
                break;
            }
            left.again_at = later.again_at;
        }
        left
    }

    /// The limit that is reached first, and when none is reached any more, one by one.
    fn first_limit(&self, worked: &[Span], zone: Tz, now: DateTime<Utc>) -> TimeLeft {
        let limits: [TimeLeft; LIMITS] = [
            self.day_left(worked, zone, now),
            self.week_left(worked, zone, now),
            self.break_left(worked, now),
            self.rest_left(worked, now),
        ];
        let mut first = limits[0];
        let mut again_at = first.again_at;
        for left in &limits[1..] {
            again_at = again_at.max(left.again_at);
            if left.until < first.until {
                first = *left;
            }
        }
        TimeLeft { again_at, ..first }
    }

    fn day_left(&self, worked: &[Span], zone: Tz, now: DateTime<Utc>) -> TimeLeft {
        let today = now.with_timezone(&zone).date_naive();
        let day = calendar_span(zone, today, 1);
        calendar_left(Limit::Day, minutes(self.max_day_minutes), worked, day, now)
    }

    fn week_left(&self, worked: &[Span], zone: Tz, now: DateTime<Utc>) -> TimeLeft {
        let week = calendar_span(zone, monday_of(now.with_timezone(&zone).date_naive()), 7);
        let most = minutes(self.max_week_minutes);
        calendar_left(Limit::Week, most, worked, week, now)
    }

    fn break_left(&self, worked: &[Span], now: DateTime<Utc>) -> TimeLeft {
        let pause = minutes(self.break_minutes);
        let stretch = latest_stretch(worked, pause, now);
        let done = stretch
            .iter()
            .fold(TimeDelta::zero(), |sum, span| sum + span.length());
        let until = now + minutes(self.break_after_minutes) - done;
        paused_left(Limit::Break, until, stretch, pause, now)
    }

    fn rest_left(&self, worked: &[Span], now: DateTime<Utc>) -> TimeLeft {
        let rest = minutes(self.rest_minutes);
        let stretch = latest_stretch(worked, rest, now);
        let began = stretch.first().map_or(now, |span| span.from);
        paused_left(Limit::Rest, began + self.longest_duty(), stretch, rest, now)
    }

    /// From the beginning of work to its end, where a rest must fit into 24 hours.
    fn longest_duty(&self) -> TimeDelta {
        TimeDelta::days(1) - minutes(self.rest_minutes)
    }

    /// Which limit somebody would break who has promised these spans, the earliest first and none
    /// overlapping, and promises another. A break needs no plan: it can be taken within a shift.
    pub fn objection_to(&self, promised: &[Span], new: Span, zone: Tz) -> Option<Limit> {
        let mut all = promised.to_vec();
        let place = all.partition_point(|span| span.from < new.from);
        all.insert(place, new);
        let (first, last) = (local_date(zone, new.from), local_date(zone, new.until));
        let planned = |window: Span| {
            all.iter()
                .fold(TimeDelta::zero(), |sum, span| sum + span.within(window))
        };
        let most_of = |start: NaiveDate, days| planned(calendar_span(zone, start, days));
        if [first, last]
            .into_iter()
            .any(|day| most_of(day, 1) > minutes(self.max_day_minutes))
        {
            return Some(Limit::Day);
        }
        let weeks = [monday_of(first), monday_of(last)];
        if weeks
            .into_iter()
            .any(|monday| most_of(monday, 7) > minutes(self.max_week_minutes))
        {
            return Some(Limit::Week);
        }
        let rest = minutes(self.rest_minutes);
        let duty = all
            .chunk_by(|earlier, later| later.from - earlier.until < rest)
            .find(|duty| duty.contains(&new))?;
        let (began, ended) = (duty.first()?.from, duty.last()?.until);
        (ended - began > self.longest_duty()).then_some(Limit::Rest)
    }
}

/// What is left of a calendar period's minutes. Who may work through its end begins the next one
/// with nothing worked.
fn calendar_left(
    limit: Limit,
    most: TimeDelta,
    worked: &[Span],
    period: Span,
    now: DateTime<Utc>,
) -> TimeLeft {
    let done = worked
        .iter()
        .fold(TimeDelta::zero(), |sum, span| sum + span.within(period));
    let within = now + most - done;
    let until = if within >= period.until {
        period.until + most
    } else {
        within
    };
    TimeLeft {
        until,
        limit,
        again_at: if within > now { now } else { period.until },
    }
}

/// What is left before a pause of this length must be made.
fn paused_left(
    limit: Limit,
    until: DateTime<Utc>,
    stretch: &[Span],
    pause: TimeDelta,
    now: DateTime<Utc>,
) -> TimeLeft {
    let paused_at = stretch.last().map_or(now, |span| span.until + pause);
    TimeLeft {
        until,
        limit,
        again_at: if until > now { now } else { paused_at },
    }
}

/// The spans since the latest pause of this length; none where one has just been made.
fn latest_stretch(worked: &[Span], pause: TimeDelta, now: DateTime<Utc>) -> &[Span] {
    let mut next = now;
    let mut from = worked.len();
    while from > 0 && next - worked[from - 1].until < pause {
        from -= 1;
        next = worked[from].from;
    }
    &worked[from..]
}

/// Whole days of the zone's calendar.
fn calendar_span(zone: Tz, first: NaiveDate, days: u64) -> Span {
    let next = first.checked_add_days(Days::new(days)).unwrap_or(first);
    Span {
        from: start_of_day(zone, first),
        until: start_of_day(zone, next),
    }
}

/// The first instant of a day: midnight, or what comes next where the clocks skip it; where
/// midnight comes twice, the earlier.
fn start_of_day(zone: Tz, day: NaiveDate) -> DateTime<Utc> {
    const QUARTER: TimeDelta = TimeDelta::minutes(15);
    /// A day and an hour: some islands have skipped a whole day.
    const QUARTERS: usize = 100;
    let midnight = day.and_time(chrono::NaiveTime::MIN);
    std::iter::successors(Some(midnight), |at| at.checked_add_signed(QUARTER))
        .take(QUARTERS)
        .find_map(|at| zone.from_local_datetime(&at).earliest())
        .map_or_else(|| midnight.and_utc(), |at| at.to_utc())
}

fn monday_of(day: NaiveDate) -> NaiveDate {
    let back = u64::from(day.weekday().num_days_from_monday());
    day.checked_sub_days(Days::new(back)).unwrap_or(day)
}

fn local_date(zone: Tz, at: DateTime<Utc>) -> NaiveDate {
    at.with_timezone(&zone).date_naive()
}

fn minutes(count: i32) -> TimeDelta {
    TimeDelta::minutes(i64::from(count))
}
