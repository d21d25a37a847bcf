//! A policy as fields that people fill in.

use kernel::{Checks, Invalid};
use routing::{Floor, Overflow, Policy, RelaxationStep, Weights};
use serde::Deserialize;

use crate::pages::fields::whole_number;

/// A policy as it was typed. Relaxation has room for three steps; an empty row is none.
#[derive(Clone, Default, Deserialize)]
pub(super) struct PolicyForm {
    pub(super) based_on: String,
    pub(super) skill: String,
    pub(super) language: String,
    pub(super) tier: String,
    pub(super) service_level: String,
    pub(super) preferred_agent: String,
    pub(super) idle: String,
    pub(super) fairness: String,
    pub(super) room: String,
    pub(super) head_start_seconds: String,
    pub(super) seconds_per_waiting_point: String,
    pub(super) offer_seconds: String,
    pub(super) simultaneous_offers: String,
    pub(super) preferred_agent_seconds: String,
    pub(super) dead_letter_seconds: String,
    pub(super) after_1: String,
    pub(super) skill_levels_1: String,
    pub(super) language_levels_1: String,
    pub(super) drop_skills_1: String,
    pub(super) after_2: String,
    pub(super) skill_levels_2: String,
    pub(super) language_levels_2: String,
    pub(super) drop_skills_2: String,
    pub(super) after_3: String,
    pub(super) skill_levels_3: String,
    pub(super) language_levels_3: String,
    pub(super) drop_skills_3: String,
    pub(super) floor_skill_level: String,
    pub(super) floor_language_level: String,
    pub(super) floor_skills: String,
    pub(super) overflow_queue: String,
    pub(super) overflow_after_seconds: String,
    pub(super) note: String,
}

/// One row of relaxation as it was typed.
pub(super) struct Row<'a> {
    number: usize,
    pub(super) after: &'a str,
    pub(super) skill_levels: &'a str,
    pub(super) language_levels: &'a str,
    pub(super) drop_skills: &'a str,
}

impl Row<'_> {
    /// What a field of this row is called in the form.
    pub(super) fn field(&self, name: &str) -> String {
        format!("{name}_{}", self.number)
    }

    /// What the same is called where it is at fault.
    pub(super) fn at(&self, name: &str) -> String {
        format!("policy.relaxation[{}].{name}", self.number - 1)
    }
}

impl PolicyForm {
    /// The form filled in with a policy.
    pub(super) fn of(policy: &Policy, version: i32) -> Self {
        let weights = &policy.weights;
        let mut form = Self {
            based_on: version.to_string(),
            skill: weights.skill.to_string(),
            language: weights.language.to_string(),
            tier: weights.tier.to_string(),
            service_level: weights.service_level.to_string(),
            preferred_agent: weights.preferred_agent.to_string(),
            idle: weights.idle.to_string(),
            fairness: weights.fairness.to_string(),
            room: weights.room.to_string(),
            head_start_seconds: policy.head_start_seconds.to_string(),
            seconds_per_waiting_point: policy.seconds_per_waiting_point.to_string(),
            offer_seconds: policy.offer_seconds.to_string(),
            simultaneous_offers: policy.simultaneous_offers.to_string(),
            preferred_agent_seconds: policy.preferred_agent_seconds.to_string(),
            dead_letter_seconds: policy.dead_letter_seconds.to_string(),
            floor_skill_level: policy.floor.skill_level.to_string(),
            floor_language_level: policy.floor.language_level.to_string(),
            floor_skills: policy.floor.skills.join(", "),
            ..Self::default()
        };
        if let Some(overflow) = &policy.overflow {
            form.overflow_queue.clone_from(&overflow.queue);
            form.overflow_after_seconds = overflow.after_seconds.to_string();
        }
        let rows = [
            (
                &mut form.after_1,
                &mut form.skill_levels_1,
                &mut form.language_levels_1,
                &mut form.drop_skills_1,
            ),
            (
                &mut form.after_2,
                &mut form.skill_levels_2,
                &mut form.language_levels_2,
                &mut form.drop_skills_2,
            ),
            (
                &mut form.after_3,
                &mut form.skill_levels_3,
                &mut form.language_levels_3,
                &mut form.drop_skills_3,
            ),
        ];
        for (step, (after, skills, languages, dropped)) in policy.relaxation.iter().zip(rows) {
            *after = step.after_seconds.to_string();
            *skills = step.skill_levels.to_string();
            *languages = step.language_levels.to_string();
            *dropped = step.drop_skills.join(", ");
        }
        form
    }

