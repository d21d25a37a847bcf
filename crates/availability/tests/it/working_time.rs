//! How long one may work, against a calendar of another library and a count by hand.

use availability::{Limit, Rules, Span};
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use proptest::prelude::*;

/// All times of the properties are multiples of this.
const STEP: TimeDelta = TimeDelta::minutes(5);
/// The longest that anybody may work without a rest, under any rules.
const HORIZON: i64 = 20 * 12;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn span(from: &str, until: &str) -> Span {
    Span {
        from: at(from),
        until: at(until),
    }
}

/// Changes of the clocks: by day and by night, at midnight, by half an hour, twice a midnight.
const CHANGES: [(Tz, &str); 9] = [
    (Tz::Europe__Stockholm, "2025-03-30T01:00:00Z"),
    (Tz::Europe__Stockholm, "2025-10-26T01:00:00Z"),
    (Tz::America__New_York, "2024-11-03T06:00:00Z"),
    (Tz::Africa__Cairo, "2024-04-25T22:00:00Z"),
    (Tz::America__Havana, "2024-03-10T05:00:00Z"),
    (Tz::America__Havana, "2024-11-03T05:00:00Z"),
    (Tz::Australia__Lord_Howe, "2024-04-06T15:00:00Z"),
    (Tz::America__Sao_Paulo, "2018-11-04T03:00:00Z"),
    (Tz::UTC, "2024-12-31T23:00:00Z"),
];

fn rules() -> impl Strategy<Value = Rules> {
    (
        6..=240_i32,
        6..=1_200_i32,
        6..=240_i32,
        1..=47_i32,
        48..=276_i32,
    )
        .prop_map(|(day, week, after, pause, rest)| Rules {
            max_day_minutes: day * 5,
            max_week_minutes: week * 5,
            break_after_minutes: after * 5,
            break_minutes: pause * 5,
            rest_minutes: rest * 5,
        })
}

/// Lengths of pause and work in turn, counted back from now.
fn history() -> impl Strategy<Value = Vec<(i64, i64)>> {
    let pause = prop_oneof![1_i64..12, 12_i64..200];
    proptest::collection::vec((pause, 1_i64..120), 0..12)
}

/// The spans of a history, the earliest first; the last may touch now.
fn spans(history: &[(i64, i64)], now: DateTime<Utc>, is_working: bool) -> Vec<Span> {
    let mut until = if is_working { now + STEP } else { now };
    let mut spans: Vec<Span> = Vec::new();
    for (index, (pause, work)) in history.iter().enumerate() {
        until -= if index == 0 && is_working {
            STEP
        } else {
            STEP * i32::try_from(*pause).unwrap()
        };
        let from = until - STEP * i32::try_from(*work).unwrap();
        spans.push(Span { from, until });
        until = from;
    }
    spans.retain(|span| span.from > now - TimeDelta::days(8));
    spans.reverse();
    spans
}

/// The day and the ISO week in which an instant lies, by another library.
fn calendar(zone: &jiff::tz::TimeZone, at: DateTime<Utc>) -> (jiff::civil::Date, (i16, i8)) {
    let instant = jiff::Timestamp::from_second(at.timestamp()).unwrap();
    let day = zone.to_datetime(instant).date();
    let week = day.iso_week_date();
    (day, (week.year(), week.week()))
}

/// A count, step by step, of who worked when.
struct Count {
    zone: jiff::tz::TimeZone,
    begin: DateTime<Utc>,
    worked: Vec<bool>,
}

impl Count {
    fn new(zone: Tz, spans: &[Span], now: DateTime<Utc>) -> Self {
        let begin = now - TimeDelta::days(9);
        let steps = TimeDelta::days(9).num_minutes() / 5;
        let worked = (0..steps).map(|step| {
            let at = begin + STEP * i32::try_from(step).unwrap();
            spans.iter().any(|span| span.from <= at && at < span.until)
        });
        Self {
            zone: jiff::tz::TimeZone::get(zone.name()).unwrap(),
            begin,
            worked: worked.collect(),
        }
    }

