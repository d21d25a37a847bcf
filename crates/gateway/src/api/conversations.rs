//! The conversation, as the customer sees it: by a signed link, without an account.

use actix_web::{
    HttpRequest, HttpResponse, get, post,
    web::{self, Data, Path, Query},
};
use chrono::{DateTime, Utc};
use db::Topic;
use dispatch::{EngagementStatus, TicketStatus};
use kernel::TicketId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::messages::{self, After, Counted, MessageBody, MessageView, Messages, Place};
use crate::{
    extract::Json,
    problem::{ApiError, ApiResult, Problems},
    sse::{self, Audience},
    state::State,
};

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(show_conversation)
        .service(list_conversation_messages)
        .service(say_as_customer)
        .service(watch_conversation)
        .service(leave_conversation)
        .service(rate_conversation);
}

/// A conversation, as its customer sees it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ConversationView {
    /// Where it stands.
    pub status: TicketStatus,
    /// What we call the customer.
    pub customer_name: String,
    /// Who is talking with them.
    pub agent_name: Option<String>,
    /// How many customers are served before them, while they wait.
    pub queue_position: Option<i64>,
    /// When it was handed to us.
    pub created_at: DateTime<Utc>,
    /// Since when they wait, or last did.
    pub waiting_since: DateTime<Utc>,
    /// Whether they can rate it now.
    pub can_rate: bool,
    /// Until when writing opens it again, after it was resolved.
    pub reopens_until: Option<DateTime<Utc>>,
    /// What they gave, 1 to 5.
    pub rating: Option<i32>,
    /// How many messages there are, and so the number of the last.
    pub message_count: i32,
}

impl Counted for ConversationView {
    fn message_count(&self) -> i32 {
        self.message_count
    }
}

impl ConversationView {
    /// The conversation as it is.
    pub(crate) async fn look(state: &State, id: TicketId) -> Result<Self, ApiError> {
        let found = state.read(move |conn| {
            let Some(ticket) = dispatch::queries::ticket(conn, id)? else {
                return Ok(None);
            };
            let last = dispatch::queries::last_engagement(conn, id)?;
            let waits = matches!(ticket.status, TicketStatus::Waiting | TicketStatus::Offered);
            let queue_position = if waits {
                Some(dispatch::queries::tickets_ahead(conn, &ticket)?)
            } else {
                None
            };
            let rating = match &last {
                Some(last) => dispatch::queries::rating(conn, last.id)?.map(|rating| rating.score),
                None => None,
            };
            let rateable = last.as_ref().is_some_and(|last| {
                last.status == EngagementStatus::Resolved && last.first_reply_at.is_some()
            });
            let agent = match last.filter(|_| !waits) {
                Some(last) => onboarding::agent(conn, last.agent_id)?,
                None => None,
            };
            let reopens_until = dispatch::queries::reopens_until(conn, &ticket)?;
            Ok(Some(Self {
                status: ticket.status,
                customer_name: ticket.customer_name,
                agent_name: agent.map(|agent| agent.display_name),
                queue_position,
                created_at: ticket.created_at,
                waiting_since: ticket.waiting_since,
                can_rate: rateable && rating.is_none(),
                reopens_until,
                rating,
                message_count: ticket.message_count,
            }))
        });
        Ok(found.await?.ok_or(dispatch::Error::TicketNotFound)?)
    }
}

/// See where the conversation stands.
#[utoipa::path(
    tag = "Conversations",
    params(("token" = String, Path, description = "The last part of the link")),
    responses((status = 200, description = "As it is", body = ConversationView), Problems),
)]
#[get("/conversations/{token}")]
async fn show_conversation(
    state: Data<State>,
    token: Path<String>,
) -> ApiResult<web::Json<ConversationView>> {
    let id = state.links.open(&token, state.db.now())?;
    Ok(web::Json(ConversationView::look(&state, id).await?))
}

/// Read the conversation.
#[utoipa::path(
    tag = "Conversations",
    params(("token" = String, Path, description = "The last part of the link"), After),
    responses((status = 200, description = "In order, at most 100", body = Messages), Problems),
)]
#[get("/conversations/{token}/messages")]
async fn list_conversation_messages(
    state: Data<State>,
    token: Path<String>,
    query: Query<After>,
) -> ApiResult<web::Json<Messages>> {
    let id = state.links.open(&token, state.db.now())?;
    Ok(web::Json(Messages::read(&state, id, query.number()).await?))
}

