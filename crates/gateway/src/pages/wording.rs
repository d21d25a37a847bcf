//! Codes in words, and instants as a person's clock shows them.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use dispatch::{DeclineReason, Disposition, EngagementStatus, Queue, Reason, ReleaseReason};
use onboarding::Skill;
use serde::Serialize;

/// The languages one can choose to help in, by ISO 639-1 code.
pub(super) const LANGUAGES: &[(&str, &str)] = &[
    ("ar", "Arabic"),
    ("zh", "Chinese"),
    ("cs", "Czech"),
    ("da", "Danish"),
    ("nl", "Dutch"),
    ("en", "English"),
    ("fi", "Finnish"),
    ("fr", "French"),
    ("de", "German"),
    ("el", "Greek"),
    ("hu", "Hungarian"),
    ("it", "Italian"),
    ("ja", "Japanese"),
    ("ko", "Korean"),
    ("no", "Norwegian"),
    ("pl", "Polish"),
    ("pt", "Portuguese"),
    ("ro", "Romanian"),
    ("es", "Spanish"),
    ("sv", "Swedish"),
    ("tr", "Turkish"),
    ("uk", "Ukrainian"),
];

/// What people call a language; its code where we have no name for it.
pub(super) fn language(code: &str) -> &str {
    LANGUAGES
        .iter()
        .find(|(known, _)| *known == code)
        .map_or(code, |(_, name)| *name)
}

/// Why the assistant handed over.
pub(super) const fn reason(reason: Reason) -> &'static str {
    match reason {
        Reason::Vip => "Entitled to a person",
        Reason::Complex => "Too complex for the assistant",
        Reason::Emotional => "Upset",
        Reason::CustomerRequest => "Asked for a person",
        Reason::LowConfidence => "The assistant was not sure",
        Reason::Policy => "A rule asks for a person",
    }
}

/// How a conversation ended.
pub(super) const fn disposition(disposition: Disposition) -> &'static str {
    match disposition {
        Disposition::Solved => "Solved",
        Disposition::Workaround => "Helped along, not cured",
        Disposition::FollowUpNeeded => "The company has to follow up",
        Disposition::CustomerLeft => "The customer left",
        Disposition::NotSolved => "It could not be solved",
        Disposition::NotRecorded => "Not recorded",
    }
}

/// Where an engagement stands.
pub(super) const fn engagement(status: EngagementStatus) -> &'static str {
    match status {
        EngagementStatus::Talking => "Talking",
        EngagementStatus::Wrapping => "Wrapping up",
        EngagementStatus::Resolved => "Closed",
        EngagementStatus::Lost | EngagementStatus::Released => "Back in the queue",
        EngagementStatus::Transferred => "Handed on",
        EngagementStatus::Returned => "With the assistant",
    }
}

/// Why an agent does not want a ticket.
const fn decline(reason: DeclineReason) -> &'static str {
    match reason {
        DeclineReason::Break => "I need a break",
        DeclineReason::TooComplex => "It is beyond me",
        DeclineReason::WrongSkill => "It is about something else",
        DeclineReason::WrongLanguage => "It is in another language",
        DeclineReason::KnowsCustomer => "I know this customer",
        DeclineReason::Other => "Another reason",
    }
}

/// Why an agent gives a conversation back.
const fn release(reason: ReleaseReason) -> &'static str {
    match reason {
        ReleaseReason::Break => "I need a break",
        ReleaseReason::EndOfShift => "I have to stop",
        ReleaseReason::TooComplex => "It is beyond me",
        ReleaseReason::WrongSkill => "It is about something else",
        ReleaseReason::WrongLanguage => "It is in another language",
        ReleaseReason::KnowsCustomer => "I know this customer",
        ReleaseReason::Technical => "Something of mine does not work",
        ReleaseReason::Other => "Another reason",
    }
}

/// The first letter in upper case, as for a tier that programs write in lower case.
pub(super) fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map(|first| first.to_uppercase().chain(chars).collect())
        .unwrap_or_default()
}

/// A time zone, and instants as its clocks show them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock(Tz);

impl Clock {
    /// By the zone's IANA name; UTC for who has not chosen one.
    pub(super) fn of(time_zone: Option<&str>) -> Self {
        let zone = time_zone.and_then(|name| name.parse().ok());
        Self(zone.unwrap_or(Tz::UTC))
    }

