//! The company hands a conversation over.

use db::Tx;
use dispatch::{Escalation, Ticket};

use crate::Error;

/// Takes an escalated conversation in, if the skills it needs are among those that agents can hold.
pub fn escalate(tx: &mut Tx<'_>, escalation: Escalation) -> Result<Ticket, Error> {
    let needed: Vec<String> = escalation
        .required_skills
        .iter()
        .map(|need| need.skill.clone())
        .collect();
    let skills = onboarding::skills_among(tx.conn(), &needed)?;
    Ok(dispatch::escalate(tx, escalation, &skills)?)
}
