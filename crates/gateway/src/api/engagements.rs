//! Engagements: the work on a ticket, from taking it on to closing it.

use actix_web::{
    HttpRequest, HttpResponse, get, post,
    web::{self, Data, Path, Query},
};
use chrono::{DateTime, Utc};
use db::Topic;
use dispatch::{Disposition, Engagement, EngagementStatus, Ticket, WrapUp};
use kernel::{EngagementId, diesel};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::{
    earnings::EarningLineView,
    messages::{self, After, Counted, MessageBody, MessageView, Messages, Place},
    offers::engagement_view,
    tickets::TicketBrief,
};
use crate::{
    extract::{Agent, Json},
    problem::{ApiResult, Problems},
    sse,
    state::State,
};

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(show_engagement)
        .service(list_engagement_messages)
        .service(say_as_agent)
        .service(watch_engagement)
        .service(begin_wrap_up)
        .service(extend_wrap_up)
        .service(resolve_engagement);
}

/// A ticket in an agent's hands.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EngagementView {
    /// Its id.
    pub id: EngagementId,
    /// The ticket.
    pub ticket: TicketBrief,
    /// Where it stands.
    pub status: EngagementStatus,
    /// When the agent took the ticket.
    pub started_at: DateTime<Utc>,
    /// When the agent first wrote.
    pub first_reply_at: Option<DateTime<Utc>>,
    /// When the wrap-up began.
    pub wrapping_at: Option<DateTime<Utc>>,
    /// When the wrap-up ends by itself.
    pub wrap_up_due_at: Option<DateTime<Utc>>,
    /// When the customer should have an answer; none while it is the customer's turn.
    pub reply_due_at: Option<DateTime<Utc>>,
    /// When that had passed, and a supervisor was told.
    pub alerted_at: Option<DateTime<Utc>>,
    /// How often the wrap-up was extended.
    pub extensions: i32,
    /// When the company's assistant asked to go on with the conversation.
    pub control_requested_at: Option<DateTime<Utc>>,
    /// What the agent before wrote for you; none in lists.
    pub handover: Option<HandoverView>,
    /// When it was over.
    pub ended_at: Option<DateTime<Utc>>,
    /// How the conversation ended.
    pub disposition: Option<Disposition>,
    /// What the agent noted for the company.
    pub note: Option<String>,
    /// How many messages there are, and so the number of the last. Once another agent has the
    /// conversation it grows no more: whoever had it before reads no further.
    pub message_count: i32,
}

impl Counted for EngagementView {
    fn message_count(&self) -> i32 {
        self.message_count
    }
}

/// What an agent wrote for the next one. The customer never sees it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct HandoverView {
    /// What the agent is called.
    pub agent_name: String,
    /// What they wrote.
    pub note: String,
}

impl HandoverView {
    /// What the agent before the one of this engagement wrote.
    pub(crate) fn read(
        conn: &mut diesel::PgConnection,
        engagement: &Engagement,
    ) -> diesel::QueryResult<Option<Self>> {
        let Some((from, note)) = dispatch::queries::handover(conn, engagement)? else {
            return Ok(None);
        };
        let agent = onboarding::agent(conn, from)?;
        Ok(agent.map(|agent| Self {
            agent_name: agent.display_name,
            note,
        }))
    }
}

impl From<(Engagement, Ticket)> for EngagementView {
    fn from((engagement, ticket): (Engagement, Ticket)) -> Self {
        Self {
            id: engagement.id,
            status: engagement.status,
            started_at: engagement.started_at,
            first_reply_at: engagement.first_reply_at,
            wrapping_at: engagement.wrapping_at,
            wrap_up_due_at: engagement.wrap_up_due_at,
            reply_due_at: engagement.reply_due_at,
            alerted_at: engagement.alerted_at,
            extensions: engagement.extensions,
            control_requested_at: ticket
                .control
                .requested_at
                .filter(|_| engagement.ended_at.is_none()),
            handover: None,
            ended_at: engagement.ended_at,
            disposition: engagement.disposition,
            note: engagement.note,
            message_count: engagement.read_until.unwrap_or(ticket.message_count),
            ticket: ticket.into(),
        }
    }
}

/// See one of your engagements.
#[utoipa::path(
    tag = "Engagements",
    security(("bearer" = ["agent"])),
    params(("engagement_id" = EngagementId, Path)),
    responses((status = 200, description = "As it is", body = EngagementView), Problems),
)]
#[get("/engagements/{engagement_id}")]
async fn show_engagement(
    agent: Agent,
    state: Data<State>,
    id: Path<EngagementId>,
) -> ApiResult<web::Json<EngagementView>> {
    Ok(web::Json(
        engagement_view(&state, id.into_inner(), agent.agent_id).await?,
    ))
}

/// Read the conversation.
#[utoipa::path(
    tag = "Engagements",
    security(("bearer" = ["agent"])),
    params(("engagement_id" = EngagementId, Path), After),
    responses((status = 200, description = "In order, at most 100", body = Messages), Problems),
)]
#[get("/engagements/{engagement_id}/messages")]
async fn list_engagement_messages(
    agent: Agent,
    state: Data<State>,
    id: Path<EngagementId>,
    query: Query<After>,
) -> ApiResult<web::Json<Messages>> {
    let engagement = engagement_view(&state, id.into_inner(), agent.agent_id).await?;
    let (ticket, until) = (engagement.ticket.id, engagement.message_count);
    Ok(web::Json(
        Messages::read_part(&state, ticket, query.number(), until).await?,
    ))
}