    /// The zone's name, such as `Europe/Stockholm`.
    pub(super) fn zone(self) -> &'static str {
        self.0.name()
    }

    /// The day, for grouping.
    pub(super) fn date(self, at: DateTime<Utc>) -> NaiveDate {
        at.with_timezone(&self.0).date_naive()
    }

    /// `Monday 23 November`.
    pub(super) fn day(self, at: DateTime<Utc>) -> String {
        self.format(at, "%A %-d %B")
    }

    /// `14:30`.
    pub(super) fn time(self, at: DateTime<Utc>) -> String {
        self.format(at, "%H:%M")
    }

    /// `23 November 2026`.
    pub(super) fn full_day(self, at: DateTime<Utc>) -> String {
        self.format(at, "%-d %B %Y")
    }

    /// `23 Nov 2026, 14:30`.
    pub(super) fn moment(self, at: DateTime<Utc>) -> String {
        self.format(at, "%-d %b %Y, %H:%M")
    }

    fn format(self, at: DateTime<Utc>, form: &str) -> String {
        at.with_timezone(&self.0).format(form).to_string()
    }
}

/// All the words that our scripts need, so that they are written once.
#[derive(Debug, Serialize)]
pub(super) struct Words {
    reasons: BTreeMap<&'static str, &'static str>,
    dispositions: Vec<(&'static str, &'static str)>,
    declines: Vec<(&'static str, &'static str)>,
    releases: Vec<(&'static str, &'static str)>,
    engagements: BTreeMap<&'static str, &'static str>,
    languages: BTreeMap<&'static str, &'static str>,
    queues: BTreeMap<String, String>,
    skills: BTreeMap<String, String>,
}

impl Words {
    /// With the names of these queues and skills.
    pub(super) fn new(queues: Vec<Queue>, skills: Vec<Skill>) -> Self {
        Self {
            reasons: in_words(Reason::ALL, Reason::as_str, reason),
            dispositions: in_words(Disposition::ALL, Disposition::as_str, disposition),
            declines: in_words(DeclineReason::ALL, DeclineReason::as_str, decline),
            releases: in_words(ReleaseReason::ALL, ReleaseReason::as_str, release),
            engagements: in_words(EngagementStatus::ALL, EngagementStatus::as_str, engagement),
            languages: LANGUAGES.iter().copied().collect(),
            queues: queue_names(queues),
            skills: skills.into_iter().map(|s| (s.code, s.name)).collect(),
        }
    }

    /// What people call a queue.
    pub(super) fn queue(&self, code: &str) -> String {
        name_of(&self.queues, code)
    }

    /// What people call a skill.
    pub(super) fn skill(&self, code: &str) -> String {
        name_of(&self.skills, code)
    }

    /// For the page's scripts.
    pub(super) fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// What people call the queues, by code.
pub(super) fn queue_names(queues: Vec<Queue>) -> BTreeMap<String, String> {
    queues.into_iter().map(|q| (q.code, q.name)).collect()
}

/// The name for a code; the code itself where there is none.
pub(super) fn name_of(names: &BTreeMap<String, String>, code: &str) -> String {
    names.get(code).map_or(code, String::as_str).to_owned()
}

fn in_words<T: Copy, C: FromIterator<(&'static str, &'static str)>>(
    all: &[T],
    code: fn(T) -> &'static str,
    words: fn(T) -> &'static str,
) -> C {
    all.iter().map(|&one| (code(one), words(one))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_shown_as_the_agents_clock_shows_it() {
        let at = "2026-11-23T23:30:00Z".parse().unwrap();
        let stockholm = Clock::of(Some("Europe/Stockholm"));
        assert_eq!(stockholm.day(at), "Tuesday 24 November");
        assert_eq!(stockholm.time(at), "00:30");
        assert_eq!(Clock::of(None).moment(at), "23 Nov 2026, 23:30");
        assert_eq!(Clock::of(Some("Nowhere/Else")).zone(), "UTC");
    }

    #[test]
    fn what_has_no_name_is_called_by_its_code() {
        assert_eq!(language("sv"), "Swedish");
        assert_eq!(language("xx"), "xx");
        assert_eq!(name_of(&BTreeMap::new(), "refunds"), "refunds");
        assert_eq!(capitalized("gold"), "Gold");
    }
}
