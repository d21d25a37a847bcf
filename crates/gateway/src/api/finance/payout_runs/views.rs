//! Payout runs as JSON.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use kernel::{AccountId, AgentId, Currency, Money, PayoutItemId, PayoutRunId};
use payouts::{Held, HeldReason, PayoutRun, RunStatus};
use reports::NamedItem;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    api::people::PersonView,
    problem::{ApiError, ApiResult},
    state::State,
};

/// What a run is to pay.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RunBody {
    pub period_start: DateTime<Utc>,
    /// Pays what was earned before this instant, and was not paid yet.
    pub period_end: DateTime<Utc>,
    pub currency: Currency,
}

/// Why a run is given up.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct VoidBody {
    pub reason: String,
}

/// A payout run.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RunView {
    id: PayoutRunId,
    period_start: DateTime<Utc>,
    period_end: DateTime<Utc>,
    currency: Currency,
    status: RunStatus,
    /// To how many agents it pays.
    item_count: i32,
    /// How many earning lines it pays.
    line_count: i32,
    total: Money,
    created_by: PersonView,
    created_at: DateTime<Utc>,
    approved_by: Option<PersonView>,
    approved_at: Option<DateTime<Utc>>,
    exported_at: Option<DateTime<Utc>>,
    settled_at: Option<DateTime<Utc>>,
    voided_by: Option<PersonView>,
    void_reason: Option<String>,
}

impl RunView {
    fn new(run: PayoutRun, names: &BTreeMap<AccountId, String>) -> Self {
        let person = |id: Option<AccountId>| id.map(|id| PersonView::named(id, names));
        Self {
            id: run.id,
            period_start: run.period_start,
            period_end: run.period_end,
            currency: run.currency,
            status: run.status,
            item_count: run.item_count,
            line_count: run.line_count,
            total: run.total(),
            created_by: PersonView::named(run.created_by, names),
            created_at: run.created_at,
            approved_by: person(run.approved_by),
            approved_at: run.approved_at,
            exported_at: run.exported_at,
            settled_at: run.settled_at,
            voided_by: person(run.voided_by),
            void_reason: run.void_reason,
        }
    }
}

/// Runs with the names of those who had a hand in them.
pub(super) async fn run_views(state: &State, runs: Vec<PayoutRun>) -> ApiResult<Vec<RunView>> {
    let hands = |run: &PayoutRun| [Some(run.created_by), run.approved_by, run.voided_by];
    let people: Vec<AccountId> = runs.iter().flat_map(hands).flatten().collect();
    let names = state
        .read(move |conn| reports::names(conn, &people))
        .await?;
    Ok(runs
        .into_iter()
        .map(|run| RunView::new(run, &names))
        .collect())
}

/// One run with the names of those who had a hand in it.
pub(super) async fn run_view(state: &State, run: PayoutRun) -> ApiResult<RunView> {
    let views = run_views(state, vec![run]).await?;
    views
        .into_iter()
        .next()
        .ok_or_else(|| ApiError::internal("a run without a view"))
}

/// A new run, and whom it leaves out.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PreparedView {
    run: RunView,
    /// Agents who are owed something and are not in it.
    held: Vec<HeldView>,
}

/// An agent who is owed something and cannot be paid yet.
#[derive(Debug, Serialize, ToSchema)]
struct HeldView {
    agent_id: AgentId,
    amount: Money,
    reason: HeldReason,
}

impl PreparedView {
    pub(super) fn new(run: RunView, held: Vec<Held>) -> Self {
        let held = held.into_iter().map(
            |Held {
                 agent_id,
                 amount,
                 reason,
             }| HeldView {
                agent_id,
                amount,
                reason,
            },
        );
        Self {
            run,
            held: held.collect(),
        }
    }
}

/// What a run pays to one agent.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ItemView {
    id: PayoutItemId,
    agent_id: AgentId,
    /// What colleagues call the agent.
    agent_name: String,
    /// Who holds the account.
    payee_name: String,
    iban_masked: String,
    amount: Money,
    line_count: i32,
}

impl From<NamedItem> for ItemView {
    fn from(item: NamedItem) -> Self {
        let amount = item.amount();
        let NamedItem {
            id,
            agent_id,
            agent_name,
            payee_name,
            iban_masked,
            line_count,
            ..
        } = item;
        Self {
            id,
            agent_id,
            agent_name,
            payee_name,
            iban_masked,
            amount,
            line_count,
        }
    }
}
