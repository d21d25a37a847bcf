//! Shifts, and the promises that agents make to work them.

use actix_web::{
    HttpResponse, delete, get, post,
    web::{self, Data, Path, Query},
};
use availability::{Commitment, CommitmentStatus, CommittedShift, ShiftWithSeats};
use chrono::{DateTime, Utc};
use kernel::{CommitmentId, Page, ShiftId};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    extract::{Agent, PageQuery},
    problem::{ApiResult, Problems},
    state::State,
};

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(list_shifts)
        .service(commit)
        .service(list_commitments)
        .service(release_commitment);
}

/// A shift that is to start.
#[derive(Debug, Serialize, ToSchema)]
struct OpenShiftView {
    id: ShiftId,
    /// The code of the queue that it is for.
    queue: String,
    starts_at: DateTime<Utc>,
    ends_at: DateTime<Utc>,
    /// How many agents are wanted.
    seats: i32,
    /// How many have committed.
    taken: i64,
}

impl From<ShiftWithSeats> for OpenShiftView {
    fn from(ShiftWithSeats { shift, taken }: ShiftWithSeats) -> Self {
        let availability::Shift {
            id,
            queue,
            starts_at,
            ends_at,
            seats,
            ..
        } = shift;
        Self {
            id,
            queue,
            starts_at,
            ends_at,
            seats,
            taken,
        }
    }
}

/// A promise to work a shift.
#[derive(Debug, Serialize, ToSchema)]
pub struct CommitmentView {
    id: CommitmentId,
    shift_id: ShiftId,
    /// The code of the queue that the shift is for.
    queue: String,
    starts_at: DateTime<Utc>,
    ends_at: DateTime<Utc>,
    /// Whether it holds.
    status: CommitmentStatus,
}

impl CommitmentView {
    fn new(commitment: &Commitment, queue: String) -> Self {
        let &Commitment {
            id,
            shift_id,
            starts_at,
            ends_at,
            status,
            ..
        } = commitment;
        Self {
            id,
            shift_id,
            queue,
            starts_at,
            ends_at,
            status,
        }
    }

    async fn read(state: &State, commitment: &Commitment) -> ApiResult<Self> {
        let id = commitment.shift_id;
        let shift = state
            .read(move |conn| availability::shift(conn, id))
            .await?;
        Ok(Self::new(
            commitment,
            shift.ok_or(availability::Error::ShiftNotFound)?.queue,
        ))
    }
}

impl From<CommittedShift> for CommitmentView {
    fn from(CommittedShift { commitment, shift }: CommittedShift) -> Self {
        Self::new(&commitment, shift.queue)
    }
}

/// An agent's promises.
#[derive(Debug, Serialize, ToSchema)]
struct Commitments {
    items: Vec<CommitmentView>,
}

/// List the shifts that are to start, the next one first.
#[utoipa::path(
    tag = "Shifts",
    security(("bearer" = ["agent"])),
    params(PageQuery<ShiftId>),
    responses((status = 200, description = "A page of shifts", body = Page<OpenShiftView>), Problems),
)]
#[get("/shifts")]
async fn list_shifts(
    _agent: Agent,
    state: Data<State>,
    query: Query<PageQuery<ShiftId>>,
) -> ApiResult<web::Json<Page<OpenShiftView>>> {
    let (now, page) = (state.db.now(), query.into_inner().request());
    let shifts = state
        .read(move |conn| availability::upcoming_shifts(conn, now, &page))
        .await?;
    Ok(web::Json(shifts.map(Into::into)))
}

/// Promise to work a shift.
#[utoipa::path(
    tag = "Shifts",
    security(("bearer" = ["agent"])),
    params(("shift_id" = ShiftId, Path)),
    responses((status = 201, description = "A seat is yours", body = CommitmentView), Problems),
)]
#[post("/shifts/{shift_id}/commitments")]
async fn commit(agent: Agent, state: Data<State>, shift: Path<ShiftId>) -> ApiResult<HttpResponse> {
    let (id, agent_id, db) = (shift.into_inner(), agent.agent_id, agent.acting_db());
    let commitment = db
        .write("commit_to_shift", move |tx| {
            workflows::commit_to_shift(tx, id, agent_id)
        })
        .await?;
    Ok(HttpResponse::Created().json(CommitmentView::read(&state, &commitment).await?))
}

/// List what you promised to work, the next one first.
#[utoipa::path(
    tag = "Shifts",
    security(("bearer" = ["agent"])),
    responses((status = 200, description = "Those that are not over", body = Commitments), Problems),
)]
#[get("/commitments")]
async fn list_commitments(agent: Agent, state: Data<State>) -> ApiResult<web::Json<Commitments>> {
    let (id, now) = (agent.agent_id, state.db.now());
    let commitments = state
        .read(move |conn| availability::commitments(conn, id, now))
        .await?;
    Ok(web::Json(Commitments {
        items: commitments.into_iter().map(Into::into).collect(),
    }))
}

/// Take a promise back, before the shift starts.
#[utoipa::path(
    tag = "Shifts",
    security(("bearer" = ["agent"])),
    params(("commitment_id" = CommitmentId, Path)),
    responses((status = 200, description = "The seat is free again", body = CommitmentView), Problems),
)]
#[delete("/commitments/{commitment_id}")]
async fn release_commitment(
    agent: Agent,
    state: Data<State>,
    commitment: Path<CommitmentId>,
) -> ApiResult<web::Json<CommitmentView>> {
    let (id, agent_id, db) = (commitment.into_inner(), agent.agent_id, agent.acting_db());
    let write = db.write("release_commitment", move |tx| {
        workflows::release_commitment(tx, id, agent_id)
    });
    Ok(web::Json(
        CommitmentView::read(&state, &write.await?).await?,
    ))
}
