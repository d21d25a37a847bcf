//! Control of a conversation: who may speak, and how the assistant gets and gives it.
//!
//! The verbs are those of Sunshine Conversations' switchboard (`offerControl`, `acceptControl`,
//! `passControl`, `releaseControl`) and of Messenger's handover protocol (request, pass and take
//! the control of a thread).

use actix_web::{
    post,
    web::{self, Path},
};
use chrono::{DateTime, Utc};
use dispatch::{Control, ControlChange, ControlVerb, Holder, Ticket, TicketStatus};
use kernel::TicketId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::tickets::TicketBrief;
use crate::{
    extract::{Json, Machine, Supervisor},
    problem::{ApiResult, Problems},
};

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(change_control)
        .service(reopen_ticket)
        .service(return_ticket);
}

/// Who may speak in a conversation.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ControlView {
    /// Who.
    pub holder: Holder,
    /// Rises by one whenever the holder changes; to be named by whoever acts for the assistant.
    pub epoch: i64,
    /// The number of the last message that the assistant saw while it held the conversation: its
    /// context begins again with what comes after it.
    pub resume_after: i32,
    /// When the assistant asked for the control, while that is not answered.
    pub requested_at: Option<DateTime<Utc>>,
}

impl From<Control> for ControlView {
    fn from(control: Control) -> Self {
        let Control {
            holder,
            epoch,
            resume_after,
            requested_at,
        } = control;
        Self {
            holder,
            epoch,
            resume_after,
            requested_at,
        }
    }
}

/// What the caller knows, and where the conversation is to wait.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ControlBody {
    /// The control epoch that the caller knows.
    #[schema(minimum = 1)]
    epoch: i64,
    /// With `offer` and `pass`, the code of the queue in which the conversation is to wait; where
    /// none is named, that in which it was.
    queue: Option<String>,
}

/// A conversation after its control was changed.
#[derive(Debug, Serialize, ToSchema)]
struct Controlled {
    id: TicketId,
    status: TicketStatus,
    control: ControlView,
    /// How many messages there are, and so the number of the last.
    message_count: i32,
}

impl From<Ticket> for Controlled {
    fn from(ticket: Ticket) -> Self {
        Self {
            id: ticket.id,
            status: ticket.status,
            message_count: ticket.message_count,
            control: ticket.control.into(),
        }
    }
}

/// Offer, accept, pass, release or request the control of a conversation.
///
/// `offer` looks for an agent while the assistant goes on talking; `pass` gives the conversation to
/// the queue at once; `request` asks for it, and `accept` takes it while no agent has it; `release`
/// gives up the control, or the request for it. Where the control has changed hands since the epoch
/// that is named, the answer is `409 stale_epoch` with the present holder and epoch.
#[utoipa::path(
    tag = "Tickets",
    security(("machine" = [])),
    params(("ticket_id" = TicketId, Path), ("verb" = ControlVerb, Path)),
    request_body = ControlBody,
    responses((status = 200, description = "As it is now", body = Controlled), Problems),
)]
#[post("/tickets/{ticket_id}/control/{verb}")]
async fn change_control(
    machine: Machine,
    path: Path<(TicketId, ControlVerb)>,
    body: Json<ControlBody>,
) -> ApiResult<web::Json<Controlled>> {
    let (id, verb) = path.into_inner();
    let ControlBody { epoch, queue } = body.0;
    let change = ControlChange { verb, epoch, queue };
    let ticket = machine
        .acting_db()
        .write("change_control", move |tx| {
            workflows::change_control(tx, id, &change)
        })
        .await?;
    Ok(web::Json(ticket.into()))
}

/// Open a conversation again that was resolved not long ago.
///
/// It waits in its queue once more, and whoever helped last is asked first. How long after its end
/// that is possible is a matter of the queue; later the answer is `409 reopen_too_late`.
#[utoipa::path(
    tag = "Tickets",
    security(("machine" = [])),
    params(("ticket_id" = TicketId, Path)),
    responses((status = 200, description = "As it is now", body = Controlled), Problems),
)]
#[post("/tickets/{ticket_id}/reopen")]
async fn reopen_ticket(machine: Machine, id: Path<TicketId>) -> ApiResult<web::Json<Controlled>> {
    let id = id.into_inner();
    let ticket = machine
        .acting_db()
        .write("reopen", move |tx| workflows::reopen_conversation(tx, id))
        .await?;
    Ok(web::Json(ticket.into()))
}

/// Give a conversation back to the assistant, whoever has it.
#[utoipa::path(
    tag = "Operations",
    security(("bearer" = ["supervisor", "admin"])),
    params(("ticket_id" = TicketId, Path)),
    responses((status = 200, description = "As it is now", body = TicketBrief), Problems),
)]
#[post("/ops/tickets/{ticket_id}/return")]
async fn return_ticket(
    caller: Supervisor,
    id: Path<TicketId>,
) -> ApiResult<web::Json<TicketBrief>> {
    let id = id.into_inner();
    let ticket = caller
        .acting_db()
        .write("return_ticket", move |tx| {
            workflows::hand_back_for_all(tx, id)
        })
        .await?;
    Ok(web::Json(ticket.into()))
}
