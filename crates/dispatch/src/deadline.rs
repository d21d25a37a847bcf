//! Deadlines: the customer gets an answer in time, or somebody else.
//!
//! While it is the agent's turn the ticket has a deadline for the reply. When it passes a supervisor
//! is alerted; after the queue's grace the ticket goes back to the front of the queue. While it is
//! the customer's turn the deadline is that of silence: the customer is asked once whether they are
//! still there, and then the talk ends.

use chrono::TimeDelta;
use db::{Topic, Tx};
use kernel::{AgentId, EngagementId};

use crate::{
    engagement::{self, Engagement, EngagementStatus, LostReason},
    error::Error,
    note::{self, Note},
    parting::{self, Parted},
    queue::TalkRules,
    store::{self, Change},
    ticket::{NextAction, Ticket},
};

/// How long a customer has to answer whether they are still there.
const LAST_CALL: TimeDelta = TimeDelta::minutes(5);

/// What became of a deadline that had passed.
#[must_use = "what was done until then is paid in the same transaction"]
#[derive(Clone, Debug)]
pub enum Kept {
    /// Somebody was quicker; nothing had to be done.
    InTime,
    /// A supervisor is alerted that the agent does not answer.
    Alerted,
    /// The agent did not answer; the ticket goes to somebody else.
    Lost(Box<Parted>),
    /// The customer is asked whether they are still there.
    Asked,
    /// Nobody said anything; the talk is over.
    Ended,
}

/// The customer hands the word to the agent, who has so long to answer. What the customer adds to
/// it does not move the deadline.
pub(crate) fn customer_wrote(
    tx: &mut Tx<'_>,
    ticket: &mut Ticket,
    engagement: &mut Engagement,
) -> Result<(), Error> {
    if engagement.status != EngagementStatus::Talking || engagement.reply_due_at.is_some() {
        return Ok(());
    }
    let seconds = rules(tx, ticket)?.next_reply_seconds;
    let due = tx.now() + TimeDelta::seconds(i64::from(seconds));
    engagement.reply_due_at = Some(due);
    engagement.asked_at = None;
    ticket.next(NextAction::NextReply, due);
    store::save(tx, &[Change::Engagement(engagement)])?;
    Ok(())
}

/// The agent hands the word to the customer.
pub(crate) fn agent_wrote(
    tx: &mut Tx<'_>,
    ticket: &mut Ticket,
    engagement: &mut Engagement,
) -> Result<(), Error> {
    let seconds = rules(tx, ticket)?.silence_seconds;
    ticket.next(
        NextAction::EndSilence,
        tx.now() + TimeDelta::seconds(i64::from(seconds)),
    );
    let had_the_word = engagement.reply_due_at.is_some() || engagement.asked_at.is_some();
    if engagement.first_reply_at.is_none() || had_the_word {
        engagement.first_reply_at.get_or_insert(tx.now());
        engagement.reply_due_at = None;
        engagement.alerted_at = None;
        engagement.asked_at = None;
        store::save(tx, &[Change::Engagement(engagement)])?;
        tx.ring(Topic::Floor);
    }
    Ok(())
}

/// Does what is due about a talk whose deadline has passed.
pub fn keep_deadline(tx: &mut Tx<'_>, id: EngagementId, agent: AgentId) -> Result<Kept, Error> {
    let (workload, mut ticket, mut engagement) = engagement::lock(tx, id, agent)?;
    let is_due = ticket.deadline_at.is_some_and(|due| due <= tx.now());
    if engagement.status != EngagementStatus::Talking || !is_due {
        return Ok(Kept::InTime);
    }
    let kept = match ticket.next_action {
        Some(NextAction::FirstReply | NextAction::NextReply) if engagement.alerted_at.is_some() => {
            let lost = parting::lose(tx, (workload, ticket, engagement), LostReason::Silent)?;
            return Ok(Kept::Lost(Box::new(lost)));
        }
        Some(action @ (NextAction::FirstReply | NextAction::NextReply)) => {
            let grace = rules(tx, &ticket)?.silent_grace_seconds;
            engagement.alerted_at = Some(tx.now());
            ticket.next(action, tx.now() + TimeDelta::seconds(i64::from(grace)));
            store::save(tx, &[Change::Ticket(&ticket)])?;
            Kept::Alerted
        }
        Some(NextAction::EndSilence) if engagement.asked_at.is_none() => {
            engagement.asked_at = Some(tx.now());
            ticket.next(NextAction::EndSilence, tx.now() + LAST_CALL);
            note::insert(tx, &mut ticket, &Note::StillThere)?;
            Kept::Asked
        }
        Some(NextAction::EndSilence) => {
            note::insert(tx, &mut ticket, &Note::Silence)?;
            engagement::wrap(tx, &mut ticket, &mut engagement)?;
            return Ok(Kept::Ended);
        }
        // The other actions are not about talks.
        _ => return Ok(Kept::InTime),
    };
    store::save(tx, &[Change::Engagement(&engagement)])?;
    engagement::ring(tx, &engagement);
    Ok(kept)
}

fn rules(tx: &mut Tx<'_>, ticket: &Ticket) -> Result<TalkRules, Error> {
    let queue = store::find_queue(tx, &ticket.queue)?.ok_or(Error::QueueNotFound)?;
    Ok(queue.rules)
}
