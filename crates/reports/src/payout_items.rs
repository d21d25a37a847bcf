//! What a payout run pays, by the names of people.

use diesel::prelude::*;
use kernel::{AgentId, Currency, Money, Page, PageRequest, PayoutItemId, PayoutRunId};

use crate::schema::{agents, payout_items, payout_runs};

/// What a run pays to one agent.
#[derive(Clone, Debug, Eq, PartialEq, Queryable)]
pub struct NamedItem {
    /// The item.
    pub id: PayoutItemId,
    /// Whom it pays.
    pub agent_id: AgentId,
    /// What colleagues call them.
    pub agent_name: String,
    /// Who holds the account.
    pub payee_name: String,
    /// What may be shown of the account number.
    pub iban_masked: String,
    amount_minor: i64,
    currency: Currency,
    /// How many earning lines it pays.
    pub line_count: i32,
}

impl NamedItem {
    /// What it pays.
    pub fn amount(&self) -> Money {
        Money::new(self.amount_minor, self.currency)
    }
}

/// What a run pays to whom, in the order of its file.
pub fn payout_items(
    conn: &mut PgConnection,
    run: PayoutRunId,
    page: &PageRequest<PayoutItemId>,
) -> QueryResult<Page<NamedItem>> {
    let mut items = payout_items::table
        .inner_join(payout_runs::table.on(payout_runs::id.eq(payout_items::run_id)))
        .inner_join(agents::table.on(agents::id.eq(payout_items::agent_id)))
        .filter(payout_items::run_id.eq(run))
        .order(payout_items::id)
        .limit(page.limit + 1)
        .select((
            payout_items::id,
            agents::id,
            agents::display_name,
            payout_items::payee_name,
            payout_items::iban_masked,
            payout_items::amount_minor,
            payout_runs::currency,
            payout_items::line_count,
        ))
        .into_boxed();
    if let Some(after) = page.after {
        items = items.filter(payout_items::id.gt(after));
    }
    Ok(Page::cut(
        items.load(conn)?,
        page.limit,
        |item: &NamedItem| item.id.to_string(),
    ))
}
