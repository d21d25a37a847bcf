//! One payout run: its figures, its way, and what can be done about it.

use std::collections::BTreeMap;

use actix_web::{
    HttpResponse, get,
    http::{
        StatusCode,
        header::{ContentDisposition, DispositionParam, DispositionType},
    },
    post,
    web::{Data, Path, Query, ServiceConfig},
};
use askama::Template;
use chrono::{DateTime, Utc};
use kernel::{AccountId, Page, PageRequest, PayoutItemId, PayoutRunId, Role};
use payouts::{Held, HeldReason, PayoutRun, RunStatus};
use reports::NamedItem;
use serde::Deserialize;

use crate::{
    extract::{Caller, Finance, FinanceApprover, Form},
    pages::{
        Faults, Layout, PageError, PageResult, figures, html_with_status, see_other_with_notice,
    },
    problem::ApiError,
    state::State,
};

/// The items on one page.
const ITEMS: i64 = 100;
/// So many agents who are left out are named.
const HELD_NAMED: usize = 100;

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(run_page)
        .service(download)
        .service(approve)
        .service(void)
        .service(export)
        .service(settle);
}

/// A run as finance sees it.
#[derive(Template)]
#[template(path = "finance/run.html")]
pub(super) struct RunPage {
    layout: Layout,
    run: PayoutRun,
    items: Page<NamedItem>,
    names: BTreeMap<AccountId, String>,
    /// Agents who are owed something and are left out. Known only at the preparation.
    pub(super) held: Vec<NamedHeld>,
    /// Whether it was prepared by this very request.
    pub(super) is_new: bool,
    is_own: bool,
    is_approver: bool,
    faults: Faults,
    reason: String,
}

/// An agent who is left out.
pub(super) struct NamedHeld {
    name: String,
    held: Held,
}

/// A step on a run's way.
struct Step {
    word: &'static str,
    at: Option<DateTime<Utc>>,
    by: Option<String>,
    /// Whether it is the one to take next.
    is_next: bool,
}

impl RunPage {
    /// The run as it is.
    pub(super) async fn read(
        state: &State,
        layout: Layout,
        caller: &Caller,
        id: PayoutRunId,
        after: Option<PayoutItemId>,
    ) -> Result<Self, PageError> {
        let page = PageRequest::new(after, Some(ITEMS));
        let read = state.read(move |conn| {
            let Some(run) = payouts::run(conn, id)? else {
                return Ok(None);
            };
            let people = [Some(run.created_by), run.approved_by, run.voided_by];
            let people: Vec<AccountId> = people.into_iter().flatten().collect();
            let names = reports::names(conn, &people)?;
            Ok(Some((run, names, reports::payout_items(conn, id, &page)?)))
        });
        let (run, names, items) = read.await?.ok_or(payouts::Error::RunNotFound)?;
        let layout = layout.titled(format!(
            "Payout run of {}",
            run.created_at.format("%-d %b %Y")
        ));
        Ok(Self {
            layout,
            is_own: run.created_by == caller.account_id,
            is_approver: caller.role == Role::FinanceApprover,
            run,
            items,
            names,
            held: Vec::new(),
            is_new: false,
            faults: Faults::default(),
            reason: String::new(),
        })
    }

    /// The page.
    pub(super) fn answer(&self, status: StatusCode) -> PageResult {
        html_with_status(status, self)
    }

    fn name(&self, id: AccountId) -> &str {
        self.names.get(&id).map_or("somebody", String::as_str)
    }

    fn voided_by(&self) -> Option<&str> {
        self.run.voided_by.map(|id| self.name(id))
    }

    fn steps(&self) -> Vec<Step> {
        let run = &self.run;
        let step = |word, at, by: Option<AccountId>, before| Step {
            word,
            at,
            by: by.map(|id| self.name(id).to_owned()),
            is_next: run.status == before,
        };
        let prepared = Step {
            is_next: false,
            ..step(
                "Prepared",
                Some(run.created_at),
                Some(run.created_by),
                RunStatus::Void,
            )
        };
        vec![
            prepared,
            step(
                "Approved",
                run.approved_at,
                run.approved_by,
                RunStatus::Closed,
            ),
            step("Exported", run.exported_at, None, RunStatus::Approved),
            step("Settled", run.settled_at, None, RunStatus::Exported),
        ]
    }

    fn may_be_voided(&self) -> bool {
        matches!(self.run.status, RunStatus::Closed | RunStatus::Approved)
    }
}

/// The word for a status, and its colour.
pub(super) const fn state(status: RunStatus) -> (&'static str, &'static str) {
    match status {
        RunStatus::Closed => ("wait", "Waits for approval"),
        RunStatus::Approved => ("info", "Approved"),
        RunStatus::Exported => ("info", "With the bank"),
        RunStatus::Settled => ("good", "Settled"),
        RunStatus::Void => ("", "Given up"),
    }
}

