//! Offers: one ticket put to one agent for a limited time.

use actix_web::{
    HttpResponse, post,
    web::{self, Data, Path},
};
use chrono::{DateTime, Utc};
use dispatch::{DeclineReason, Offer, OfferStatus, Taken, Ticket};
use kernel::{AgentId, EngagementId, OfferId, TicketId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::{
    engagements::{EngagementView, HandoverView},
    tickets::TicketBrief,
};
use crate::{
    extract::{Agent, Json},
    problem::{ApiError, ApiResult, Problems},
    state::State,
};

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(accept_offer)
        .service(decline_offer)
        .service(claim_ticket);
}

/// One ticket put to one agent.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OfferView {
    /// Its id.
    pub id: OfferId,
    /// The ticket.
    pub ticket: TicketBrief,
    /// What became of it.
    pub status: OfferStatus,
    /// When it was made.
    pub offered_at: DateTime<Utc>,
    /// It can be accepted before this instant.
    pub expires_at: DateTime<Utc>,
    /// When it was answered or ended.
    pub closed_at: Option<DateTime<Utc>>,
}

impl From<(Offer, Ticket)> for OfferView {
    fn from((offer, ticket): (Offer, Ticket)) -> Self {
        let Offer {
            id,
            status,
            offered_at,
            expires_at,
            closed_at,
            ..
        } = offer;
        Self {
            id,
            ticket: ticket.into(),
            status,
            offered_at,
            expires_at,
            closed_at,
        }
    }
}

/// Why the agent declines. It costs neither pay nor standing.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DeclineBody {
    reason: DeclineReason,
}

/// Accept an offer.
#[utoipa::path(
    tag = "Offers",
    security(("bearer" = ["agent"])),
    params(("offer_id" = OfferId, Path)),
    responses((status = 200, description = "The ticket is yours", body = EngagementView), Problems),
)]
#[post("/offers/{offer_id}/accept")]
async fn accept_offer(
    agent: Agent,
    state: Data<State>,
    offer: Path<OfferId>,
) -> ApiResult<web::Json<EngagementView>> {
    let (id, agent_id) = (offer.into_inner(), agent.agent_id);
    let db = agent.acting_db();
    let taken = db
        .write("accept_offer", move |tx| {
            workflows::accept_offer(tx, id, agent_id)
        })
        .await?;
    Ok(web::Json(taken_view(&state, taken).await?))
}

/// Decline an offer.
#[utoipa::path(
    tag = "Offers",
    security(("bearer" = ["agent"])),
    params(("offer_id" = OfferId, Path)),
    request_body = DeclineBody,
    responses((status = 200, description = "It goes to somebody else", body = OfferView), Problems),
)]
#[post("/offers/{offer_id}/decline")]
async fn decline_offer(
    agent: Agent,
    state: Data<State>,
    offer: Path<OfferId>,
    body: Json<DeclineBody>,
) -> ApiResult<web::Json<OfferView>> {
    let (id, agent_id, reason) = (offer.into_inner(), agent.agent_id, body.0.reason);
    let db = agent.acting_db();
    db.write("decline_offer", move |tx| {
        workflows::decline_offer(tx, id, agent_id, reason)
    })
    .await?;
    let offer = state
        .read(move |conn| dispatch::queries::offer(conn, id, agent_id))
        .await?;
    Ok(web::Json(
        offer.ok_or(dispatch::Error::OfferNotFound)?.into(),
    ))
}

/// Claim a waiting ticket.
///
/// You must be available, and the ticket one of those you may take.
#[utoipa::path(
    tag = "Offers",
    security(("bearer" = ["agent"])),
    params(("ticket_id" = TicketId, Path)),
    responses((status = 201, description = "The ticket is yours", body = EngagementView), Problems),
)]
#[post("/tickets/{ticket_id}/claim")]
async fn claim_ticket(
    agent: Agent,
    state: Data<State>,
    ticket: Path<TicketId>,
) -> ApiResult<HttpResponse> {
    let (db, id) = (agent.acting_db(), ticket.into_inner());
    let taken = state.claims.claim(db, agent.agent_id, id).await?;
    Ok(HttpResponse::Created().json(taken_view(&state, taken).await?))
}

/// What an agent took, as they see it. Only where somebody had it before is there a hand-over to
/// look up.
async fn taken_view(state: &State, taken: Taken) -> Result<EngagementView, ApiError> {
    let handover = if taken.before.is_some() {
        let engagement = taken.engagement.clone();
        state
            .look(move |conn| HandoverView::read(conn, &engagement))
            .await?
    } else {
        None
    };
    let view = EngagementView::from((taken.engagement, taken.ticket));
    Ok(EngagementView { handover, ..view })
}

/// An engagement as its agent sees it.
pub(super) async fn engagement_view(
    state: &State,
    id: EngagementId,
    agent: AgentId,
) -> Result<EngagementView, ApiError> {
    let found = state.look(move |conn| {
        let Some((engagement, ticket)) = dispatch::queries::engagement(conn, id, agent)? else {
            return Ok(None);
        };
        let handover = HandoverView::read(conn, &engagement)?;
        let view = EngagementView::from((engagement, ticket));
        Ok(Some(EngagementView { handover, ..view }))
    });
    Ok(found.await?.ok_or(dispatch::Error::EngagementNotFound)?)
}
