//! How a queue routes, as data.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The longest a ticket of the lowest priority may be overtaken by later ones, in seconds. A policy
/// whose weights allow more is refused.
pub const LONGEST_OVERTAKING_SECONDS: i64 = 24 * 3_600;
/// The most minutes without work that count.
pub const IDLE_MINUTES: i64 = 60;
/// The most minutes of a day's work that count for an even spread.
pub const FAIR_MINUTES: i64 = 8 * 60;
/// The highest level of a skill or language.
pub const LEVELS: i64 = 5;
/// The highest priority.
pub const PRIORITIES: i64 = 9;

/// How a queue routes. What a body does not name has its default, so that a policy can be written
/// by naming what is special about it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// Points for what makes a good match.
    pub weights: Weights,
    /// How many seconds earlier a ticket counts as having come for each step of priority. The
    /// place of a ticket in its queue is when it came less its head start: so a later ticket
    /// overtakes by at most nine head starts, and nobody starves.
    pub head_start_seconds: i64,
    /// One point for so many seconds of waiting.
    pub seconds_per_waiting_point: i64,
    /// How long an agent has to answer an offer.
    pub offer_seconds: i64,
    /// How many agents are asked at the same time, 1 to 10. The first who accepts has it.
    pub simultaneous_offers: i64,
    /// How long nobody but the preferred agent is asked, while that agent is there.
    pub preferred_agent_seconds: i64,
    /// What is asked less of an agent the longer a ticket waits, in the order of the waits.
    pub relaxation: Vec<RelaxationStep>,
    /// What relaxation never goes below.
    pub floor: Floor,
    /// Where else to look for an agent after a while.
    pub overflow: Option<Overflow>,
    /// After so long without an agent a ticket is put aside, and operations are alarmed.
    pub dead_letter_seconds: i64,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            weights: Weights::default(),
            head_start_seconds: 600,
            seconds_per_waiting_point: 30,
            offer_seconds: 30,
            simultaneous_offers: 1,
            preferred_agent_seconds: 60,
            relaxation: Vec::new(),
            floor: Floor::default(),
            overflow: None,
            dead_letter_seconds: 24 * 3_600,
        }
    }
}

/// Points for what makes a good match; each is whole and not negative.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Weights {
    /// For each level of proficiency, averaged over the skills that the ticket needs.
    pub skill: i64,
    /// For each level in the ticket's language.
    pub language: i64,
    /// For an agent of the customer's own tier.
    pub tier: i64,
    /// At the end of the time for the first reply; in proportion before.
    pub service_level: i64,
    /// For the agent who helped this customer last.
    pub preferred_agent: i64,
    /// For each minute without work, at most 60 of them.
    pub idle: i64,
    /// For each minute that the agent worked less than eight hours today.
    pub fairness: i64,
    /// For each unit that is free: work spreads before it piles up.
    pub room: i64,
}

impl Default for Weights {
    fn default() -> Self {
        Self {
            skill: 60,
            language: 10,
            tier: 0,
            service_level: 100,
            preferred_agent: 200,
            idle: 1,
            fairness: 0,
            room: 20,
        }
    }
}

/// What is asked less of an agent once a ticket has waited for a while. Steps add up.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RelaxationStep {
    /// From this wait on.
    pub after_seconds: i64,
    /// So many levels less in every skill.
    pub skill_levels: i64,
    /// So many levels less in the language. The language itself is never dropped.
    pub language_levels: i64,
    /// Skills that are no longer needed, by code.
    pub drop_skills: Vec<String>,
}

/// What relaxation never goes below. Conflicts of interest, capacity, working time and the
/// language itself have no step at all.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Floor {
    /// Proficiency in a skill is asked at least so high, where the ticket asks so high.
    pub skill_level: i64,
    /// The same for the language.
    pub language_level: i64,
    /// Skills that are never dropped, by code.
    pub skills: Vec<String>,
}

impl Default for Floor {
    fn default() -> Self {
        Self {
            skill_level: 1,
            language_level: 1,
            skills: Vec::new(),
        }
    }
}

/// Where else to look for an agent.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Overflow {
    /// The code of the queue whose agents are asked, too.
    pub queue: String,
    /// After so long a wait.
    pub after_seconds: i64,
}

/// A field of a policy that breaks a rule.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fault {
    /// Which field, such as `weights.skill`.
    pub field: String,
    /// What it must be.
    pub message: String,
}

impl Policy {
    /// Everything that is wrong with the policy; nothing where it can be used.
    pub fn faults(&self) -> Vec<Fault> {
        let mut faults = Faults(Vec::new());
        for (field, points) in self.weights.named() {
            faults.range(&format!("weights.{field}"), points, 0, 10_000);
        }
        faults.range("head_start_seconds", self.head_start_seconds, 0, 7_200);
        let per_point = self.seconds_per_waiting_point;
        faults.range("seconds_per_waiting_point", per_point, 1, 3_600);
        faults.range("offer_seconds", self.offer_seconds, 5, 600);
        faults.range("simultaneous_offers", self.simultaneous_offers, 1, 10);
        let preferred = self.preferred_agent_seconds;
        faults.range("preferred_agent_seconds", preferred, 0, 3_600);
        faults.range("floor.skill_level", self.floor.skill_level, 1, LEVELS);
        faults.range("floor.language_level", self.floor.language_level, 1, LEVELS);
        faults.codes("floor.skills", &self.floor.skills);
        let put_aside = self.dead_letter_seconds;
        faults.range("dead_letter_seconds", put_aside, 60, 7 * 86_400);
        self.check_relaxation(&mut faults);
        if let Some(overflow) = &self.overflow {
            let after = overflow.after_seconds;
            faults.range("overflow.after_seconds", after, 1, 86_400);
            faults.codes("overflow.queue", std::slice::from_ref(&overflow.queue));
        }
        if faults.0.is_empty() && self.overtaking_seconds() > LONGEST_OVERTAKING_SECONDS {
            faults.add(
                "seconds_per_waiting_point",
                format!(
                    "lets a ticket be overtaken for {} hours by tickets that fit better; lower it, \
                     the head start or the weights until it is at most {} hours",
                    self.overtaking_seconds() / 3_600,
                    LONGEST_OVERTAKING_SECONDS / 3_600
                ),
            );
        }
        faults.0
    }