    fn instant(&self, step: usize) -> DateTime<Utc> {
        self.begin + STEP * i32::try_from(step).unwrap()
    }

    /// Whether the next step may be worked.
    fn permits(&self, rules: &Rules) -> bool {
        let next = self.worked.len();
        let (day, week) = calendar(&self.zone, self.instant(next));
        let (mut in_day, mut in_week, mut in_stretch) = (5, 5, 5);
        let (mut pause, mut first) = (0, next);
        let (mut goes_on, mut on_duty) = (true, true);
        for step in (0..next).rev() {
            if self.worked[step] {
                pause = 0;
                let (its_day, its_week) = calendar(&self.zone, self.instant(step));
                in_day += if its_day == day { 5 } else { 0 };
                in_week += if its_week == week { 5 } else { 0 };
                in_stretch += if goes_on { 5 } else { 0 };
                first = if on_duty { step } else { first };
            } else {
                pause += 5;
                goes_on &= pause < rules.break_minutes;
                on_duty &= pause < rules.rest_minutes;
            }
        }
        let duty = 5 * i32::try_from(next + 1 - first).unwrap();
        in_day <= rules.max_day_minutes
            && in_week <= rules.max_week_minutes
            && in_stretch <= rules.break_after_minutes
            && duty <= 1_440 - rules.rest_minutes
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn work_ends_when_a_count_by_hand_says_so(
        rules in rules(),
        history in history(),
        is_working: bool,
        (change, offset) in (0..CHANGES.len(), -900_i32..300),
    ) {
        let (zone, change) = CHANGES[change];
        let now = at(change) + STEP * offset;
        let spans = spans(&history, now, is_working);
        let left = rules.time_left(&spans, zone, now);
        let mut count = Count::new(zone, &spans, now);
        let mut until = now;
        for _ in 0..HORIZON {
            if !count.permits(&rules) {
                break;
            }
            count.worked.push(true);
            until += STEP;
        }
        prop_assert_eq!(left.until.max(now), until, "{:?}", left);
    }

    #[test]
    fn after_the_pause_that_was_named_one_may_go_on_and_not_before(
        rules in rules(),
        history in history(),
        (change, offset) in (0..CHANGES.len(), -900_i32..300),
    ) {
        let (zone, change) = CHANGES[change];
        let now = at(change) + STEP * offset;
        let spans = spans(&history, now, false);
        let left = rules.time_left(&spans, zone, now);
        if left.until > now {
            prop_assert_eq!(left.again_at, now);
        } else {
            let again = rules.time_left(&spans, zone, left.again_at);
            prop_assert!(again.until > left.again_at, "{:?} {:?}", left, again);
            let before = left.again_at - TimeDelta::minutes(1);
            let early = rules.time_left(&spans, zone, before);
            prop_assert!(early.until <= before, "{:?} {:?}", left, early);
        }
    }
}

const MONDAY: &str = "2026-11-23T08:00:00Z";

#[test]
fn a_fresh_agent_works_six_hours_then_breaks_and_ten_hours_a_day() {
    let rules = Rules::default();
    let left = rules.time_left(&[], Tz::UTC, at(MONDAY));
    assert_eq!((left.minutes(at(MONDAY)), left.limit), (360, Limit::Break));
    let worked = [span(MONDAY, "2026-11-23T14:00:00Z")];
    let now = at("2026-11-23T14:00:00Z");
    let due = rules.time_left(&worked, Tz::UTC, now);
    assert_eq!((due.minutes(now), due.limit), (0, Limit::Break));
    assert_eq!(due.again_at, at("2026-11-23T14:30:00Z"));
    let rested = at("2026-11-23T14:30:00Z");
    let left = rules.time_left(&worked, Tz::UTC, rested);
    assert_eq!((left.minutes(rested), left.limit), (240, Limit::Day));
}

#[test]
fn a_short_pause_is_no_break() {
    let worked = [
        span(MONDAY, "2026-11-23T11:00:00Z"),
        span("2026-11-23T11:29:00Z", "2026-11-23T13:00:00Z"),
    ];
    let now = at("2026-11-23T13:00:00Z");
    let left = Rules::default().time_left(&worked, Tz::UTC, now);
    assert_eq!((left.minutes(now), left.limit), (360 - 271, Limit::Break));
}

#[test]
fn the_day_is_the_agents_own() {
    // 22:00 to 23:30 on Sunday in Stockholm, which is 21:00 to 22:30 in UTC; then it is Monday.
    let worked = [span("2026-11-22T13:00:00Z", "2026-11-22T22:30:00Z")];
    let rules = Rules {
        break_after_minutes: 1_200,
        ..Rules::default()
    };
    let now = at("2026-11-22T22:30:00Z");
    let (utc, stockholm) = (
        rules.time_left(&worked, Tz::UTC, now),
        rules.time_left(&worked, Tz::Europe__Stockholm, now),
    );
    assert_eq!((utc.minutes(now), utc.limit), (30, Limit::Day));
    // Half an hour to midnight is worked on the old day, and the rest of 13 hours ends it at 02:00.
    assert_eq!(
        (stockholm.minutes(now), stockholm.limit),
        (210, Limit::Rest)
    );
}

#[test]
fn work_goes_on_only_after_a_nights_rest() {
    let worked = [span("2026-11-23T08:00:00Z", "2026-11-23T09:00:00Z")];
    let rules = Rules::default();
    let now = at("2026-11-23T19:30:00Z");
    let left = rules.time_left(&worked, Tz::UTC, now);
    assert_eq!((left.minutes(now), left.limit), (90, Limit::Rest));
    let rested = at("2026-11-23T20:00:00Z");
    let left = rules.time_left(&worked, Tz::UTC, rested);
    assert_eq!((left.minutes(rested), left.limit), (360, Limit::Break));
}

#[test]
fn what_one_promises_keeps_to_the_day_the_week_and_the_rest() {
    let rules = Rules {
        max_week_minutes: 1_200,
        ..Rules::default()
    };
    let day = |day: u32, from: u32, until: u32| {
        span(
            &format!("2026-11-{day:02}T{from:02}:00:00Z"),
            &format!("2026-11-{day:02}T{until:02}:00:00Z"),
        )
    };
    let promised = [day(23, 8, 14), day(24, 8, 14), day(25, 8, 14)];
    let objection = |new| rules.objection_to(&promised, new, Tz::UTC);
    assert_eq!(objection(day(26, 8, 10)), None);
    assert_eq!(objection(day(26, 8, 11)), Some(Limit::Week));
    assert_eq!(objection(day(30, 8, 16)), None, "the week after");
    assert_eq!(objection(day(30, 8, 19)), Some(Limit::Day));
    assert_eq!(
        objection(day(23, 20, 21)),
        None,
        "13 hours after the first began"
    );
    assert_eq!(objection(day(23, 20, 22)), Some(Limit::Rest));
    assert_eq!(
        objection(day(24, 0, 1)),
        Some(Limit::Rest),
        "between the two"
    );
    // On Sunday evening in UTC it is Monday in Auckland: a week with nothing in it.
    let sunday = span("2026-11-22T10:00:00Z", "2026-11-22T13:00:00Z");
    let full = [
        span("2026-11-17T08:00:00Z", "2026-11-17T18:00:00Z"),
        span("2026-11-18T08:00:00Z", "2026-11-18T18:00:00Z"),
    ];
    assert_eq!(
        rules.objection_to(&full, sunday, Tz::UTC),
        Some(Limit::Week)
    );
    let monday = span("2026-11-22T11:00:00Z", "2026-11-22T14:00:00Z");
    assert_eq!(
        rules.objection_to(&full, monday, Tz::Pacific__Auckland),
        None
    );
}