/// Write to the customer.
///
/// A message whose `client_id` was seen before is not stored again: the answer is 200 then.
#[utoipa::path(
    tag = "Engagements",
    security(("bearer" = ["agent"])),
    params(("engagement_id" = EngagementId, Path)),
    request_body = MessageBody,
    responses(
        (status = 201, description = "Sent", body = MessageView),
        (status = 200, description = "Sent before", body = MessageView),
        Problems,
    ),
)]
#[post("/engagements/{engagement_id}/messages")]
async fn say_as_agent(
    agent: Agent,
    id: Path<EngagementId>,
    body: Json<MessageBody>,
) -> ApiResult<HttpResponse> {
    let (id, agent_id, said) = (id.into_inner(), agent.agent_id, body.0.into());
    let db = agent.acting_db();
    let sent = db
        .write("say_as_agent", move |tx| {
            workflows::say_as_agent(tx, id, agent_id, &said)
        })
        .await?;
    Ok(messages::answer(sent))
}

/// Watch the conversation.
///
/// Server-sent events: `message`, from after `Last-Event-ID` or `after` on; `ticket.wrapping` and
/// so on for each change of the ticket; and `state` with the engagement whenever it differs.
/// `reset` tells that the id was of no use, and that everything comes anew.
#[utoipa::path(
    tag = "Engagements",
    security(("bearer" = ["agent"])),
    params(("engagement_id" = EngagementId, Path), After),
    responses(
        (status = 200, description = "A stream", body = MessageView, content_type = "text/event-stream"),
        Problems,
    ),
)]
#[get("/engagements/{engagement_id}/events")]
async fn watch_engagement(
    request: HttpRequest,
    agent: Agent,
    state: Data<State>,
    id: Path<EngagementId>,
    query: Query<After>,
) -> ApiResult<HttpResponse> {
    let (id, agent_id) = (id.into_inner(), agent.agent_id);
    let ticket = engagement_view(&state, id, agent_id).await?.ticket.id;
    let place = Place::of(&request, &query);
    let shared = state.clone();
    let topic = Topic::Ticket(ticket);
    sse::stream(&state, &*agent, topic, move |events| async move {
        let look = || engagement_view(&shared, id, agent_id);
        messages::tell(&shared, events, (ticket, place), look).await
    })
}

/// End the talking; the wrap-up begins.
#[utoipa::path(
    tag = "Engagements",
    security(("bearer" = ["agent"])),
    params(("engagement_id" = EngagementId, Path)),
    responses((status = 200, description = "In wrap-up", body = EngagementView), Problems),
)]
#[post("/engagements/{engagement_id}/wrap-up")]
async fn begin_wrap_up(
    agent: Agent,
    state: Data<State>,
    id: Path<EngagementId>,
) -> ApiResult<web::Json<EngagementView>> {
    let (id, agent_id) = (id.into_inner(), agent.agent_id);
    let db = agent.acting_db();
    db.write("wrap_up", move |tx| workflows::wrap_up(tx, id, agent_id))
        .await?;
    Ok(web::Json(engagement_view(&state, id, agent_id).await?))
}

/// Take more time for the wrap-up, as much and as often as the queue allows.
#[utoipa::path(
    tag = "Engagements",
    security(("bearer" = ["agent"])),
    params(("engagement_id" = EngagementId, Path)),
    responses((status = 200, description = "With the new end", body = EngagementView), Problems),
)]
#[post("/engagements/{engagement_id}/extend")]
async fn extend_wrap_up(
    agent: Agent,
    state: Data<State>,
    id: Path<EngagementId>,
) -> ApiResult<web::Json<EngagementView>> {
    let (id, agent_id) = (id.into_inner(), agent.agent_id);
    let db = agent.acting_db();
    db.write("extend_wrap_up", move |tx| {
        workflows::extend_wrap_up(tx, id, agent_id)
    })
    .await?;
    Ok(web::Json(engagement_view(&state, id, agent_id).await?))
}

/// How the agent closes the conversation.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ResolveBody {
    /// How it ended; `not_recorded` is for the platform.
    disposition: Disposition,
    /// For the company, at most 2,000 characters.
    note: Option<String>,
}

impl From<ResolveBody> for WrapUp {
    fn from(body: ResolveBody) -> Self {
        let note = body
            .note
            .map(|note| note.trim().to_owned())
            .filter(|note| !note.is_empty());
        Self {
            disposition: body.disposition,
            note,
        }
    }
}

/// A closed conversation, and what it earned.
#[derive(Debug, Serialize, ToSchema)]
struct Resolution {
    engagement: EngagementView,
    earning: EarningLineView,
}

/// Close the conversation. What you earned by it is booked at the same moment.
#[utoipa::path(
    tag = "Engagements",
    security(("bearer" = ["agent"])),
    params(("engagement_id" = EngagementId, Path)),
    request_body = ResolveBody,
    responses((status = 200, description = "Closed and booked", body = Resolution), Problems),
)]
#[post("/engagements/{engagement_id}/resolve")]
async fn resolve_engagement(
    agent: Agent,
    id: Path<EngagementId>,
    body: Json<ResolveBody>,
) -> ApiResult<web::Json<Resolution>> {
    let (id, agent_id) = (id.into_inner(), agent.agent_id);
    let wrap_up = WrapUp::from(body.0);
    let settled = agent
        .acting_db()
        .write("resolve", move |tx| {
            workflows::resolve_engagement(tx, id, agent_id, &wrap_up)
        })
        .await?;
    let engagement = (settled.resolved.engagement, settled.resolved.ticket).into();
    Ok(web::Json(Resolution {
        engagement,
        earning: settled.earning.into(),
    }))
}
