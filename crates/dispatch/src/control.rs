//! Control: who may speak to the customer, and the number that fences off whoever spoke before.
//!
//! A conversation is held by the company's assistant, by its queue, or by an agent. Whenever the
//! holder changes the epoch rises by one, in the same transaction and kept so by the database.
//! Whoever acts for the assistant says which epoch they know: with an old one nothing happens, so
//! that a message which was on its way during a handoff is never delivered.

use chrono::{DateTime, Utc};
use db::{Topic, Tx};
use diesel::prelude::*;
use kernel::{Invalid, TicketId, text_enum};
use routing::Policy;

use crate::{
    error::Error,
    note::{self, Note},
    offer::{self, Asked, OfferStatus},
    queue::Queue,
    reopening,
    schema::tickets,
    standing,
    store::{self, Change},
    ticket::{Ticket, TicketStatus},
};

text_enum! {
    /// Who may speak to the customer.
    pub Holder {
        /// The company's assistant.
        Assistant = "assistant",
        /// Nobody yet: it waits for an agent.
        Queue = "queue",
        /// The agent of the live engagement.
        Agent = "agent",
    }
}

text_enum! {
    /// What the assistant does about the control of a conversation.
    pub ControlVerb {
        /// Looks for an agent, and goes on talking until one has accepted.
        Offer = "offer",
        /// Takes the control that it requested.
        Accept = "accept",
        /// Gives the control to the queue, and falls silent.
        Pass = "pass",
        /// Gives up what it has: the control to the queue, or its request for it.
        Release = "release",
        /// Asks for the control.
        Request = "request",
    }
}

/// Who may speak in a conversation, as a part of its ticket.
#[derive(Clone, Debug, Eq, Insertable, PartialEq, Queryable, Selectable)]
#[diesel(treat_none_as_default_value = false)]
#[diesel(table_name = tickets, check_for_backend(diesel::pg::Pg))]
pub struct Control {
    /// Who.
    pub holder: Holder,
    /// How often the holder has changed, and one more.
    #[diesel(column_name = control_epoch)]
    pub epoch: i64,
    /// The number of the last message that the assistant saw while it held the conversation. Its
    /// context begins again after it.
    #[diesel(column_name = seen_by_assistant)]
    pub resume_after: i32,
    /// When the assistant asked for the control, while that is not answered.
    #[diesel(column_name = control_requested_at)]
    pub requested_at: Option<DateTime<Utc>>,
}

impl Control {
    /// Of a conversation that the assistant has handed over.
    pub(crate) const fn handed_over() -> Self {
        Self {
            holder: Holder::Queue,
            epoch: 1,
            resume_after: 0,
            requested_at: None,
        }
    }
}

impl Ticket {
    /// Changes who may speak. Whoever could before is fenced off, and has nothing left to ask.
    pub(crate) fn hand_to(&mut self, holder: Holder) {
        let control = &mut self.control;
        if control.holder == holder {
            return;
        }
        if control.holder == Holder::Assistant {
            control.resume_after = self.message_count;
        }
        control.holder = holder;
        control.epoch += 1;
        control.requested_at = None;
    }

    /// Only who knows the present epoch acts for the assistant.
    pub(crate) fn fence(&self, epoch: i64) -> Result<(), Error> {
        if epoch == self.control.epoch {
            Ok(())
        } else {
            Err(Error::StaleEpoch(self.control.clone()))
        }
    }

    /// Whether the assistant goes on with it.
    pub(crate) fn is_with_assistant(&self) -> bool {
        self.control.holder == Holder::Assistant
            && (self.is_open() || self.status == TicketStatus::Returned)
    }
}

/// What the assistant does, and what it knows.
#[derive(Clone, Debug)]
pub struct ControlChange {
    /// What it does.
    pub verb: ControlVerb,
    /// The control epoch that it knows.
    pub epoch: i64,
    /// With `offer` and `pass`, the code of the queue in which the conversation is to wait; where
    /// none is named, that in which it was.
    pub queue: Option<String>,
}

impl ControlChange {
    /// In the queue in which the conversation was.
    pub const fn new(verb: ControlVerb, epoch: i64) -> Self {
        Self {
            verb,
            epoch,
            queue: None,
        }
    }

