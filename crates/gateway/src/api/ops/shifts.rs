//! Shifts, as operations publish them and call them off.

use actix_web::{
    HttpResponse, delete, post,
    web::{self, Path},
};
use availability::{Shift, ShiftInput, ShiftStatus};
use chrono::{DateTime, Utc};
use kernel::ShiftId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    extract::{Json, Supervisor},
    problem::{ApiResult, Problems},
};

pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(publish_shift).service(cancel_shift);
}

/// A shift to be published.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ShiftBody {
    /// The code of a queue.
    queue: String,
    /// A whole half hour in the future.
    starts_at: DateTime<Utc>,
    /// A whole half hour, at most twelve hours later.
    ends_at: DateTime<Utc>,
    /// How many agents are wanted, 1 to 500.
    seats: i32,
}

/// A published shift.
#[derive(Debug, Serialize, ToSchema)]
struct ShiftView {
    id: ShiftId,
    queue: String,
    starts_at: DateTime<Utc>,
    ends_at: DateTime<Utc>,
    seats: i32,
    /// Whether it takes place.
    status: ShiftStatus,
}

impl From<Shift> for ShiftView {
    fn from(shift: Shift) -> Self {
        let Shift {
            id,
            queue,
            starts_at,
            ends_at,
            seats,
            status,
            ..
        } = shift;
        Self {
            id,
            queue,
            starts_at,
            ends_at,
            seats,
            status,
        }
    }
}

/// Publish a shift, so that agents can commit to it.
#[utoipa::path(
    tag = "Operations",
    security(("bearer" = ["supervisor", "admin"])),
    request_body = ShiftBody,
    responses((status = 201, description = "Published", body = ShiftView), Problems),
)]
#[post("/ops/shifts")]
async fn publish_shift(caller: Supervisor, body: Json<ShiftBody>) -> ApiResult<HttpResponse> {
    let ShiftBody {
        queue,
        starts_at,
        ends_at,
        seats,
    } = body.0;
    let (by, input) = (
        caller.account_id,
        ShiftInput {
            queue,
            starts_at,
            ends_at,
            seats,
        },
    );
    let db = caller.acting_db();
    let write = db.write("publish_shift", move |tx| {
        workflows::publish_shift(tx, &input, by)
    });
    Ok(HttpResponse::Created().json(ShiftView::from(write.await?)))
}

/// Call a shift off before it starts.
///
/// Who had committed to it gets a letter.
#[utoipa::path(
    tag = "Operations",
    security(("bearer" = ["supervisor", "admin"])),
    params(("shift_id" = ShiftId, Path)),
    responses((status = 200, description = "Called off", body = ShiftView), Problems),
)]
#[delete("/ops/shifts/{shift_id}")]
async fn cancel_shift(caller: Supervisor, shift: Path<ShiftId>) -> ApiResult<web::Json<ShiftView>> {
    let (id, db) = (shift.into_inner(), caller.acting_db());
    let shift = db
        .write("cancel_shift", move |tx| workflows::cancel_shift(tx, id))
        .await?;
    Ok(web::Json(shift.into()))
}
