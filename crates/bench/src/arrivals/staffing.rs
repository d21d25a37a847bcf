//! Who was there, and what they could do, as far as the record of calls shows it.
//!
//! There is no record of presence. An agent is taken to be there from the beginning of one
//! conversation to the end of the next, unless the pause between the two is longer than
//! [`LONGEST_PAUSE`], or somebody whom the agent could have helped stood in the queue during
//! [`LONGEST_NEGLECT`] of it: who is there takes such a call.

use std::collections::BTreeMap;

use rehearsal::{Member, Span};
use routing::{
    Key,
    fact::{Admitted, Agent, Level, Presence, Units},
};

use super::record::{Call, End};

/// Longer pauses are absence. Half of all pauses are below 40 s and 98 in 100 below 30 minutes;
/// those above are about one for each agent and day: a meal, or the time between two shifts.
pub const LONGEST_PAUSE: i64 = 30 * 60_000;
/// Nineteen in twenty calls that wait when their agent's call before ends are taken within 29 s.
/// An agent who leaves one unanswered for longer is on a break that nobody wrote down.
pub const LONGEST_NEGLECT: i64 = 30_000;
/// An agent has the skill of a kind of call after so many of them: one or two are calls that came
/// to the wrong desk.
const CALLS_OF_A_KIND: usize = 3;

/// The queue of all calls.
pub const QUEUE: &str = "bank";
/// The language of all calls.
pub const LANGUAGE: &str = "he";

/// A level in something.
pub fn level(code: &str, level: i64) -> Level {
    Level {
        code: code.to_owned(),
        level,
    }
}

/// The agents of the record, each with the times when they were there. One who is not named
/// cannot be placed, and is left out.
pub fn members(calls: &[Call]) -> Vec<Member> {
    let mut answered: BTreeMap<&str, Vec<&Call>> = BTreeMap::new();
    for call in calls {
        if call.end == End::Answered && !call.agent.is_empty() {
            answered.entry(&call.agent).or_default().push(call);
        }
    }
    let queued = Queued::of(calls);
    (1..)
        .zip(answered)
        .map(|(number, (name, calls))| {
            let agent = agent(Key(number), name, &calls);
            let spans = spans(&calls, |from, until| queued.neglected(&agent, from, until));
            Member { agent, spans }
        })
        .collect()
}

/// When calls stood in the queue, by their kind, in the order of their beginnings.
struct Queued {
    by_kind: BTreeMap<String, Vec<Span>>,
    longest: i64,
}

impl Queued {
    fn of(calls: &[Call]) -> Self {
        let mut by_kind: BTreeMap<String, Vec<Span>> = BTreeMap::new();
        for call in calls.iter().filter(|call| call.has_queued) {
            let spans = by_kind.entry(call.kind.to_lowercase()).or_default();
            spans.push(Span {
                from: call.entered_at,
                until: call.entered_at + call.wait,
            });
        }
        for spans in by_kind.values_mut() {
            spans.sort_unstable();
        }
        let longest = calls.iter().map(|call| call.wait).max().unwrap_or(0);
        Self { by_kind, longest }
    }

    /// Whether a call that the agent could have taken waited for too long between two instants.
    fn neglected(&self, agent: &Agent, from: i64, until: i64) -> bool {
        let kinds = agent.skills.iter();
        kinds
            .filter_map(|skill| self.by_kind.get(&skill.code))
            .any(|spans| {
                let first = spans.partition_point(|span| span.from < from - self.longest);
                (spans[first..].iter())
                    .take_while(|span| span.from < until)
                    .any(|span| span.until.min(until) - span.from.max(from) > LONGEST_NEGLECT)
            })
    }
}

fn agent(id: Key, name: &str, calls: &[&Call]) -> Agent {
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for call in calls {
        *kinds.entry(&call.kind).or_default() += 1;
    }
    // Nothing is known of proficiency, so all are the same.
    let skills = kinds
        .into_iter()
        .filter(|(_, count)| *count >= CALLS_OF_A_KIND)
        .map(|(kind, _)| level(&kind.to_lowercase(), 3))
        .collect();
    Agent {
        id,
        customer: name.to_owned(),
        household: None,
        contacts: Vec::new(),
        tier: String::new(),
        languages: vec![level(LANGUAGE, 5)],
        skills,
        is_active: true,
        agreement_current: true,
        presence: Presence::Available,
        admitted: Admitted::All,
        seconds_left: None,
        free: Units {
            total: 1,
            chat: 1,
            message: 1,
        },
        idle_since: 0,
        worked_minutes: 0,
    }
}