    /// The queue that it names, with the policy by which that routes.
    fn destination(&self, tx: &mut Tx<'_>) -> Result<Option<(Queue, Policy)>, Error> {
        let Some(code) = &self.queue else {
            return Ok(None);
        };
        if !matches!(self.verb, ControlVerb::Offer | ControlVerb::Pass) {
            return Err(Invalid::field("queue", "goes with offer and pass only").into());
        }
        let (queue, version) = store::find_queue_with_policy(tx, code)?
            .ok_or_else(|| Invalid::field("queue", "is not a queue of this platform"))?;
        Ok(Some((queue, version.policy()?)))
    }
}

/// The assistant changes who may speak, or asks for it. Nothing happens where somebody else has
/// changed it since the caller looked.
pub fn control(tx: &mut Tx<'_>, id: TicketId, change: &ControlChange) -> Result<Ticket, Error> {
    let destination = change.destination(tx)?;
    let verb = change.verb;
    let mut asked = offer::lock_asked(tx, id)?;
    let mut ticket = store::lock_ticket(tx, id)?.ok_or(Error::TicketNotFound)?;
    ticket.fence(change.epoch)?;
    if !ticket.is_open() && !ticket.is_with_assistant() {
        return Err(Error::ConversationClosed);
    }
    if let Some((queue, policy)) = destination.filter(|_| ticket.is_with_assistant()) {
        send_to(tx, &mut ticket, &mut asked, &queue, &policy)?;
    }
    match (verb, ticket.control.holder) {
        (ControlVerb::Offer, Holder::Assistant) => offer_to_agents(tx, &mut ticket)?,
        (ControlVerb::Pass | ControlVerb::Release, Holder::Assistant) => pass(tx, &mut ticket)?,
        (ControlVerb::Release, _) => ticket.control.requested_at = None,
        (ControlVerb::Request, Holder::Queue | Holder::Agent) => {
            ticket.control.requested_at.get_or_insert(tx.now());
        }
        (ControlVerb::Accept, Holder::Queue) if ticket.control.requested_at.is_some() => {
            offer::end_all(tx, &ticket, &mut asked, OfferStatus::Canceled)?;
            ticket.close(TicketStatus::Returned, tx.now());
            note::insert(tx, &mut ticket, &Note::Returned)?;
        }
        (ControlVerb::Accept, _) => {
            return Err(Error::ControlNotOffered(ticket.control));
        }
        (ControlVerb::Offer | ControlVerb::Pass, _) => {
            return Err(Error::NotInControl(ticket.control));
        }
        // Whoever holds it already has what it asks for.
        (ControlVerb::Request, Holder::Assistant) => {}
    }
    store::save(tx, &[Change::Ticket(&ticket)])?;
    if let Some(agent) = store::find_live_agent_of(tx, id)? {
        tx.ring(Topic::Agent(agent));
    }
    tx.ring(Topic::Ticket(id));
    tx.ring(Topic::Floor);
    Ok(ticket)
}

/// Moves a ticket that the assistant has to a queue. Who is asked about it in another one is not
/// asked any longer.
fn send_to(
    tx: &mut Tx<'_>,
    ticket: &mut Ticket,
    asked: &mut Asked,
    queue: &Queue,
    policy: &Policy,
) -> Result<(), Error> {
    if ticket.queue == queue.code {
        return Ok(());
    }
    if ticket.is_open() {
        offer::end_all(tx, ticket, asked, OfferStatus::Rescinded)?;
        ticket.wait_again(tx.now());
        tx.ring(Topic::Match);
    }
    ticket.move_to(queue, policy);
    Ok(())
}

fn offer_to_agents(tx: &mut Tx<'_>, ticket: &mut Ticket) -> Result<(), Error> {
    if ticket.is_open() {
        return Ok(());
    }
    reopening::wait_anew(tx, ticket)?;
    let standing = standing::of(tx, ticket)?;
    note::insert(tx, ticket, &Note::Offered(standing))?;
    Ok(())
}

fn pass(tx: &mut Tx<'_>, ticket: &mut Ticket) -> Result<(), Error> {
    if !ticket.is_open() {
        reopening::wait_anew(tx, ticket)?;
    }
    ticket.hand_to(Holder::Queue);
    let standing = standing::of(tx, ticket)?;
    note::insert(tx, ticket, &Note::PutThrough(standing))?;
    Ok(())
}
