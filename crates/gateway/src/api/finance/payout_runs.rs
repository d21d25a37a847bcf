//! Payout runs: prepared by one person, approved by another, exported, settled.

mod views;

use actix_web::{
    HttpResponse, get,
    http::header::{ContentDisposition, DispositionParam, DispositionType},
    post,
    web::{self, Data, Path, Query},
};
use kernel::{Page, PayoutItemId, PayoutRunId};
use payouts::PayoutFile;
use utoipa_actix_web::service_config::ServiceConfig;

use self::views::{ItemView, PreparedView, RunBody, RunView, VoidBody, run_view, run_views};
use crate::{
    extract::{Finance, FinanceApprover, FinancePreparer, Json, PageQuery},
    problem::{ApiError, ApiResult, Problems},
    state::State,
};

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(list_runs)
        .service(prepare_run)
        .service(show_run)
        .service(list_items)
        .service(approve_run)
        .service(void_run)
        .service(export_run)
        .service(download_file)
        .service(settle_run);
}

/// List the payout runs, the newest first.
#[utoipa::path(
    tag = "Finance",
    security(("bearer" = ["finance_preparer", "finance_approver"])),
    params(PageQuery<PayoutRunId>),
    responses((status = 200, description = "A page of runs", body = Page<RunView>), Problems),
)]
#[get("/finance/payout-runs")]
async fn list_runs(
    _caller: Finance,
    state: Data<State>,
    query: Query<PageQuery<PayoutRunId>>,
) -> ApiResult<web::Json<Page<RunView>>> {
    let page = query.into_inner().request();
    let Page { items, next } = state.read(move |conn| payouts::runs(conn, &page)).await?;
    Ok(web::Json(Page {
        items: run_views(&state, items).await?,
        next,
    }))
}

/// Gather what was earned before the period's end into a run.
#[utoipa::path(
    tag = "Finance",
    security(("bearer" = ["finance_preparer"])),
    request_body = RunBody,
    responses((status = 201, description = "It waits for approval", body = PreparedView), Problems),
)]
#[post("/finance/payout-runs")]
async fn prepare_run(
    caller: FinancePreparer,
    state: Data<State>,
    body: Json<RunBody>,
) -> ApiResult<HttpResponse> {
    let (
        RunBody {
            period_start,
            period_end,
            currency,
        },
        by,
    ) = (body.0, caller.account_id);
    let db = caller.acting_db();
    let write = db.write("prepare_run", move |tx| {
        workflows::prepare_run(tx, period_start, period_end, currency, by)
    });
    let payouts::Prepared { run, held } = write.await?;
    let run = run_view(&state, run).await?;
    Ok(HttpResponse::Created().json(PreparedView::new(run, held)))
}

/// Look a payout run up.
#[utoipa::path(
    tag = "Finance",
    security(("bearer" = ["finance_preparer", "finance_approver"])),
    params(("run_id" = PayoutRunId, Path)),
    responses((status = 200, description = "As it is", body = RunView), Problems),
)]
#[get("/finance/payout-runs/{run_id}")]
async fn show_run(
    _caller: Finance,
    state: Data<State>,
    run: Path<PayoutRunId>,
) -> ApiResult<web::Json<RunView>> {
    let id = run.into_inner();
    let run = state.read(move |conn| payouts::run(conn, id)).await?;
    Ok(web::Json(
        run_view(&state, run.ok_or(payouts::Error::RunNotFound)?).await?,
    ))
}

/// List what a run pays to whom, in the order of its file.
#[utoipa::path(
    tag = "Finance",
    security(("bearer" = ["finance_preparer", "finance_approver"])),
    params(("run_id" = PayoutRunId, Path), PageQuery<PayoutItemId>),
    responses((status = 200, description = "A page of items", body = Page<ItemView>), Problems),
)]
#[get("/finance/payout-runs/{run_id}/items")]
async fn list_items(
    _caller: Finance,
    state: Data<State>,
    run: Path<PayoutRunId>,
    query: Query<PageQuery<PayoutItemId>>,
) -> ApiResult<web::Json<Page<ItemView>>> {
    let (id, page) = (run.into_inner(), query.into_inner().request());
    let read = state.read(move |conn| {
        Ok((
            payouts::run(conn, id)?,
            reports::payout_items(conn, id, &page)?,
        ))
    });
    let (run, items) = read.await?;
    run.ok_or(payouts::Error::RunNotFound)?;
    Ok(web::Json(items.map(Into::into)))
}

