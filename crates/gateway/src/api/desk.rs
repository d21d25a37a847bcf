//! The agent's desk: what is offered, what is in hand, what could be claimed.

use actix_web::{
    HttpResponse, get,
    web::{self, Data},
};
use db::Topic;
use dispatch::Candidate;
use kernel::{AgentId, diesel};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::{
    engagements::EngagementView, offers::OfferView, presence::PresenceView, tickets::TicketBrief,
};
use crate::{
    extract::Agent,
    problem::{ApiResult, Problems},
    sse,
    state::{ReadFailed, State},
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
}

impl DeskView {
    /// The desk as it is.
    pub(crate) async fn look(state: &State, agent: AgentId) -> Result<Self, ReadFailed> {
        let now = state.db.now();
        state
            .read(move |conn| {
                let presence = availability::presence(conn, agent)?;
                let desk = dispatch::queries::desk(conn, agent)?;
                let claimable = match candidate(conn, agent, now)? {
                    Some(candidate) => {
                        dispatch::queries::claimable_tickets(conn, &candidate)?.len()
                    }
                    None => 0,
                };
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
                })
            })
            .await
    }
}

/// What dispatch may know of an agent who asks for a list; none while they may not work.
pub(crate) fn candidate(
    conn: &mut diesel::PgConnection,
    agent: AgentId,
    now: chrono::DateTime<chrono::Utc>,
) -> diesel::QueryResult<Option<Candidate>> {
    let qualified = onboarding::qualifications(conn, &[agent], now)?;
    let able = qualified.into_iter().find(|one| one.agreement_current);
    Ok(able.map(workflows::candidate))
}

/// The waiting tickets that an agent may claim, the most urgent first.
pub(crate) async fn claimable_tickets(
    state: &State,
    agent: AgentId,
) -> Result<Vec<TicketBrief>, ReadFailed> {
    let now = state.db.now();
    state
        .read(move |conn| match candidate(conn, agent, now)? {
            Some(candidate) => dispatch::queries::claimable_tickets(conn, &candidate),
            None => Ok(Vec::new()),
        })
        .await
        .map(|tickets| tickets.into_iter().map(TicketBrief::from).collect())
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
/// Server-sent events named `desk`: the desk as it is, at once and whenever it changed.
#[utoipa::path(
    tag = "Desk",
    security(("bearer" = ["agent"])),
    responses(
        (status = 200, description = "A stream of desks", body = DeskView, content_type = "text/event-stream"),
        Problems,
    ),
)]
#[get("/desk/events")]
async fn watch_desk(agent: Agent, state: Data<State>) -> HttpResponse {
    let id = agent.agent_id;
    sse::watch(
        &state.clone(),
        &*agent,
        Topic::Agent(id),
        "desk",
        move || {
            let state = state.clone();
            async move { DeskView::look(&state, id).await }
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
