//! Dead letters: tickets that nobody could be found for in time. They are put aside with what had
//! been tried, operations are alarmed, and each is put back in its place or given up by a person.

use chrono::{DateTime, TimeDelta, Utc};
use db::{Topic, Tx};
use diesel::prelude::*;
use kernel::{DeadLetterId, TicketId, text_enum};

use crate::{
    control::Holder,
    error::Error,
    note::{self, Note},
    schema::dead_letters,
    store::{self, Change},
    ticket::{NextAction, Ticket, TicketStatus},
};

/// How many tickets one run puts aside.
const BATCH: i64 = 100;
/// How many of its offers a dead letter tells of, the last ones.
const HISTORY: usize = 50;

text_enum! {
    /// What a person made of a dead letter.
    pub Settlement {
        /// The ticket waits again in its place.
        Replayed = "replayed",
        /// It is given up.
        Discarded = "discarded",
    }
}

/// A ticket that nobody could be found for, and what had been tried.
#[derive(AsChangeset, Clone, Debug, Identifiable, Insertable, Queryable, Selectable)]
#[diesel(treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg), treat_none_as_null = true)]
pub struct DeadLetter {
    /// Its id.
    pub id: DeadLetterId,
    /// Which ticket.
    pub ticket_id: TicketId,
    /// Why it was put aside.
    pub reason: String,
    /// Its offers, the last ones first: to whom, when, and what became of them.
    pub history: serde_json::Value,
    /// When it was put aside.
    pub created_at: DateTime<Utc>,
    /// When a person decided about it.
    pub settled_at: Option<DateTime<Utc>>,
    /// Who. Set together with `settled_at`.
    pub settled_by: Option<String>,
    /// How. Set together with `settled_at`.
    pub settlement: Option<Settlement>,
}

/// Puts aside what nobody was found for in time, and tells the customers.
pub fn put_aside(tx: &mut Tx<'_>) -> Result<Vec<DeadLetter>, Error> {
    let due = store::list_overdue_tickets(tx, NextAction::DeadLetter, BATCH)?;
    let mut letters = Vec::with_capacity(due.len());
    for mut ticket in store::lock_waiting_tickets(tx, &due)? {
        // Its patience may have been renewed between the look and the lock.
        if ticket
            .deadline_at
            .is_some_and(|deadline| deadline <= tx.now())
        {
            letters.push(write(tx, &mut ticket)?);
        }
    }
    Ok(letters)
}

fn write(tx: &mut Tx<'_>, ticket: &mut Ticket) -> Result<DeadLetter, Error> {
    let offers = store::list_offers_of(tx, ticket.id)?;
    let waited = (tx.now() - ticket.waiting_since).num_minutes();
    let history: Vec<_> = offers
        .iter()
        .rev()
        .take(HISTORY)
        .map(|offer| {
            serde_json::json!({
                "offer": offer.id, "agent": offer.agent_id, "status": offer.status,
                "offered_at": offer.offered_at, "closed_at": offer.closed_at,
                "decline_reason": offer.decline_reason,
            })
        })
        .collect();
    let letter = DeadLetter {
        id: DeadLetterId::new(),
        ticket_id: ticket.id,
        reason: format!(
            "nobody took it in {waited} minutes, in which it was offered {} times",
            offers.len()
        ),
        history: history.into(),
        created_at: tx.now(),
        settled_at: None,
        settled_by: None,
        settlement: None,
    };
    note::insert(tx, ticket, &Note::NobodyFound)?;
    ticket.close(TicketStatus::Expired, tx.now());
    store::save(tx, &[Change::Ticket(ticket)])?;
    store::insert_dead_letter(tx, &letter)?;
    tx.ring(Topic::Ticket(ticket.id));
    tx.ring(Topic::Floor);
    Ok(letter)
}

/// Puts the ticket of a dead letter back in its place in the queue, with patience for as long again
/// as it had at first.
pub fn replay_dead_letter(
    tx: &mut Tx<'_>,
    id: DeadLetterId,
    by: &str,
) -> Result<DeadLetter, Error> {
    let (mut ticket, letter) = settle(tx, id, by, Settlement::Replayed)?;
    let patience = ticket.put_aside_at - ticket.waiting_since;
    ticket.closed_at = None;
    ticket.hand_to(Holder::Queue);
    ticket.put_aside_at = tx.now() + patience.max(TimeDelta::minutes(1));
    ticket.wait_again(tx.now());
    store::save(tx, &[Change::Ticket(&ticket)])?;
    tx.ring(Topic::Match);
    Ok(letter)
}

/// Gives the ticket of a dead letter up.
pub fn discard_dead_letter(
    tx: &mut Tx<'_>,
    id: DeadLetterId,
    by: &str,
) -> Result<DeadLetter, Error> {
    settle(tx, id, by, Settlement::Discarded).map(|(_, letter)| letter)
}

fn settle(
    tx: &mut Tx<'_>,
    id: DeadLetterId,
    by: &str,
    settlement: Settlement,
) -> Result<(Ticket, DeadLetter), Error> {
    let ticket = store::find_dead_ticket(tx, id)?.ok_or(Error::DeadLetterNotFound)?;
    let ticket = store::lock_ticket(tx, ticket)?.ok_or(Error::DeadLetterNotFound)?;
    let mut letter = store::lock_dead_letter(tx, id)?.ok_or(Error::DeadLetterNotFound)?;
    if letter.settled_at.is_some() {
        return Err(Error::DeadLetterSettled);
    }
    letter.settled_at = Some(tx.now());
    letter.settled_by = Some(by.to_owned());
    letter.settlement = Some(settlement);
    store::update_dead_letter(tx, &letter)?;
    tx.ring(Topic::Ticket(ticket.id));
    tx.ring(Topic::Floor);
    Ok((ticket, letter))
}