/// Approve a run that somebody else prepared.
#[utoipa::path(
    tag = "Finance",
    security(("bearer" = ["finance_approver"])),
    params(("run_id" = PayoutRunId, Path)),
    responses((status = 200, description = "It can be exported", body = RunView), Problems),
)]
#[post("/finance/payout-runs/{run_id}/approve")]
async fn approve_run(
    caller: FinanceApprover,
    state: Data<State>,
    run: Path<PayoutRunId>,
) -> ApiResult<web::Json<RunView>> {
    let (id, by, db) = (run.into_inner(), caller.account_id, caller.acting_db());
    let run = db
        .write("approve_run", move |tx| workflows::approve_run(tx, id, by))
        .await?;
    Ok(web::Json(run_view(&state, run).await?))
}

/// Give a run up before its file is made; what it was to pay can be paid by another.
#[utoipa::path(
    tag = "Finance",
    security(("bearer" = ["finance_preparer", "finance_approver"])),
    params(("run_id" = PayoutRunId, Path)),
    request_body = VoidBody,
    responses((status = 200, description = "It pays nothing", body = RunView), Problems),
)]
#[post("/finance/payout-runs/{run_id}/void")]
async fn void_run(
    caller: Finance,
    state: Data<State>,
    run: Path<PayoutRunId>,
    body: Json<VoidBody>,
) -> ApiResult<web::Json<RunView>> {
    let (id, by, reason) = (run.into_inner(), caller.account_id, body.0.reason);
    let db = caller.acting_db();
    let run = db
        .write("void_run", move |tx| {
            workflows::void_run(tx, id, by, &reason)
        })
        .await?;
    Ok(web::Json(run_view(&state, run).await?))
}

/// Make the file for the bank.
///
/// Asked again, it answers with the same bytes.
#[utoipa::path(
    tag = "Finance",
    security(("bearer" = ["finance_preparer", "finance_approver"])),
    params(("run_id" = PayoutRunId, Path)),
    responses((status = 200, description = "The file", body = String, content_type = "text/csv"), Problems),
)]
#[post("/finance/payout-runs/{run_id}/export")]
async fn export_run(
    caller: Finance,
    state: Data<State>,
    run: Path<PayoutRunId>,
) -> ApiResult<HttpResponse> {
    let (id, db) = (run.into_inner(), caller.acting_db());
    let write = db.write("export_run", move |tx| {
        workflows::export_run(tx, &state.vault, id)
    });
    Ok(attachment(write.await?))
}

/// Download the file of a run that was exported.
#[utoipa::path(
    tag = "Finance",
    security(("bearer" = ["finance_preparer", "finance_approver"])),
    params(("run_id" = PayoutRunId, Path)),
    responses((status = 200, description = "The file", body = String, content_type = "text/csv"), Problems),
)]
#[get("/finance/payout-runs/{run_id}/export.csv")]
async fn download_file(
    _caller: Finance,
    state: Data<State>,
    run: Path<PayoutRunId>,
) -> ApiResult<HttpResponse> {
    let id = run.into_inner();
    let file = state
        .read(move |conn| payouts::payout_file(conn, id))
        .await?;
    let file = file.ok_or_else(|| ApiError::not_found("this payout run has not been exported"))?;
    Ok(attachment(file))
}

/// Book a run as paid by the bank.
#[utoipa::path(
    tag = "Finance",
    security(("bearer" = ["finance_approver"])),
    params(("run_id" = PayoutRunId, Path)),
    responses((status = 200, description = "Booked", body = RunView), Problems),
)]
#[post("/finance/payout-runs/{run_id}/settle")]
async fn settle_run(
    caller: FinanceApprover,
    state: Data<State>,
    run: Path<PayoutRunId>,
) -> ApiResult<web::Json<RunView>> {
    let (id, db) = (run.into_inner(), caller.acting_db());
    let run = db
        .write("settle_run", move |tx| workflows::settle_run(tx, id))
        .await?;
    Ok(web::Json(run_view(&state, run).await?))
}

fn attachment(file: PayoutFile) -> HttpResponse {
    let disposition = ContentDisposition {
        disposition: DispositionType::Attachment,
        parameters: vec![DispositionParam::Filename(file.file_name)],
    };
    HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8")
        .insert_header(disposition)
        .body(file.bytes)
}