fn spans(calls: &[&Call], is_neglect: impl Fn(i64, i64) -> bool) -> Vec<Span> {
    let mut talks: Vec<(i64, i64)> = calls
        .iter()
        .filter_map(|call| Some((call.begun_at?, call.begun_at? + call.talk)))
        .collect();
    talks.sort_unstable();
    let mut spans: Vec<Span> = Vec::new();
    for (from, until) in talks {
        match spans.last_mut() {
            Some(span) if from - span.until <= LONGEST_PAUSE && !is_neglect(span.until, from) => {
                span.until = span.until.max(until);
            }
            _ => spans.push(Span { from, until }),
        }
    }
    spans
}

/// How long an agent takes from one call to the next while somebody waits, by the median: the
/// record's only trace of work after a call.
pub fn median_pause(calls: &[Call]) -> i64 {
    let mut by_agent: BTreeMap<&str, Vec<&Call>> = BTreeMap::new();
    for call in calls {
        if call.end == End::Answered && !call.agent.is_empty() && call.begun_at.is_some() {
            by_agent.entry(&call.agent).or_default().push(call);
        }
    }
    let mut pauses = Vec::new();
    for mut calls in by_agent.into_values() {
        calls.sort_by_key(|call| call.begun_at);
        for two in calls.windows(2) {
            let (Some(before), Some(begun_at)) = (two[0].begun_at, two[1].begun_at) else {
                continue;
            };
            let ended_at = before + two[0].talk;
            if two[1].entered_at < ended_at && begun_at >= ended_at {
                pauses.push(begun_at - ended_at);
            }
        }
    }
    pauses.sort_unstable();
    pauses.get(pauses.len() / 2).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;
    use crate::arrivals::record::{parse, tests::HEADER};

    fn calls() -> Vec<Call> {
        let mut text = HEADER.to_owned();
        let times = ["08:00:00", "08:02:00", "08:20:00", "09:10:00"];
        for at in times {
            let _ = writeln!(
                text,
                "1,,0,PS,1999-02-01T{at},0,,0,AGENT,1999-02-01T{at},100,A01"
            );
        }
        // This one waited while A01 was busy, and was answered four seconds after.
        text += "1,,0,NE,1999-02-01T09:11:00,0,1999-02-01T09:11:00,44,AGENT,1999-02-01T09:11:44,60,A01\n";
        text += "1,,0,NE,1999-02-01T09:11:00,0,,0,AGENT,1999-02-01T09:11:00,60,\n";
        parse(&text).unwrap()
    }

    #[test]
    fn a_long_pause_is_absence_and_a_short_one_is_not() {
        let members = members(&calls());
        assert_eq!(members.len(), 1, "the one without a name cannot be placed");
        let lengths: Vec<i64> = members[0]
            .spans
            .iter()
            .map(|span| (span.until - span.from) / 1_000)
            .collect();
        assert_eq!(lengths, [20 * 60 + 100, 164]);
    }

    #[test]
    fn who_lets_a_call_wait_is_not_there() {
        let waits = |kind: &str, seconds: i64| {
            let mut text = HEADER.to_owned();
            for at in ["08:00:00", "08:03:00", "08:06:00"] {
                let _ = writeln!(
                    text,
                    "1,,0,PS,1999-02-01T{at},0,,0,AGENT,1999-02-01T{at},100,A01"
                );
            }
            // From the end of the first call on.
            let _ = writeln!(
                text,
                "1,,0,{kind},1999-02-01T08:01:40,0,1999-02-01T08:01:40,{seconds},HANG,,0,"
            );
            members(&parse(&text).unwrap())[0].spans.len()
        };
        assert_eq!(waits("PS", 30), 1);
        assert_eq!(waits("PS", 31), 2);
        assert_eq!(waits("NE", 31), 1, "the agent has no skill for it");
    }

    #[test]
    fn skills_are_what_was_done_more_than_twice() {
        let members = members(&calls());
        assert_eq!(members[0].agent.skills, [level("ps", 3)]);
    }

    #[test]
    fn the_pause_counts_where_somebody_waited() {
        assert_eq!(median_pause(&calls()), 4_000);
        assert_eq!(median_pause(&[]), 0);
    }
}
