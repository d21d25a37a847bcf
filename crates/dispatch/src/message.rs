//! Messages: the conversation, numbered from 1 without a gap.

use chrono::{DateTime, Utc};
use db::{Topic, Tx};
use diesel::prelude::*;
use kernel::{AgentId, Checks, EngagementId, TicketId, text_enum};

use crate::{
    engagement::EngagementStatus,
    error::Error,
    mask::mask,
    schema::messages,
    store,
    ticket::{Ticket, TranscriptAuthor, TranscriptTurn},
};

/// The most characters of one message.
pub(crate) const BODY_CHARS: usize = 4_000;

text_enum! {
    /// Who wrote a message.
    pub Author {
        /// The customer.
        Customer = "customer",
        /// The agent of the engagement.
        Agent = "agent",
        /// The company's assistant, before the handoff.
        Assistant = "assistant",
        /// Gigdesk itself.
        Platform = "platform",
    }
}

/// One message. It never changes.
#[derive(Clone, Debug, Identifiable, Insertable, Queryable, Selectable)]
#[diesel(treat_none_as_default_value = false)]
#[diesel(primary_key(ticket_id, number), check_for_backend(diesel::pg::Pg))]
pub struct Message {
    /// Whose conversation.
    pub ticket_id: TicketId,
    /// 1, 2, 3 … within the conversation.
    pub number: i32,
    /// Who wrote it.
    pub author: Author,
    /// In which engagement, where an agent wrote it.
    pub engagement_id: Option<EngagementId>,
    /// The sender's own name for it: sent twice, it is stored once.
    pub client_id: Option<String>,
    /// The text, masked.
    pub body: String,
    /// The kinds of data that were masked in it.
    pub masked: Vec<String>,
    /// When it arrived.
    pub sent_at: DateTime<Utc>,
}

/// What somebody says.
#[derive(Clone, Debug)]
pub struct NewMessage {
    /// The sender's own name for it, at most 100 characters.
    pub client_id: String,
    /// At most 4,000 characters.
    pub body: String,
}

impl NewMessage {
    fn check(&self) -> Result<(), Error> {
        let mut checks = Checks::new();
        checks
            .text("client_id", &self.client_id, 1, 100)
            .text("body", &self.body, 1, BODY_CHARS);
        Ok(checks.done()?)
    }
}

/// A message that is in the conversation.
#[derive(Clone, Debug)]
pub struct Sent {
    /// As it is stored.
    pub message: Message,
    /// It was there before: the sender repeated itself.
    pub again: bool,
}

/// The customer says something, by link or through the company.
pub fn say_as_customer(tx: &mut Tx<'_>, id: TicketId, said: &NewMessage) -> Result<Sent, Error> {
    said.check()?;
    let mut ticket = store::lock_ticket(tx, id)?.ok_or(Error::TicketNotFound)?;
    if let Some(message) = store::find_said(tx, id, Author::Customer, &said.client_id)? {
        return Ok(Sent {
            message,
            again: true,
        });
    }
    if !ticket.is_open() {
        return Err(Error::ConversationClosed);
    }
    let message = Message::new(&mut ticket, Author::Customer, said, tx.now());
    store_message(tx, &ticket, &message)?;
    if let Some(agent) = store::find_live_agent_of(tx, id)? {
        tx.ring(Topic::Agent(agent));
    }
    Ok(Sent {
        message,
        again: false,
    })
}

