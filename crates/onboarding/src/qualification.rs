//! What routing needs to know about agents.

use db::Tx;
use diesel::{QueryResult, Queryable};
use kernel::AgentId;

use crate::{queries, store};

/// What an active agent is qualified for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Qualification {
    /// The agent.
    pub agent_id: AgentId,
    /// Who the agent is as a customer: nobody handles a ticket of their own.
    pub customer_ref: String,
    /// Nor one of their household.
    pub household_ref: Option<String>,
    /// The agent's standing as a customer.
    pub tier: String,
    /// The languages the agent helps in (ISO 639-1), each with the level (1 to 5).
    pub languages: Vec<(String, i32)>,
    /// Skills that are valid now, by code, each with the proficiency (1 to 5).
    pub skills: Vec<(String, i32)>,
    /// References of the customers whom the agent knows, and whose tickets they must not handle.
    pub conflicts: Vec<String>,
    /// Whether the agent has accepted the agreement that is in force, or a newer one. Who has not
    /// gets no work.
    pub agreement_current: bool,
}

/// A qualification as the database tells it.
#[derive(Queryable)]
pub(crate) struct Qualified {
    pub(crate) agent_id: AgentId,
    pub(crate) customer_ref: String,
    pub(crate) household_ref: Option<String>,
    pub(crate) tier: String,
    pub(crate) languages: Vec<String>,
    pub(crate) language_levels: Vec<i32>,
    pub(crate) skills: Vec<String>,
    pub(crate) proficiencies: Vec<i32>,
    pub(crate) conflicts: Vec<String>,
    /// Nothing where no agreement is in force, or the agent has accepted none.
    pub(crate) agreement_current: Option<bool>,
}

impl From<Qualified> for Qualification {
    fn from(row: Qualified) -> Self {
        Self {
            agent_id: row.agent_id,
            customer_ref: row.customer_ref,
            household_ref: row.household_ref,
            tier: row.tier,
            languages: row.languages.into_iter().zip(row.language_levels).collect(),
            skills: row.skills.into_iter().zip(row.proficiencies).collect(),
            conflicts: row.conflicts,
            agreement_current: row.agreement_current == Some(true),
        }
    }
}

/// Of [`crate::qualifications`] those that agents can be given work by: the agreement in force is
/// accepted. None of these agents can be suspended, nor declare a conflict, before this transaction
/// ends.
pub fn hold_qualified(tx: &mut Tx<'_>, agents: &[AgentId]) -> QueryResult<Vec<Qualification>> {
    // Taking the locks may have waited for whoever changed something, so it is read afterwards: a
    // statement sees the lists of other tables as they were when it began.
    let active = store::share_active(tx, agents)?;
    let now = tx.now();
    let mut qualified = queries::qualifications(tx.conn(), &active, now)?;
    qualified.retain(|one| one.agreement_current);
    Ok(qualified)
}
