//! Queues and their service levels.

use actix_web::{
    get, put,
    web::{self, Data, Path},
};
use chrono::{DateTime, Utc};
use dispatch::{Queue, QueueInput, TalkRules};
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
    /// How soon a customer should have an answer: 5 seconds to a day; 180 where nothing is said.
    #[serde(default = "rules::next_reply_seconds")]
    next_reply_seconds: i32,
    /// How long after that a supervisor has before another agent is looked for: up to an hour; 60.
    #[serde(default = "rules::silent_grace_seconds")]
    silent_grace_seconds: i32,
    /// After so long without a message the customer is asked whether they are there: 30 seconds to
    /// a week; 1,800.
    #[serde(default = "rules::silence_seconds")]
    silence_seconds: i32,
    /// How often an agent may extend a wrap-up: up to 10; 2.
    #[serde(default = "rules::wrap_up_extensions")]
    wrap_up_extensions: i32,
    /// By how much: 5 seconds to an hour; 60.
    #[serde(default = "rules::wrap_up_extension_seconds")]
    wrap_up_extension_seconds: i32,
    /// For how long after its end a customer may open a conversation again: up to 30 days; 7.
    #[serde(default = "rules::reopen_days")]
    reopen_days: i32,
}

/// What holds where a body does not say.
mod rules {
    use dispatch::TalkRules;

    macro_rules! defaults {
        ($($name:ident),+) => {
            $(pub(super) fn $name() -> i32 {
                TalkRules::default().$name
            })+
        };
    }
    defaults!(
        next_reply_seconds,
        silent_grace_seconds,
        silence_seconds,
        wrap_up_extensions,
        wrap_up_extension_seconds,
        reopen_days
    );
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
    next_reply_seconds: i32,
    silent_grace_seconds: i32,
    silence_seconds: i32,
    wrap_up_extensions: i32,
    wrap_up_extension_seconds: i32,
    reopen_days: i32,
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
            next_reply_seconds: queue.rules.next_reply_seconds,
            silent_grace_seconds: queue.rules.silent_grace_seconds,
            silence_seconds: queue.rules.silence_seconds,
            wrap_up_extensions: queue.rules.wrap_up_extensions,
            wrap_up_extension_seconds: queue.rules.wrap_up_extension_seconds,
            reopen_days: queue.rules.reopen_days,
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
        rules: TalkRules {
            next_reply_seconds: body.0.next_reply_seconds,
            silent_grace_seconds: body.0.silent_grace_seconds,
            silence_seconds: body.0.silence_seconds,
            wrap_up_extensions: body.0.wrap_up_extensions,
            wrap_up_extension_seconds: body.0.wrap_up_extension_seconds,
            reopen_days: body.0.reopen_days,
        },
    };
    let db = caller.acting_db();
    let queue = db
        .write("save_queue", move |tx| workflows::save_queue(tx, &input))
        .await?;
    Ok(web::Json(queue.into()))
}