    fn check_relaxation(&self, faults: &mut Faults) {
        if self.relaxation.len() > 10 {
            faults.add("relaxation", "must be at most 10 steps".to_owned());
        }
        let mut before = 0;
        for (index, step) in self.relaxation.iter().take(10).enumerate() {
            let field = |name: &str| format!("relaxation[{index}].{name}");
            faults.range(&field("after_seconds"), step.after_seconds, 1, 86_400);
            faults.range(&field("skill_levels"), step.skill_levels, 0, LEVELS - 1);
            faults.range(
                &field("language_levels"),
                step.language_levels,
                0,
                LEVELS - 1,
            );
            faults.codes(&field("drop_skills"), &step.drop_skills);
            if step.after_seconds <= before && index > 0 {
                faults.add(
                    &field("after_seconds"),
                    "must be later than the step before".to_owned(),
                );
            }
            before = step.after_seconds;
        }
    }

    /// The most points that agents and service levels can put between two tickets for the same
    /// agent: everything but the wait itself.
    pub fn spread(&self) -> i64 {
        let weights = &self.weights;
        weights.skill * LEVELS
            + weights.language * LEVELS
            + weights.tier
            + weights.service_level
            + weights.preferred_agent
    }

    /// The longest that a ticket can be overtaken by later ones, in seconds: nobody who can help
    /// it is given a ticket whose place in the queue is later than its own by more than this.
    pub fn overtaking_seconds(&self) -> i64 {
        (self.spread() + 1) * self.seconds_per_waiting_point + PRIORITIES * self.head_start_seconds
    }
}

impl Weights {
    /// Each weight by its name.
    pub fn named(&self) -> [(&'static str, i64); 8] {
        [
            ("skill", self.skill),
            ("language", self.language),
            ("tier", self.tier),
            ("service_level", self.service_level),
            ("preferred_agent", self.preferred_agent),
            ("idle", self.idle),
            ("fairness", self.fairness),
            ("room", self.room),
        ]
    }
}

struct Faults(Vec<Fault>);

impl Faults {
    fn add(&mut self, field: &str, message: String) {
        self.0.push(Fault {
            field: field.to_owned(),
            message,
        });
    }

    fn range(&mut self, field: &str, value: i64, least: i64, most: i64) {
        if !(least..=most).contains(&value) {
            self.add(field, format!("must be {least} to {most}"));
        }
    }

    fn codes(&mut self, field: &str, codes: &[String]) {
        let is_code = |code: &String| {
            (1..=64).contains(&code.len())
                && code
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b))
        };
        if codes.len() > 20 {
            self.add(field, "must be at most 20 codes".to_owned());
        } else if !codes.iter().all(is_code) {
            self.add(
                field,
                "must be 1 to 64 lower-case letters, digits, dots, dashes or underscores"
                    .to_owned(),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(policy: &Policy) -> Vec<String> {
        policy.faults().into_iter().map(|f| f.field).collect()
    }

    #[test]
    fn the_default_policy_can_be_used() {
        assert_eq!(Policy::default().faults(), []);
        let empty: Policy = serde_json::from_str("{}").unwrap();
        assert_eq!(empty, Policy::default());
    }

    #[test]
    fn everything_wrong_is_said_at_once() {
        let policy = Policy {
            simultaneous_offers: 11,
            offer_seconds: 4,
            relaxation: vec![
                RelaxationStep {
                    after_seconds: 60,
                    ..RelaxationStep::default()
                },
                RelaxationStep {
                    after_seconds: 60,
                    drop_skills: vec!["No Code".to_owned()],
                    ..RelaxationStep::default()
                },
            ],
            ..Policy::default()
        };
        assert_eq!(
            fields(&policy),
            [
                "offer_seconds",
                "simultaneous_offers",
                "relaxation[1].drop_skills",
                "relaxation[1].after_seconds"
            ]
        );
    }

    #[test]
    fn a_policy_under_which_tickets_could_starve_is_refused() {
        let mut policy = Policy {
            seconds_per_waiting_point: 3_600,
            ..Policy::default()
        };
        assert_eq!(fields(&policy), ["seconds_per_waiting_point"]);
        policy.seconds_per_waiting_point = 72;
        assert!(policy.faults().is_empty());
    }

    #[test]
    fn a_field_that_does_not_exist_is_refused() {
        let unknown = serde_json::from_str::<Policy>(r#"{"weigths": {}}"#);
        assert!(unknown.unwrap_err().to_string().contains("weigths"));
    }
}
