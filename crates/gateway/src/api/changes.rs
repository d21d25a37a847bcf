//! Changes of state, as streams tell them.

use chrono::{DateTime, Utc};
use db::feed::{Change, Subject};
use kernel::{AgentId, TicketId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::sse::Event;

/// One change of state. Its event is named after what changed and its new state, such as
/// `offer.rescinded`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChangeView<'a> {
    /// What kind of thing changed: `ticket`, `offer`, `engagement` or `presence`.
    subject: &'a str,
    /// Its id; for a presence the agent's.
    id: String,
    /// The state since.
    state: &'a str,
    /// The state before; none for what is new.
    before: Option<&'a str>,
    /// The ticket it concerns.
    ticket_id: Option<TicketId>,
    /// The agent it concerns.
    agent_id: Option<AgentId>,
    /// When it happened.
    at: DateTime<Utc>,
}

/// Where a conversation stands now: all that those in it are told of a change.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StateView<'a> {
    /// The state since.
    state: &'a str,
    /// When it began.
    at: DateTime<Utc>,
}

/// Everything about a change, for agents about their own work and for operations.
pub(crate) fn in_full(change: &Change) -> Option<Event> {
    let view = ChangeView {
        subject: change.subject.noun(),
        id: change.subject.to_string(),
        state: &change.state,
        before: change.before.as_deref(),
        ticket_id: change.ticket_id,
        agent_id: change.agent_id,
        at: change.at,
    };
    Event::json(name(change), &view).ok()
}

/// Those in a conversation hear of its ticket, and of nobody's offers or engagements.
pub(crate) fn of_ticket(change: &Change) -> Option<Event> {
    let Subject::Ticket(_) = change.subject else {
        return None;
    };
    let view = StateView {
        state: &change.state,
        at: change.at,
    };
    Event::json(name(change), &view).ok()
}

fn name(change: &Change) -> String {
    format!("{}.{}", change.subject.noun(), change.state)
}
