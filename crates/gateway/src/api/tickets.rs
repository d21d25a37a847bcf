//! Tickets, as the company's systems see them, and the conversation relayed through them.

use actix_web::{
    HttpResponse, get, post,
    web::{self, Data, Path, Query},
};
use chrono::{DateTime, Utc};
use dispatch::{EngagementStatus, NewMessage, Reason, Ticket, TicketStatus};
use kernel::{AgentId, EngagementId, Invalid, TicketId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::{
    control::ControlView,
    messages::{self, After, MessageView, Messages},
};
use crate::{
    extract::{Json, Machine},
    problem::{ApiError, ApiResult, Problems},
    state::State,
};

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(show_ticket)
        .service(list_ticket_messages)
        .service(relay_message)
        .service(leave_ticket);
}

/// A ticket, as whoever works on it needs it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TicketBrief {
    /// Its id.
    pub id: TicketId,
    /// The system it came from.
    pub source: String,
    /// Its id there.
    pub external_id: String,
    /// The code of its queue.
    pub queue: String,
    /// ISO 639-1.
    pub language: String,
    /// What to call the customer.
    pub customer_name: String,
    /// The customer's standing with the company.
    pub customer_tier: String,
    /// Why it was handed over.
    pub reason: Reason,
    /// What it is about.
    pub summary: String,
    /// What the assistant took the customer to want.
    pub intent: Option<String>,
    /// 0 to 9, 9 first.
    pub priority: i32,
    /// Codes of the skills it needs.
    pub required_skills: Vec<String>,
    /// Where it stands.
    pub status: TicketStatus,
    /// Its place in the queue.
    pub waiting_since: DateTime<Utc>,
    /// When the customer should have a first reply.
    pub first_reply_due_at: DateTime<Utc>,
}

impl From<&Ticket> for TicketBrief {
    fn from(ticket: &Ticket) -> Self {
        Self {
            id: ticket.id,
            source: ticket.source.clone(),
            external_id: ticket.external_id.clone(),
            queue: ticket.queue.clone(),
            language: ticket.language.clone(),
            customer_name: ticket.customer_name.clone(),
            customer_tier: ticket.customer_tier.clone(),
            reason: ticket.reason,
            summary: ticket.summary.clone(),
            intent: ticket.intent.clone(),
            priority: ticket.priority,
            required_skills: ticket.required_skills.clone(),
            status: ticket.status,
            waiting_since: ticket.waiting_since,
            first_reply_due_at: ticket.first_reply_due_at,
        }
    }
}

impl From<Ticket> for TicketBrief {
    fn from(ticket: Ticket) -> Self {
        Self::from(&ticket)
    }
}

/// Who has, or last had, a ticket.
#[derive(Debug, Serialize, ToSchema)]
struct EngagementBrief {
    id: EngagementId,
    agent_id: AgentId,
    agent_name: String,
    status: EngagementStatus,
}

/// A ticket, as the company's systems see it.
#[derive(Debug, Serialize, ToSchema)]
struct TicketView {
    #[serde(flatten)]
    ticket: TicketBrief,
    /// How many messages there are, and so the number of the last.
    message_count: i32,
    created_at: DateTime<Utc>,
    closed_at: Option<DateTime<Utc>>,
    /// How often it was opened again after it was resolved.
    reopened_count: i32,
    /// Who may speak.
    control: ControlView,
    /// Who has, or last had, the ticket.
    engagement: Option<EngagementBrief>,
}

/// Look a ticket up.
#[utoipa::path(
    tag = "Tickets",
    security(("machine" = [])),
    params(("ticket_id" = TicketId, Path)),
    responses((status = 200, description = "As it is", body = TicketView), Problems),
)]
#[get("/tickets/{ticket_id}")]
async fn show_ticket(
    _machine: Machine,
    state: Data<State>,
    id: Path<TicketId>,
) -> ApiResult<web::Json<TicketView>> {
    let id = id.into_inner();
    let found = state.read(move |conn| {
        let Some(ticket) = dispatch::queries::ticket(conn, id)? else {
            return Ok(None);
        };
        let engagement = match dispatch::queries::last_engagement(conn, id)? {
            Some(last) => onboarding::agent(conn, last.agent_id)?.map(|agent| EngagementBrief {
                id: last.id,
                agent_id: agent.id,
                agent_name: agent.display_name,
                status: last.status,
            }),
            None => None,
        };
        Ok(Some((ticket, engagement)))
    });
    let (ticket, engagement) = found.await?.ok_or(dispatch::Error::TicketNotFound)?;
    Ok(web::Json(TicketView {
        message_count: ticket.message_count,
        created_at: ticket.created_at,
        closed_at: ticket.closed_at,
        reopened_count: ticket.reopened_count,
        control: ticket.control.clone().into(),
        ticket: ticket.into(),
        engagement,
    }))
}