const fn why(reason: HeldReason) -> &'static str {
    match reason {
        HeldReason::NoPayee => "has not given payout details yet",
    }
}

/// Those who are left out, by name.
pub(super) async fn named(state: &State, held: Vec<Held>) -> Result<Vec<NamedHeld>, PageError> {
    let read = state.read(move |conn| {
        let mut named = Vec::with_capacity(held.len());
        for (index, held) in held.into_iter().enumerate() {
            let agent = match index {
                0..HELD_NAMED => onboarding::agent(conn, held.agent_id)?,
                _ => None,
            };
            let name = agent.map_or_else(|| held.agent_id.to_string(), |agent| agent.display_name);
            named.push(NamedHeld { name, held });
        }
        Ok(named)
    });
    Ok(read.await?)
}

#[derive(Deserialize)]
struct ItemsQuery {
    after: Option<PayoutItemId>,
}

#[derive(Deserialize)]
struct VoidForm {
    reason: String,
}

#[get("/finance/runs/{id}")]
async fn run_page(
    caller: Finance,
    id: Path<PayoutRunId>,
    query: Query<ItemsQuery>,
    state: Data<State>,
    layout: Layout,
) -> PageResult {
    RunPage::read(&state, layout, &caller, *id, query.after)
        .await?
        .answer(StatusCode::OK)
}

/// After a step: the run as it is now, or what kept it from being taken.
async fn after_step(
    (state, layout, caller): (&State, Layout, &Caller),
    id: PayoutRunId,
    outcome: Result<&'static str, impl Into<ApiError>>,
    reason: String,
) -> PageResult {
    let faults = match outcome {
        Ok(notice) => {
            return Ok(see_other_with_notice(
                &format!("/finance/runs/{id}"),
                notice,
            ));
        }
        Err(error) => Faults::of(error)?,
    };
    let mut page = RunPage::read(state, layout, caller, id, None).await?;
    let status = faults.status();
    (page.faults, page.reason) = (faults, reason);
    page.answer(status)
}

#[post("/finance/runs/{id}/approve")]
async fn approve(
    caller: FinanceApprover,
    id: Path<PayoutRunId>,
    state: Data<State>,
    layout: Layout,
) -> PageResult {
    let (id, by) = (id.into_inner(), caller.account_id);
    let db = caller.acting_db();
    let write = db.write("approve_run", move |tx| workflows::approve_run(tx, id, by));
    let outcome = write
        .await
        .map(|_| "Approved. The file for the bank can be made now.");
    after_step((&state, layout, &caller), id, outcome, String::new()).await
}

#[post("/finance/runs/{id}/void")]
async fn void(
    caller: Finance,
    id: Path<PayoutRunId>,
    state: Data<State>,
    layout: Layout,
    form: Form<VoidForm>,
) -> PageResult {
    let (id, by, reason) = (id.into_inner(), caller.account_id, form.0.reason);
    let why = reason.clone();
    let db = caller.acting_db();
    let write = db.write("void_run", move |tx| workflows::void_run(tx, id, by, &why));
    let outcome = write
        .await
        .map(|_| "Given up. What it was to pay can be paid by another run.");
    after_step((&state, layout, &caller), id, outcome, reason).await
}

#[post("/finance/runs/{id}/export")]
async fn export(
    caller: Finance,
    id: Path<PayoutRunId>,
    state: Data<State>,
    layout: Layout,
) -> PageResult {
    let (id, shared) = (id.into_inner(), state.clone());
    let db = caller.acting_db();
    let write = db.write("export_run", move |tx| {
        workflows::export_run(tx, &shared.vault, id)
    });
    let outcome = write
        .await
        .map(|_| "The file for the bank is made; download it below.");
    after_step((&state, layout, &caller), id, outcome, String::new()).await
}

#[post("/finance/runs/{id}/settle")]
async fn settle(
    caller: FinanceApprover,
    id: Path<PayoutRunId>,
    state: Data<State>,
    layout: Layout,
) -> PageResult {
    let id = id.into_inner();
    let db = caller.acting_db();
    let write = db.write("settle_run", move |tx| workflows::settle_run(tx, id));
    let outcome = write
        .await
        .map(|_| "Settled: the agents' balances have fallen by what was paid.");
    after_step((&state, layout, &caller), id, outcome, String::new()).await
}

/// The file as it was made, byte for byte.
#[get("/finance/runs/{id}/export.csv")]
async fn download(_caller: Finance, id: Path<PayoutRunId>, state: Data<State>) -> PageResult {
    let id = id.into_inner();
    let file = state
        .read(move |conn| payouts::payout_file(conn, id))
        .await?
        .ok_or_else(|| ApiError::not_found("this payout run has no file yet"))?;
    let disposition = ContentDisposition {
        disposition: DispositionType::Attachment,
        parameters: vec![DispositionParam::Filename(file.file_name)],
    };
    Ok(HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8")
        .insert_header(disposition)
        .body(file.bytes))
}
