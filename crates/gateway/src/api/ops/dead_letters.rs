//! Dead letters: tickets that nobody could be found for, until a person settles them.

use actix_web::{
    get, post,
    web::{self, Data, Path},
};
use chrono::{DateTime, Utc};
use dispatch::{DeadLetter, Settlement};
use kernel::{DeadLetterId, TicketId};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    api::tickets::TicketBrief,
    extract::Supervisor,
    problem::{ApiResult, Problems},
    state::State,
};

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(list_dead_letters)
        .service(replay_dead_letter)
        .service(discard_dead_letter);
}

/// A dead letter.
#[derive(Debug, Serialize, ToSchema)]
struct DeadLetterView {
    id: DeadLetterId,
    ticket_id: TicketId,
    /// Why it was put aside.
    reason: String,
    /// Its offers, the last ones first.
    #[schema(value_type = Vec<Object>)]
    history: serde_json::Value,
    created_at: DateTime<Utc>,
    settled_at: Option<DateTime<Utc>>,
    settled_by: Option<String>,
    settlement: Option<Settlement>,
}

impl From<DeadLetter> for DeadLetterView {
    fn from(letter: DeadLetter) -> Self {
        Self {
            id: letter.id,
            ticket_id: letter.ticket_id,
            reason: letter.reason,
            history: letter.history,
            created_at: letter.created_at,
            settled_at: letter.settled_at,
            settled_by: letter.settled_by,
            settlement: letter.settlement,
        }
    }
}

/// A dead letter and its ticket.
#[derive(Debug, Serialize, ToSchema)]
struct OpenDeadLetter {
    #[serde(flatten)]
    letter: DeadLetterView,
    ticket: TicketBrief,
}

/// Dead letters that nobody decided about.
#[derive(Debug, Serialize, ToSchema)]
struct DeadLetters {
    /// The oldest first, at most 100.
    items: Vec<OpenDeadLetter>,
}

/// List the dead letters that nobody decided about.
#[utoipa::path(
    tag = "Operations",
    security(("bearer" = ["supervisor", "admin"])),
    responses((status = 200, description = "The oldest first", body = DeadLetters), Problems),
)]
#[get("/ops/dead-letters")]
async fn list_dead_letters(
    _caller: Supervisor,
    state: Data<State>,
) -> ApiResult<web::Json<DeadLetters>> {
    let letters = state.read(dispatch::queries::open_dead_letters).await?;
    let items = letters.into_iter().map(|(letter, ticket)| OpenDeadLetter {
        letter: letter.into(),
        ticket: ticket.into(),
    });
    Ok(web::Json(DeadLetters {
        items: items.collect(),
    }))
}

/// Put a dead letter's ticket back in its place in the queue.
#[utoipa::path(
    tag = "Operations",
    security(("bearer" = ["supervisor", "admin"])),
    params(("dead_letter_id" = DeadLetterId, Path)),
    responses((status = 200, description = "It waits again", body = DeadLetterView), Problems),
)]
#[post("/ops/dead-letters/{dead_letter_id}/replay")]
async fn replay_dead_letter(
    caller: Supervisor,
    id: Path<DeadLetterId>,
) -> ApiResult<web::Json<DeadLetterView>> {
    let (id, by) = (id.into_inner(), caller.display_name.clone());
    let db = caller.acting_db();
    let settled = db
        .write("replay_dead_letter", move |tx| {
            workflows::replay_dead_letter(tx, id, &by)
        })
        .await?;
    Ok(web::Json(settled.into()))
}

/// Give a dead letter's ticket up.
#[utoipa::path(
    tag = "Operations",
    security(("bearer" = ["supervisor", "admin"])),
    params(("dead_letter_id" = DeadLetterId, Path)),
    responses((status = 200, description = "It is given up", body = DeadLetterView), Problems),
)]
#[post("/ops/dead-letters/{dead_letter_id}/discard")]
async fn discard_dead_letter(
    caller: Supervisor,
    id: Path<DeadLetterId>,
) -> ApiResult<web::Json<DeadLetterView>> {
    let (id, by) = (id.into_inner(), caller.display_name.clone());
    let db = caller.acting_db();
    let settled = db
        .write("discard_dead_letter", move |tx| {
            workflows::discard_dead_letter(tx, id, &by)
        })
        .await?;
    Ok(web::Json(settled.into()))
}