/// The agent says something. Only the agent of a live engagement can, and only while talking.
pub fn say_as_agent(
    tx: &mut Tx<'_>,
    id: EngagementId,
    agent: AgentId,
    said: &NewMessage,
) -> Result<Sent, Error> {
    said.check()?;
    let ticket_id = store::find_engaged_ticket(tx, id, agent)?.ok_or(Error::EngagementNotFound)?;
    let mut ticket = store::lock_ticket(tx, ticket_id)?.ok_or(Error::EngagementNotFound)?;
    if let Some(message) = store::find_said(tx, ticket_id, Author::Agent, &said.client_id)? {
        return Ok(Sent {
            message,
            again: true,
        });
    }
    let mut engagement = store::lock_engagement(tx, id)?.ok_or(Error::EngagementNotFound)?;
    match engagement.status {
        EngagementStatus::Talking => {}
        EngagementStatus::Wrapping => return Err(Error::EngagementWrapping),
        EngagementStatus::Resolved | EngagementStatus::Lost => return Err(Error::EngagementEnded),
    }
    if engagement.first_reply_at.is_none() {
        engagement.first_reply_at = Some(tx.now());
        store::update_engagement(tx, &engagement)?;
    }
    let mut message = Message::new(&mut ticket, Author::Agent, said, tx.now());
    message.engagement_id = Some(id);
    // Nodes' clocks may differ by some milliseconds; an engagement begins before its first word.
    message.sent_at = message.sent_at.max(engagement.started_at);
    store_message(tx, &ticket, &message)?;
    tx.ring(Topic::Agent(agent));
    Ok(Sent {
        message,
        again: false,
    })
}

impl Message {
    /// The next one of the conversation.
    fn new(ticket: &mut Ticket, author: Author, said: &NewMessage, now: DateTime<Utc>) -> Self {
        ticket.message_count += 1;
        let masked = mask(said.body.trim());
        Self {
            ticket_id: ticket.id,
            number: ticket.message_count,
            author,
            engagement_id: None,
            client_id: Some(said.client_id.clone()),
            body: masked.text,
            masked: masked.kinds.iter().map(ToString::to_string).collect(),
            sent_at: now,
        }
    }
}

/// Stores the last message of the conversation. The ticket is locked by the caller.
fn store_message(tx: &mut Tx<'_>, ticket: &Ticket, message: &Message) -> Result<(), Error> {
    store::insert_messages(tx, std::slice::from_ref(message))?;
    store::update_message_count(tx, ticket)?;
    tx.ring(Topic::Ticket(ticket.id));
    Ok(())
}

/// What the platform notes in a conversation, each at most once.
#[derive(Clone, Copy)]
pub(crate) enum Note {
    /// The customer left an agent.
    CustomerLeft,
    /// The agent left the customer.
    AgentGone,
}

impl Note {
    /// The note's own name, by which it is found again.
    pub(crate) const fn client_id(self) -> &'static str {
        match self {
            Self::CustomerLeft => "customer_left",
            Self::AgentGone => "agent_gone",
        }
    }

    const fn body(self) -> &'static str {
        match self {
            Self::CustomerLeft => "The customer has left the conversation.",
            Self::AgentGone => "Your agent had to leave. We are sorry.",
        }
    }
}

/// The platform notes something in the conversation. The ticket is locked by the caller.
pub(crate) fn insert_note(tx: &mut Tx<'_>, ticket: &mut Ticket, note: Note) -> Result<(), Error> {
    let said = NewMessage {
        client_id: note.client_id().to_owned(),
        body: note.body().to_owned(),
    };
    let message = Message::new(ticket, Author::Platform, &said, tx.now());
    store_message(tx, ticket, &message)
}

/// Whether the customer has left this conversation.
pub(crate) fn has_customer_left(tx: &mut Tx<'_>, ticket: TicketId) -> Result<bool, Error> {
    let note = store::find_said(tx, ticket, Author::Platform, Note::CustomerLeft.client_id())?;
    Ok(note.is_some())
}

/// What was said before the handoff. The ticket was inserted with its count.
pub(crate) fn insert_transcript(
    tx: &mut Tx<'_>,
    ticket_id: TicketId,
    turns: Vec<TranscriptTurn>,
) -> Result<(), Error> {
    if turns.is_empty() {
        return Ok(());
    }
    let messages: Vec<Message> = (1..)
        .zip(turns)
        .map(|(number, turn)| {
            let masked = mask(turn.body.trim());
            Message {
                ticket_id,
                number,
                author: match turn.author {
                    TranscriptAuthor::Customer => Author::Customer,
                    TranscriptAuthor::Assistant => Author::Assistant,
                },
                engagement_id: None,
                client_id: None,
                body: masked.text,
                masked: masked.kinds.iter().map(ToString::to_string).collect(),
                sent_at: turn.at,
            }
        })
        .collect();
    store::insert_messages(tx, &messages)?;
    Ok(())
}
