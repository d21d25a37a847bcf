//! What people are called.

use std::collections::BTreeMap;

use diesel::prelude::*;
use kernel::{AccountId, AgentId};

use crate::schema::{accounts, agents};

/// What the people with these accounts are called. Pass no more than a page's worth.
pub fn names(
    conn: &mut PgConnection,
    ids: &[AccountId],
) -> QueryResult<BTreeMap<AccountId, String>> {
    let named: Vec<(AccountId, String)> = accounts::table
        .filter(accounts::id.eq_any(ids))
        .select((accounts::id, accounts::display_name))
        .load(conn)?;
    Ok(named.into_iter().collect())
}

/// What these agents are called. Pass no more than a page's worth.
pub fn agent_names(
    conn: &mut PgConnection,
    ids: &[AgentId],
) -> QueryResult<BTreeMap<AgentId, String>> {
    let named: Vec<(AgentId, String)> = agents::table
        .filter(agents::id.eq_any(ids))
        .select((agents::id, agents::display_name))
        .load(conn)?;
    Ok(named.into_iter().collect())
}
