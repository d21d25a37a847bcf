//! The company hands conversations over.

use std::collections::BTreeSet;

use db::{
    Tx,
    idempotency::{Answer, Request},
};
use dispatch::{Escalation, Ticket};

use crate::{Error, idempotent::once};

/// Takes escalated conversations in that come at the same time, each if the skills it needs are
/// among those that agents can hold, and each once under its key: a repetition gets the same answer
/// to the byte. Answers are in the order of the requests.
///
/// A refusal is that of one request. An error of the whole may be due to one of them, and nothing
/// is stored: they can be tried each by itself.
pub fn escalate(
    tx: &mut Tx<'_>,
    requests: &[(Request, Escalation)],
    answer: impl Fn(Ticket) -> Answer,
) -> Result<Vec<Result<Answer, Error>>, Error> {
    once(tx, requests, |tx, escalations| {
        let needed: BTreeSet<String> = escalations
            .iter()
            .flat_map(|escalation| &escalation.required_skills)
            .map(|need| need.skill.clone())
            .collect();
        let needed: Vec<String> = needed.into_iter().collect();
        let skills = onboarding::skills_among(tx.conn(), &needed)?;
        let taken_in = dispatch::escalate(tx, escalations, &skills)?;
        let answers = taken_in.into_iter().map(|ticket| Ok(answer(ticket?)));
        Ok(answers.collect())
    })
}
