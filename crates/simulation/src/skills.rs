//! The question banks of our own writing, and how somebody who has learnt them answers.

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

const BANKS: [&str; 3] = [
    include_str!("../marketplace/customer-care.json"),
    include_str!("../marketplace/payments.json"),
    include_str!("../marketplace/bookings.json"),
];

/// The skill that every agent has.
pub(crate) const CUSTOMER_CARE: &str = "customer-care";
/// The skill for matters of money.
pub(crate) const PAYMENTS: &str = "payments";
/// The skill for journeys and other bookings.
pub(crate) const BOOKINGS: &str = "bookings";
/// All of them.
pub(crate) const ALL: [&str; 3] = [CUSTOMER_CARE, PAYMENTS, BOOKINGS];

/// A skill and its question bank, as it is put in place.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Bank {
    #[serde(skip_serializing)]
    pub(crate) code: String,
    name: String,
    pass_mark: u32,
    questions_asked: usize,
    valid_days: u32,
    questions: Vec<Question>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
struct Question {
    prompt: String,
    options: Vec<String>,
    /// The right option, from 1.
    correct: usize,
}

/// A question as it is put to an applicant: the options may stand in any order.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Asked {
    pub(crate) prompt: String,
    pub(crate) options: Vec<String>,
}

/// The question banks.
pub(crate) fn banks() -> anyhow::Result<Vec<Bank>> {
    BANKS
        .iter()
        .map(|json| serde_json::from_str(json).context("a question bank cannot be read"))
        .collect()
}

impl Bank {
    /// The right answers, from 1, in the order in which the questions are asked.
    pub(crate) fn answers(&self, asked: &[Asked]) -> anyhow::Result<Vec<usize>> {
        asked.iter().map(|question| self.answer(question)).collect()
    }

    fn answer(&self, asked: &Asked) -> anyhow::Result<usize> {
        let known = self
            .questions
            .iter()
            .find(|known| known.prompt == asked.prompt);
        let right = known
            .and_then(|known| known.options.get(known.correct.checked_sub(1)?))
            .with_context(|| format!("{} does not ask: {}", self.code, asked.prompt))?;
        let place = asked.options.iter().position(|option| option == right);
        let place = place.with_context(|| format!("the right answer is missing: {right}"))?;
        Ok(place + 1)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn each_bank_is_fit_to_be_put_in_place() {
        let banks = banks().unwrap();
        assert_eq!(
            banks
                .iter()
                .map(|bank| bank.code.as_str())
                .collect::<Vec<_>>(),
            ALL
        );
        for bank in &banks {
            assert!(bank.questions.len() >= 8 && bank.questions_asked < bank.questions.len());
            assert!((1..=100).contains(&bank.pass_mark) && bank.valid_days > 0);
            let prompts: HashSet<_> = bank.questions.iter().map(|q| &q.prompt).collect();
            assert_eq!(prompts.len(), bank.questions.len(), "{}", bank.code);
            for question in &bank.questions {
                let options: HashSet<_> = question.options.iter().collect();
                assert_eq!(options.len(), question.options.len(), "{}", question.prompt);
                assert!((2..=6).contains(&options.len()) && question.prompt.len() <= 1000);
                assert!(
                    (1..=options.len()).contains(&question.correct),
                    "{}",
                    question.prompt
                );
            }
        }
    }

    #[test]
    fn the_right_answer_is_not_always_in_the_same_place() {
        for bank in banks().unwrap() {
            let places: HashSet<_> = bank.questions.iter().map(|q| q.correct).collect();
            assert!(places.len() >= 2, "{}", bank.code);
        }
    }

    #[test]
    fn answers_follow_the_options_wherever_they_stand() {
        let bank = banks().unwrap().remove(0);
        let asked: Vec<Asked> = bank
            .questions
            .iter()
            .rev()
            .map(|q| Asked {
                prompt: q.prompt.clone(),
                options: q.options.iter().rev().cloned().collect(),
            })
            .collect();
        let answers = bank.answers(&asked).unwrap();
        for (question, answer) in bank.questions.iter().rev().zip(answers) {
            assert_eq!(answer, question.options.len() + 1 - question.correct);
        }
    }

    #[test]
    fn a_question_that_is_not_ours_is_named() {
        let bank = banks().unwrap().remove(0);
        let asked = Asked {
            prompt: "What is love?".into(),
            options: vec!["A".into()],
        };
        let error = bank.answers(&[asked]).unwrap_err();
        assert!(error.to_string().contains("What is love?"), "{error}");
    }
}
