//! The visible checklist of an applicant.

use chrono::{DateTime, Utc};
use db::Tx;
use diesel::{Insertable, Queryable, Selectable};
use kernel::AgentId;

use crate::{agent::AgentStatus, error::Error, schema::fulfilments, store};

kernel::text_enum! {
    /// One thing an applicant must fulfil before the application can be handed in.
    pub Requirement {
        /// The e-mail address is confirmed.
        Email = "email",
        /// Name, time zone and languages are given.
        Profile = "profile",
        /// An agreement is accepted.
        Agreement = "agreement",
        /// At least one assessment is passed.
        Assessment = "assessment",
        /// We know where to pay to.
        PayoutDetails = "payout_details",
    }
}

impl Requirement {
    /// The requirement in words, as they stand in a sentence.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Email => "e-mail address",
            Self::Profile => "profile",
            Self::Agreement => "agreement",
            Self::Assessment => "assessment",
            Self::PayoutDetails => "payout details",
        }
    }
}

/// The requirements in words, as a list in a sentence.
pub(crate) fn sentence(requirements: &[Requirement]) -> String {
    let labels: Vec<_> = requirements
        .iter()
        .map(|requirement| requirement.label())
        .collect();
    labels.join(", ")
}

/// One line of the checklist.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ChecklistItem {
    /// What is to be fulfilled.
    pub requirement: Requirement,
    /// When it was first fulfilled; none while it is open.
    pub fulfilled_at: Option<DateTime<Utc>>,
}

/// A requirement that is fulfilled.
#[derive(Clone, Debug, Insertable, Queryable, Selectable)]
#[diesel(table_name = fulfilments, check_for_backend(diesel::pg::Pg))]
pub(crate) struct Fulfilment {
    pub(crate) agent_id: AgentId,
    pub(crate) requirement: Requirement,
    pub(crate) fulfilled_at: DateTime<Utc>,
}

/// The whole checklist, in its fixed order.
pub(crate) fn checklist_of(fulfilled: &[Fulfilment]) -> Vec<ChecklistItem> {
    let instant = |requirement| {
        fulfilled
            .iter()
            .find(|row| row.requirement == requirement)
            .map(|row| row.fulfilled_at)
    };
    Requirement::ALL
        .iter()
        .map(|&requirement| ChecklistItem {
            requirement,
            fulfilled_at: instant(requirement),
        })
        .collect()
}

/// Notes that the payout details were stored. An agent may change them as long as there can be
/// something to pay, so only a rejected application is closed to this.
pub fn payout_details_given(tx: &mut Tx<'_>, id: AgentId) -> Result<(), Error> {
    let agent = store::lock_agent(tx, id)?.ok_or(Error::AgentNotFound)?;
    if agent.status == AgentStatus::Rejected {
        return Err(Error::ApplicationClosed);
    }
    store::insert_fulfilment(tx, id, Requirement::PayoutDetails)?;
    Ok(())
}
