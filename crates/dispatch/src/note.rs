//! Notes: what the platform itself says in a conversation, in the transaction that makes it true.

use db::Tx;

use crate::{
    error::Error,
    message::{self, Author, NewMessage},
    standing::Standing,
    store,
    ticket::Ticket,
};

/// What the platform says to both sides.
pub(crate) enum Note {
    /// The assistant has handed the conversation over.
    PutThrough(Standing),
    /// An agent is looked for, while the assistant goes on.
    Offered(Standing),
    /// The customer left an agent.
    CustomerLeft,
    /// The agent left the customer.
    AgentGone(Standing),
    /// The agent did not answer in time.
    AgentSilent(Standing),
    /// The agent gave the conversation back.
    Released(Standing),
    /// The agent handed it on to a queue with this name.
    PassedOn(String, Standing),
    /// The agent put it to a colleague.
    PassedToColleague,
    /// The assistant has the conversation again.
    Returned,
    /// Nobody has said anything for long.
    StillThere,
    /// The conversation ends, because nobody says anything.
    Silence,
    /// No agent was found in time.
    NobodyFound,
    /// The customer is back.
    Reopened(Standing),
}

impl Note {
    const fn name(&self) -> &'static str {
        match self {
            Self::PutThrough(_) => "put_through",
            Self::Offered(_) => "offered",
            Self::CustomerLeft => "customer_left",
            Self::AgentGone(_) => "agent_gone",
            Self::AgentSilent(_) => "agent_silent",
            Self::Released(_) => "released",
            Self::PassedOn(..) => "passed_on",
            Self::PassedToColleague => "passed_to_colleague",
            Self::Returned => "returned",
            Self::StillThere => "still_there",
            Self::Silence => "silence",
            Self::NobodyFound => "nobody_found",
            Self::Reopened(_) => "reopened",
        }
    }

    fn body(&self) -> String {
        match self {
            Self::PutThrough(standing) => {
                format!(
                    "You are being put through to a person, who sees all that was said. {standing}"
                )
            }
            Self::Offered(standing) => format!(
                "A person is being asked to join. Until then the assistant stays with you. {standing}"
            ),
            Self::CustomerLeft => "The customer has left the conversation.".to_owned(),
            Self::AgentGone(standing) => {
                format!("Your agent had to leave. We are sorry. {standing}")
            }
            Self::AgentSilent(standing) => format!(
                "Your agent did not answer in time. We are sorry, and look for somebody else. \
                 {standing}"
            ),
            Self::Released(standing) => format!(
                "Your agent has given the conversation back. You keep your place. {standing}"
            ),
            Self::PassedOn(queue, standing) => format!(
                "Your agent is passing you on to {queue}, where all that was said can be seen. \
                 {standing}"
            ),
            Self::PassedToColleague => "Your agent is passing you on to a colleague, who sees all \
                 that was said. Should they not be free, you keep your place in the queue."
                .to_owned(),
            Self::Returned => "The assistant goes on with this conversation.".to_owned(),
            Self::StillThere => "Are you still there? If nobody writes, this conversation ends in \
                 five minutes."
                .to_owned(),
            Self::Silence => {
                "Nobody has written for a while, so this conversation has ended.".to_owned()
            }
            Self::NobodyFound => "We could not find anybody for you in time. We are sorry. A \
                 supervisor looks into it."
                .to_owned(),
            Self::Reopened(standing) => format!("This conversation is open again. {standing}"),
        }
    }

    /// As a message of the platform. The number that follows makes its name its own: the same may
    /// have to be said again.
    pub(crate) fn said(&self, ticket: &Ticket) -> NewMessage {
        NewMessage {
            client_id: format!("{}-{}", self.name(), ticket.message_count + 1),
            body: self.body(),
        }
    }
}

/// Says something in the conversation. The ticket is locked by the caller.
pub(crate) fn insert(tx: &mut Tx<'_>, ticket: &mut Ticket, note: &Note) -> Result<(), Error> {
    let said = note.said(ticket);
    message::store_next(tx, ticket, Author::Platform, &said).map(drop)
}

/// Whether the customer has left this conversation, and neither written since nor come in again.
pub(crate) fn has_customer_left(tx: &mut Tx<'_>, ticket: &Ticket) -> Result<bool, Error> {
    let kind = Note::CustomerLeft.name();
    let Some((left, left_at)) = store::find_last_note(tx, ticket.id, kind)? else {
        return Ok(false);
    };
    let written = store::find_last_number_of(tx, ticket.id, Author::Customer)?;
    Ok(left_at >= ticket.waiting_since && written.is_none_or(|written| written < left))
}