/// Read the conversation of a ticket.
#[utoipa::path(
    tag = "Tickets",
    security(("machine" = [])),
    params(("ticket_id" = TicketId, Path), After),
    responses((status = 200, description = "In order, at most 100", body = Messages), Problems),
)]
#[get("/tickets/{ticket_id}/messages")]
async fn list_ticket_messages(
    _machine: Machine,
    state: Data<State>,
    id: Path<TicketId>,
    query: Query<After>,
) -> ApiResult<web::Json<Messages>> {
    let id = id.into_inner();
    let known = state
        .read(move |conn| dispatch::queries::ticket(conn, id))
        .await?;
    known.ok_or(dispatch::Error::TicketNotFound)?;
    Ok(web::Json(Messages::read(&state, id, query.number()).await?))
}

/// What a machine puts into the conversation.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RelayBody {
    /// Your own name for the message; one that was seen before is not stored again.
    #[schema(min_length = 1, max_length = 100)]
    client_id: String,
    /// The text.
    #[schema(min_length = 1, max_length = 4000)]
    body: String,
    /// Who says it; the customer where nobody is named.
    #[serde(default)]
    author: RelayAuthor,
    /// For the assistant: the control epoch that it knows.
    epoch: Option<i64>,
}

/// For whom a machine speaks.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum RelayAuthor {
    /// The customer wrote it in the company's own app.
    #[default]
    Customer,
    /// The company's assistant.
    Assistant,
}

/// Relay what the customer or the assistant said.
///
/// The assistant may speak only while it holds the conversation, and names the control epoch that
/// it knows: with an old one the answer is `409 stale_epoch` with the present one, and nothing is
/// delivered. A message whose `client_id` was seen before is not stored again: the answer is 200
/// then. A customer's message opens a conversation again that was resolved not long ago.
#[utoipa::path(
    tag = "Tickets",
    security(("machine" = [])),
    params(("ticket_id" = TicketId, Path)),
    request_body = RelayBody,
    responses(
        (status = 201, description = "Relayed", body = MessageView),
        (status = 200, description = "Relayed before", body = MessageView),
        Problems,
    ),
)]
#[post("/tickets/{ticket_id}/messages")]
async fn relay_message(
    machine: Machine,
    id: Path<TicketId>,
    body: Json<RelayBody>,
) -> ApiResult<HttpResponse> {
    let RelayBody {
        client_id,
        body,
        author,
        epoch,
    } = body.0;
    let (id, said) = (id.into_inner(), NewMessage { client_id, body });
    let db = machine.acting_db();
    let sent = match (author, epoch) {
        (RelayAuthor::Customer, _) => {
            db.write("relay", move |tx| workflows::say_as_customer(tx, id, &said))
                .await?
        }
        (RelayAuthor::Assistant, Some(epoch)) => {
            db.write("relay", move |tx| {
                workflows::say_as_assistant(tx, id, epoch, &said)
            })
            .await?
        }
        (RelayAuthor::Assistant, None) => {
            let missing = Invalid::field("epoch", "is needed where the assistant speaks");
            return Err(ApiError::invalid(missing.fields));
        }
    };
    Ok(messages::answer(sent))
}

/// Say that the customer left.
#[utoipa::path(
    tag = "Tickets",
    security(("machine" = [])),
    params(("ticket_id" = TicketId, Path)),
    responses((status = 200, description = "As it is now", body = TicketBrief), Problems),
)]
#[post("/tickets/{ticket_id}/leave")]
async fn leave_ticket(machine: Machine, id: Path<TicketId>) -> ApiResult<web::Json<TicketBrief>> {
    let id = id.into_inner();
    let db = machine.acting_db();
    let ticket = db
        .write("leave", move |tx| workflows::leave_conversation(tx, id))
        .await?;
    Ok(web::Json(ticket.into()))
}