/// Say something. A conversation that was resolved not long ago is opened again by it.
///
/// A message whose `client_id` was seen before is not stored again: the answer is 200 then.
#[utoipa::path(
    tag = "Conversations",
    params(("token" = String, Path, description = "The last part of the link")),
    request_body = MessageBody,
    responses(
        (status = 201, description = "Said", body = MessageView),
        (status = 200, description = "Said before", body = MessageView),
        Problems,
    ),
)]
#[post("/conversations/{token}/messages")]
async fn say_as_customer(
    state: Data<State>,
    token: Path<String>,
    body: Json<MessageBody>,
) -> ApiResult<HttpResponse> {
    let id = state.links.open(&token, state.db.now())?;
    let said = body.0.into();
    let db = acting_db(&state, id);
    let sent = db
        .write("say", move |tx| workflows::say_as_customer(tx, id, &said))
        .await?;
    Ok(messages::answer(sent))
}

/// Watch the conversation.
///
/// Server-sent events: `message`, from after `Last-Event-ID` or `after` on; `ticket.waiting`,
/// `ticket.offered` and so on for each change; and `state` whenever it differs. `reset` tells
/// that the id was of no use, and that everything comes anew.
#[utoipa::path(
    tag = "Conversations",
    params(("token" = String, Path, description = "The last part of the link"), After),
    responses(
        (status = 200, description = "A stream", body = MessageView, content_type = "text/event-stream"),
        Problems,
    ),
)]
#[get("/conversations/{token}/events")]
async fn watch_conversation(
    request: HttpRequest,
    state: Data<State>,
    token: Path<String>,
    query: Query<After>,
) -> ApiResult<HttpResponse> {
    let id = state.links.open(&token, state.db.now())?;
    let place = Place::of(&request, &query);
    let shared = state.clone();
    let (audience, topic) = (Audience::LinkHolder(id), Topic::Ticket(id));
    sse::stream(&state, audience, topic, move |events| async move {
        let look = || ConversationView::look(&shared, id);
        messages::tell(&shared, events.glancing(), (id, place), look).await
    })
}

/// Leave. A conversation that no agent has taken ends.
#[utoipa::path(
    tag = "Conversations",
    params(("token" = String, Path, description = "The last part of the link")),
    responses((status = 200, description = "As it is now", body = ConversationView), Problems),
)]
#[post("/conversations/{token}/leave")]
async fn leave_conversation(
    state: Data<State>,
    token: Path<String>,
) -> ApiResult<web::Json<ConversationView>> {
    let id = state.links.open(&token, state.db.now())?;
    let db = acting_db(&state, id);
    db.write("leave", move |tx| workflows::leave_conversation(tx, id))
        .await?;
    Ok(web::Json(ConversationView::look(&state, id).await?))
}

/// What the customer thought of it.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RatingBody {
    /// 1 to 5, 5 best.
    #[schema(minimum = 1, maximum = 5)]
    score: i32,
    /// In the customer's words, at most 1,000 characters.
    comment: Option<String>,
}

/// Rate the conversation, once it is resolved.
#[utoipa::path(
    tag = "Conversations",
    params(("token" = String, Path, description = "The last part of the link")),
    request_body = RatingBody,
    responses((status = 201, description = "Thank you", body = ConversationView), Problems),
)]
#[post("/conversations/{token}/rating")]
async fn rate_conversation(
    state: Data<State>,
    token: Path<String>,
    body: Json<RatingBody>,
) -> ApiResult<HttpResponse> {
    let id = state.links.open(&token, state.db.now())?;
    let RatingBody { score, comment } = body.0;
    let db = acting_db(&state, id);
    db.write("rate", move |tx| {
        workflows::rate_engagement(tx, id, score, comment.as_deref())
    })
    .await?;
    Ok(HttpResponse::Created().json(ConversationView::look(&state, id).await?))
}

/// What the holder of a link does is on record as done by the customer of the ticket.
fn acting_db(state: &State, id: TicketId) -> db::Db {
    state.db.acting_as(&format!("customer of {id}"))
}
