//! The agent's desk: what is offered, what is in hand, what could be claimed.

use actix_web::{
    HttpRequest, HttpResponse, get,
    web::{self, Data},
};
use chrono::{DateTime, Utc};
use db::Topic;
use kernel::AgentId;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::{
    changes, engagements::EngagementView, offers::OfferView, presence::PresenceView,
    tickets::TicketBrief,
};
use crate::{
    extract::Agent,
    problem::{ApiResult, Problems},
    sse::{self, Resume},
    state::State,
};

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(show_desk)
        .service(watch_desk)
        .service(list_claimable);
}

/// An agent's desk.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DeskView {
    /// Whether the agent is there.
    pub presence: PresenceView,
    /// Units the agent can hold; none before the first time they were available.
    pub capacity: Option<i32>,
    /// Units held.
    pub load: i32,
    /// What is put to the agent now.
    pub offers: Vec<OfferView>,
    /// What the agent has in hand.
    pub engagements: Vec<EngagementView>,
    /// How many waiting tickets the agent could claim; counted to 50.
    pub claimable: usize,
    /// When the first of the conversations in hand is handed on, because the shift ends in which the
    /// agent took it: 15 minutes after its end. None where nothing will be.
    pub hand_over_at: Option<DateTime<Utc>>,
}

impl DeskView {
    /// The desk as it is.
    pub(crate) async fn look(state: &State, agent: AgentId) -> Result<Self, dispatch::Error> {
        let now = state.db.now();
        let claimable = state.boards.claimable(&state.db, agent).await?;
        let claimable = claimable.tickets().count();
        state
            .db
            .read(move |conn| {
                let presence = availability::presence(conn, agent)?;
                let desk = dispatch::queries::desk(conn, agent)?;
                let hand_over_at = workflows::hand_over_at(conn, agent, now)?;
                Ok(Self {
                    presence: PresenceView::of(presence, now),
                    capacity: desk.workload.as_ref().map(|workload| workload.capacity),
                    load: desk.workload.map_or(0, |workload| workload.load),
                    offers: desk.offers.into_iter().map(OfferView::from).collect(),
                    engagements: desk
                        .engagements
                        .into_iter()
                        .map(EngagementView::from)
                        .collect(),
                    claimable,
                    hand_over_at,
                })
            })
            .await
    }
}

/// The waiting tickets that an agent may claim, the most urgent first; none while they may not work.
pub(crate) async fn claimable_tickets(
    state: &State,
    agent: AgentId,
) -> Result<Vec<TicketBrief>, dispatch::Error> {
    let claimable = state.boards.claimable(&state.db, agent).await?;
    Ok(claimable.tickets().map(TicketBrief::from).collect())
}

/// See your desk.
#[utoipa::path(
    tag = "Desk",
    security(("bearer" = ["agent"])),
    responses((status = 200, description = "The desk as it is", body = DeskView), Problems),
)]
#[get("/desk")]
async fn show_desk(agent: Agent, state: Data<State>) -> ApiResult<web::Json<DeskView>> {
    Ok(web::Json(DeskView::look(&state, agent.agent_id).await?))
}

/// Watch your desk.
///
/// Server-sent events: `desk`, the desk as it is, at once and whenever it differs; and for each
/// change of an offer, an engagement or the presence of the agent one named after it, such as
/// `offer.rescinded`. After `Last-Event-ID` the changes that were missed come first; `reset` tells
/// that it was of no use.
#[utoipa::path(
    tag = "Desk",
    security(("bearer" = ["agent"])),
    responses(
        (status = 200, description = "A stream of desks and changes", body = DeskView, content_type = "text/event-stream"),
        Problems,
    ),
)]
#[get("/desk/events")]
async fn watch_desk(
    request: HttpRequest,
    agent: Agent,
    state: Data<State>,
) -> ApiResult<HttpResponse> {
    let id = agent.agent_id;
    let resume = Resume::from_text(sse::last_event_id(&request));
    let shared = state.clone();
    sse::stream(
        &state,
        &*agent,
        Topic::Agent(id),
        move |events| async move {
            // What others take can no longer be claimed.
            let mut events = events.glancing();
            events.resume(resume, changes::in_full).await?;
            while events.time_to_look(changes::in_full).await? {
                let desk = DeskView::look(&shared, id).await?;
                events.send_if_changed("desk", &desk).await?;
            }
            Ok(())
        },
    )
}

/// A list of tickets.
#[derive(Debug, Serialize, ToSchema)]
struct Tickets {
    items: Vec<TicketBrief>,
}

/// List the waiting tickets that you may claim.
#[utoipa::path(
    tag = "Desk",
    security(("bearer" = ["agent"])),
    responses((status = 200, description = "The most urgent first, at most 50", body = Tickets), Problems),
)]
#[get("/tickets/claimable")]
async fn list_claimable(agent: Agent, state: Data<State>) -> ApiResult<web::Json<Tickets>> {
    let items = claimable_tickets(&state, agent.agent_id).await?;
    Ok(web::Json(Tickets { items }))
}
