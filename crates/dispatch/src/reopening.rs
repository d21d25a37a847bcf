//! Reopening: the customer comes back to a conversation that was resolved.

use chrono::{DateTime, TimeDelta, Utc};
use db::{Topic, Tx};
use kernel::TicketId;
use routing::Policy;

use crate::{
    control::Holder,
    error::Error,
    note::{self, Note},
    queue::Queue,
    standing, store,
    ticket::{NextAction, Ticket, TicketStatus},
};

impl Ticket {
    /// Waits for an agent as if it had come in now.
    fn come_in_again(&mut self, queue: &Queue, policy: &Policy, now: DateTime<Utc>) {
        self.status = TicketStatus::Waiting;
        self.closed_at = None;
        self.waiting_since = now;
        self.rank_at = now - TimeDelta::seconds(policy.head_start_seconds) * self.priority;
        self.first_reply_due_at = now + TimeDelta::seconds(i64::from(queue.first_reply_seconds));
        self.put_aside_at = now + TimeDelta::seconds(policy.dead_letter_seconds);
        self.next(NextAction::DeadLetter, self.put_aside_at);
    }
}

/// Until when a resolved conversation can be reopened; none where it cannot.
pub(crate) fn open_until(ticket: &Ticket, queue: &Queue) -> Option<DateTime<Utc>> {
    let closed = ticket
        .closed_at
        .filter(|_| ticket.status == TicketStatus::Resolved)?;
    Some(closed + TimeDelta::days(i64::from(queue.rules.reopen_days)))
}

/// Opens a resolved conversation again, for some days after its end: the same ticket waits once
/// more, and whoever helped last is asked first. An open one stays as it is.
pub fn reopen(tx: &mut Tx<'_>, id: TicketId) -> Result<Ticket, Error> {
    let mut ticket = store::lock_ticket(tx, id)?.ok_or(Error::TicketNotFound)?;
    if !ticket.is_open() {
        open_again(tx, &mut ticket)?;
        tell(tx, &mut ticket)?;
    }
    Ok(ticket)
}

/// Opens a ticket that is locked by the caller, who stores it.
pub(crate) fn open_again(tx: &mut Tx<'_>, ticket: &mut Ticket) -> Result<(), Error> {
    let (queue, version) =
        store::find_queue_with_policy(tx, &ticket.queue)?.ok_or(Error::QueueNotFound)?;
    let until = open_until(ticket, &queue).ok_or(Error::ConversationClosed)?;
    if tx.now() >= until {
        return Err(Error::ReopenTooLate(queue.rules.reopen_days));
    }
    let policy = version.policy()?;
    ticket.come_in_again(&queue, &policy, tx.now());
    ticket.hand_to(Holder::Queue);
    ticket.reopened_count += 1;
    let window = policy.preferred_agent_seconds;
    let last = store::find_last_engagement_of(tx, ticket.id)?;
    if let Some(last) = last.filter(|_| window > 0) {
        ticket.prefer(last.agent_id, tx.now() + TimeDelta::seconds(window));
    }
    ring(tx, ticket);
    Ok(())
}

/// Tells the customer that the conversation is open again, and where they stand.
pub(crate) fn tell(tx: &mut Tx<'_>, ticket: &mut Ticket) -> Result<(), Error> {
    let standing = standing::of(tx, ticket)?;
    note::insert(tx, ticket, &Note::Reopened(standing))
}

/// Lets a ticket that the assistant has wait in its queue again. It is the caller's to store.
pub(crate) fn wait_anew(tx: &mut Tx<'_>, ticket: &mut Ticket) -> Result<(), Error> {
    let (queue, version) =
        store::find_queue_with_policy(tx, &ticket.queue)?.ok_or(Error::QueueNotFound)?;
    ticket.come_in_again(&queue, &version.policy()?, tx.now());
    ring(tx, ticket);
    Ok(())
}

fn ring(tx: &mut Tx<'_>, ticket: &Ticket) {
    tx.ring(Topic::Match);
    tx.ring(Topic::Ticket(ticket.id));
    tx.ring(Topic::Floor);
}