    /// The rows of relaxation.
    pub(super) fn rows(&self) -> [Row<'_>; 3] {
        [
            Row {
                number: 1,
                after: &self.after_1,
                skill_levels: &self.skill_levels_1,
                language_levels: &self.language_levels_1,
                drop_skills: &self.drop_skills_1,
            },
            Row {
                number: 2,
                after: &self.after_2,
                skill_levels: &self.skill_levels_2,
                language_levels: &self.language_levels_2,
                drop_skills: &self.drop_skills_2,
            },
            Row {
                number: 3,
                after: &self.after_3,
                skill_levels: &self.skill_levels_3,
                language_levels: &self.language_levels_3,
                drop_skills: &self.drop_skills_3,
            },
        ]
    }

    /// The policy that is meant, and the version that it was made from.
    pub(super) fn policy(&self) -> Result<(Policy, i32), Invalid> {
        let mut checks = Checks::new();
        let based_on = whole_number(&mut checks, "based_on", &self.based_on);
        let mut number =
            |field: &str, text: &str| i64::from(whole_number(&mut checks, field, text));
        let mut policy = Policy {
            weights: Weights {
                skill: number("policy.weights.skill", &self.skill),
                language: number("policy.weights.language", &self.language),
                tier: number("policy.weights.tier", &self.tier),
                service_level: number("policy.weights.service_level", &self.service_level),
                preferred_agent: number("policy.weights.preferred_agent", &self.preferred_agent),
                idle: number("policy.weights.idle", &self.idle),
                fairness: number("policy.weights.fairness", &self.fairness),
                room: number("policy.weights.room", &self.room),
            },
            head_start_seconds: number("policy.head_start_seconds", &self.head_start_seconds),
            seconds_per_waiting_point: number(
                "policy.seconds_per_waiting_point",
                &self.seconds_per_waiting_point,
            ),
            offer_seconds: number("policy.offer_seconds", &self.offer_seconds),
            simultaneous_offers: number("policy.simultaneous_offers", &self.simultaneous_offers),
            preferred_agent_seconds: number(
                "policy.preferred_agent_seconds",
                &self.preferred_agent_seconds,
            ),
            dead_letter_seconds: number("policy.dead_letter_seconds", &self.dead_letter_seconds),
            floor: Floor {
                skill_level: number("policy.floor.skill_level", &self.floor_skill_level),
                language_level: number("policy.floor.language_level", &self.floor_language_level),
                skills: codes(&self.floor_skills),
            },
            relaxation: Vec::new(),
            overflow: None,
        };
        if !self.overflow_queue.is_empty() {
            policy.overflow = Some(Overflow {
                queue: self.overflow_queue.clone(),
                after_seconds: number(
                    "policy.overflow.after_seconds",
                    &self.overflow_after_seconds,
                ),
            });
        }
        for (index, row) in self.rows().into_iter().enumerate() {
            if !row.after.trim().is_empty() {
                let mut field = |name: &str, text: &str| {
                    let text = if text.trim().is_empty() { "0" } else { text };
                    number(&format!("policy.relaxation[{index}].{name}"), text)
                };
                policy.relaxation.push(RelaxationStep {
                    after_seconds: field("after_seconds", row.after),
                    skill_levels: field("skill_levels", row.skill_levels),
                    language_levels: field("language_levels", row.language_levels),
                    drop_skills: codes(row.drop_skills),
                });
            }
        }
        checks.done().map(|()| (policy, based_on))
    }
}

fn codes(text: &str) -> Vec<String> {
    text.split([',', ' '])
        .map(str::trim)
        .filter(|code| !code.is_empty())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_survives_its_form() {
        let policy = Policy {
            relaxation: vec![RelaxationStep {
                after_seconds: 60,
                skill_levels: 1,
                language_levels: 0,
                drop_skills: vec!["trip".to_owned(), "pay".to_owned()],
            }],
            overflow: Some(Overflow {
                queue: "care".to_owned(),
                after_seconds: 90,
            }),
            floor: Floor {
                skills: vec!["pay".to_owned()],
                ..Floor::default()
            },
            ..Policy::default()
        };
        let typed = PolicyForm::of(&policy, 7).policy().unwrap();
        assert_eq!(typed, (policy, 7));
    }

    #[test]
    fn what_is_no_number_is_named() {
        let mut form = PolicyForm::of(&Policy::default(), 1);
        form.skill = "much".to_owned();
        form.after_2 = "soon".to_owned();
        let fields: Vec<String> = form
            .policy()
            .unwrap_err()
            .fields
            .into_iter()
            .map(|fault| fault.field)
            .collect();
        assert_eq!(
            fields,
            ["policy.weights.skill", "policy.relaxation[1].after_seconds"]
        );
    }
}
