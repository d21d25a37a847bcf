//! Messages: the conversation, numbered from 1 without a gap.

use chrono::{DateTime, Utc};
use db::{Topic, Tx};
use diesel::prelude::*;
use kernel::{AgentId, Checks, EngagementId, TicketId, text_enum};

use crate::{
    control::Holder,
    deadline,
    error::Error,
    mask::mask,
    note::Note,
    reopening,
    schema::messages,
    store::{self, Change},
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
        /// The company's assistant, while it holds the conversation.
        Assistant = "assistant",
        /// Gigdesk itself.
        Platform = "platform",
    }
}

/// One message. It never changes.
#[derive(Clone, Debug, Identifiable, Queryable, Selectable)]
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

impl Sent {
    const fn new(message: Message) -> Self {
        Self {
            message,
            again: false,
        }
    }

    const fn again(message: Message) -> Self {
        Self {
            message,
            again: true,
        }
    }
}

/// The customer says something, by link or through the company. A conversation that was resolved
/// not long ago is opened again by it.
pub fn say_as_customer(tx: &mut Tx<'_>, id: TicketId, said: &NewMessage) -> Result<Sent, Error> {
    said.check()?;
    let mut ticket = store::lock_ticket(tx, id)?.ok_or(Error::TicketNotFound)?;
    if let Some(message) = store::find_said(tx, id, Author::Customer, &said.client_id)? {
        return Ok(Sent::again(message));
    }
    let is_back = !ticket.is_open() && !ticket.is_with_assistant();
    if is_back {
        reopening::open_again(tx, &mut ticket)?;
    }
    if let Some(mut engagement) = store::lock_live_engagement_of(tx, id)? {
        deadline::customer_wrote(tx, &mut ticket, &mut engagement)?;
        tx.ring(Topic::Agent(engagement.agent_id));
    }
    let message = store_next(tx, &mut ticket, Author::Customer, said)?;
    if is_back {
        reopening::tell(tx, &mut ticket)?;
    }
    Ok(Sent::new(message))
}

/// The assistant says something. It can only while it holds the conversation, and only if it knows
/// so: what was on its way during a handoff is refused, and never delivered.
pub fn say_as_assistant(
    tx: &mut Tx<'_>,
    id: TicketId,
    epoch: i64,
    said: &NewMessage,
) -> Result<Sent, Error> {
    said.check()?;
    let mut ticket = store::lock_ticket(tx, id)?.ok_or(Error::TicketNotFound)?;
    if let Some(message) = store::find_said(tx, id, Author::Assistant, &said.client_id)? {
        return Ok(Sent::again(message));
    }
    ticket.fence(epoch)?;
    if ticket.control.holder != Holder::Assistant {
        return Err(Error::NotInControl(ticket.control));
    }
    if !ticket.is_with_assistant() {
        return Err(Error::ConversationClosed);
    }
    let message = store_next(tx, &mut ticket, Author::Assistant, said)?;
    Ok(Sent::new(message))
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
        return Ok(Sent::again(message));
    }
    let mut engagement = store::lock_engagement(tx, id)?.ok_or(Error::EngagementNotFound)?;
    engagement.must_be_talking()?;
    deadline::agent_wrote(tx, &mut ticket, &mut engagement)?;
    let mut message = Message::new(&mut ticket, Author::Agent, said, tx.now());
    message.engagement_id = Some(id);
    // Nodes' clocks may differ by some milliseconds; an engagement begins before its first word.
    message.sent_at = message.sent_at.max(engagement.started_at);
    store_message(tx, &ticket, &message)?;
    tx.ring(Topic::Agent(agent));
    Ok(Sent::new(message))
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

/// Stores the last message of the conversation, and the ticket with it. The ticket is locked by the
/// caller.
fn store_message(tx: &mut Tx<'_>, ticket: &Ticket, message: &Message) -> Result<(), Error> {
    let said = std::slice::from_ref(message);
    store::save(tx, &[Change::NewMessages(said), Change::Ticket(ticket)])?;
    tx.ring(Topic::Ticket(ticket.id));
    Ok(())
}

/// Adds what somebody other than an agent says to the conversation, and stores the ticket as it is
/// in the caller's hands.
pub(crate) fn store_next(
    tx: &mut Tx<'_>,
    ticket: &mut Ticket,
    author: Author,
    said: &NewMessage,
) -> Result<Message, Error> {
    let message = Message::new(ticket, author, said, tx.now());
    store_message(tx, ticket, &message)?;
    Ok(message)
}

/// The first messages of a new ticket: what was said before the handoff, and what the customer is
/// told about it.
pub(crate) fn opening(
    ticket: &mut Ticket,
    turns: Vec<TranscriptTurn>,
    told: &Note,
    now: DateTime<Utc>,
) -> Vec<Message> {
    let mut messages: Vec<Message> = Vec::with_capacity(turns.len() + 1);
    for turn in turns {
        let author = match turn.author {
            TranscriptAuthor::Customer => Author::Customer,
            TranscriptAuthor::Assistant => Author::Assistant,
        };
        let masked = mask(turn.body.trim());
        ticket.message_count += 1;
        messages.push(Message {
            ticket_id: ticket.id,
            number: ticket.message_count,
            author,
            engagement_id: None,
            client_id: None,
            body: masked.text,
            masked: masked.kinds.iter().map(ToString::to_string).collect(),
            sent_at: turn.at,
        });
    }
    ticket.control.resume_after = ticket.message_count;
    let said = told.said(ticket);
    messages.push(Message::new(ticket, Author::Platform, &said, now));
    messages
}
