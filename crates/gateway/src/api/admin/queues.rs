//! Queues and their service levels.

use actix_web::{
    get, put,
    web::{self, Data, Path},
};
use chrono::{DateTime, Utc};
use dispatch::{Queue, QueueInput};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    extract::{Admin, Json, Staff},
    problem::{ApiResult, Problems},
    state::State,
};

pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(list_queues).service(save_queue);
}

/// What a queue shall be like.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct QueueBody {
    name: String,
    /// How soon a customer should have a first reply: 5 seconds to a day.
    first_reply_seconds: i32,
    /// How long a wrap-up may take, and is paid, at most: up to an hour.
    wrap_up_seconds: i32,
    /// The units of capacity that one of its tickets takes, 1 to 10.
    ticket_weight: i32,
}

/// A queue.
#[derive(Debug, Serialize, ToSchema)]
struct QueueView {
    code: String,
    name: String,
    first_reply_seconds: i32,
    /// The version of its routing policy that is in force.
    policy_version: i32,
    wrap_up_seconds: i32,
    ticket_weight: i32,
    updated_at: DateTime<Utc>,
}

impl From<Queue> for QueueView {
    fn from(queue: Queue) -> Self {
        Self {
            code: queue.code,
            name: queue.name,
            first_reply_seconds: queue.first_reply_seconds,
            policy_version: queue.policy_version,
            wrap_up_seconds: queue.wrap_up_seconds,
            ticket_weight: queue.ticket_weight,
            updated_at: queue.updated_at,
        }
    }
}

/// All queues.
#[derive(Debug, Serialize, ToSchema)]
struct Queues {
    items: Vec<QueueView>,
}

/// List the queues by their code.
#[utoipa::path(
    tag = "Administration",
    security(("bearer" = ["supervisor", "finance_preparer", "finance_approver", "admin"])),
    responses((status = 200, description = "All of them", body = Queues), Problems),
)]
#[get("/queues")]
async fn list_queues(_caller: Staff, state: Data<State>) -> ApiResult<web::Json<Queues>> {
    let queues = state.read(dispatch::queries::queues).await?;
    Ok(web::Json(Queues {
        items: queues.into_iter().map(Into::into).collect(),
    }))
}

/// Make a queue, or change the one with this code.
#[utoipa::path(
    tag = "Administration",
    security(("bearer" = ["admin"])),
    params(("code" = String, Path)),
    request_body = QueueBody,
    responses((status = 200, description = "As it is now", body = QueueView), Problems),
)]
#[put("/admin/queues/{code}")]
async fn save_queue(
    caller: Admin,
    code: Path<String>,
    body: Json<QueueBody>,
) -> ApiResult<web::Json<QueueView>> {
    let input = QueueInput {
        code: code.into_inner(),
        name: body.0.name,
        first_reply_seconds: body.0.first_reply_seconds,
        wrap_up_seconds: body.0.wrap_up_seconds,
        ticket_weight: body.0.ticket_weight,
    };
    let db = caller.acting_db();
    let queue = db
        .write("save_queue", move |tx| workflows::save_queue(tx, &input))
        .await?;
    Ok(web::Json(queue.into()))
}
