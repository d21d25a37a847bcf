//! Parting: an engagement ends, and the conversation goes on without its agent.

use chrono::{DateTime, Utc};
use db::{Topic, Tx};
use kernel::{AgentId, EngagementId, TicketId};

use crate::{
    engagement::{self, Engagement, EngagementStatus, Locked, LostReason, ReleaseReason},
    error::Error,
    note::{self, Note},
    offer::{self, OfferStatus},
    standing,
    store::{self, Change},
    ticket::{Ticket, TicketStatus},
};

/// An agent has parted from a conversation that goes on.
#[must_use = "what was done until then is paid in the same transaction"]
#[derive(Clone, Debug)]
pub struct Parted {
    /// The engagement as it ended.
    pub engagement: Engagement,
    /// The ticket as it is now.
    pub ticket: Ticket,
    /// The queue in which the work was done.
    pub queue: String,
    /// Whole seconds of work that are to be paid; none where nothing is owed.
    pub paid_seconds: Option<i32>,
}

impl Ticket {
    /// Moves before whatever waits in its queue; never further back than it was.
    fn move_to_front(&mut self, first: Option<DateTime<Utc>>) {
        if let Some(first) = first {
            let before = first - chrono::TimeDelta::microseconds(1);
            self.rank_at = self.rank_at.min(before);
        }
    }
}

/// Ends an engagement that is locked: what the agent held is free again. `worked_until` is when the
/// work that counts was done. The ticket is the caller's to change.
pub(crate) fn part(
    tx: &mut Tx<'_>,
    (workload, ticket, engagement): &mut Locked,
    status: EngagementStatus,
    worked_until: DateTime<Utc>,
) -> Result<Option<i32>, Error> {
    let last_said = store::find_last_said_in(tx, engagement.id)?;
    // A message may have been sent while this waited for its turn.
    engagement.end(
        status,
        last_said.map_or(tx.now(), |said| said.max(tx.now())),
    );
    workload.give_back(engagement.channel, engagement.weight, tx.now());
    let seconds = engagement
        .is_payable()
        .then(|| engagement.seconds_until(worked_until));
    if let Some(seconds) = seconds {
        workload.add_work(seconds, tx.now());
    }
    store::save(
        tx,
        &[Change::Workload(workload), Change::Engagement(engagement)],
    )?;
    engagement::ring(tx, engagement);
    tx.ring(Topic::Ticket(ticket.id));
    tx.ring(Topic::Match);
    Ok(seconds)
}

/// The agent gives the ticket back to its place in the queue. Without a reply nothing is owed; else
/// the time until now is.
pub fn release(
    tx: &mut Tx<'_>,
    id: EngagementId,
    agent: AgentId,
    reason: ReleaseReason,
) -> Result<Parted, Error> {
    let mut locked = engagement::lock(tx, id, agent)?;
    locked.2.must_be_talking()?;
    locked.2.release_reason = Some(reason);
    let now = tx.now();
    let paid_seconds = part(tx, &mut locked, EngagementStatus::Released, now)?;
    let (_, mut ticket, engagement) = locked;
    wait_or_end(tx, &mut ticket, Note::Released)?;
    Ok(Parted {
        queue: ticket.queue.clone(),
        engagement,
        ticket,
        paid_seconds,
    })
}

/// Ends the engagement of an agent who is gone, or does not answer. The ticket goes to the front of
/// its queue, and the customer is told. What the agent is owed ends with their last message.
pub(crate) fn lose(
    tx: &mut Tx<'_>,
    mut locked: Locked,
    reason: LostReason,
) -> Result<Parted, Error> {
    locked.2.lost_reason = Some(reason);
    let last_said = store::find_last_said_in(tx, locked.2.id)?;
    let until = last_said.unwrap_or(tx.now());
    let paid_seconds = part(tx, &mut locked, EngagementStatus::Lost, until)?;
    let (_, mut ticket, engagement) = locked;
    let first = store::find_first_place(tx, &ticket.queue)?;
    ticket.move_to_front(first);
    let note = match reason {
        LostReason::Gone => Note::AgentGone,
        LostReason::Silent => Note::AgentSilent,
    };
    wait_or_end(tx, &mut ticket, note)?;
    Ok(Parted {
        queue: ticket.queue.clone(),
        engagement,
        ticket,
        paid_seconds,
    })
}

/// Lets a ticket wait again and tells the customer so, or ends it where the customer has left.
fn wait_or_end(
    tx: &mut Tx<'_>,
    ticket: &mut Ticket,
    note: fn(standing::Standing) -> Note,
) -> Result<(), Error> {
    if note::has_customer_left(tx, ticket)? {
        ticket.close(TicketStatus::Abandoned, tx.now());
        store::save(tx, &[Change::Ticket(ticket)])?;
        return Ok(());
    }
    ticket.wait_again(tx.now());
    let standing = standing::of(tx, ticket)?;
    note::insert(tx, ticket, &note(standing))
}

/// Gives back the tickets that a lost agent took but never replied in. Nothing is owed for them.
pub(crate) fn lose_unanswered(tx: &mut Tx<'_>, agent: AgentId) -> Result<(), Error> {
    for id in store::list_unanswered_engagements(tx, agent)? {
        let locked = engagement::lock(tx, id, agent)?;
        if locked.2.status == EngagementStatus::Talking && locked.2.first_reply_at.is_none() {
            // Who never replied is owed nothing.
            let _unpaid = lose(tx, locked, LostReason::Gone)?;
        }
    }
    Ok(())
}

/// Takes a talk from an agent who is gone for good, so that its customer does not wait for them;
/// nothing where it has ended meanwhile.
pub fn lose_talk(
    tx: &mut Tx<'_>,
    id: EngagementId,
    agent: AgentId,
) -> Result<Option<Parted>, Error> {
    let locked = engagement::lock(tx, id, agent)?;
    if locked.2.status != EngagementStatus::Talking {
        return Ok(None);
    }
    lose(tx, locked, LostReason::Gone).map(Some)
}

/// The agent gives the conversation to the company's assistant.
pub fn hand_back(tx: &mut Tx<'_>, id: EngagementId, agent: AgentId) -> Result<Parted, Error> {
    let mut locked = engagement::lock(tx, id, agent)?;
    locked.2.must_be_talking()?;
    return_engaged(tx, &mut locked)
}

fn return_engaged(tx: &mut Tx<'_>, locked: &mut Locked) -> Result<Parted, Error> {
    let now = tx.now();
    let paid_seconds = part(tx, locked, EngagementStatus::Returned, now)?;
    let (_, ticket, engagement) = locked;
    close_returned(tx, ticket)?;
    Ok(Parted {
        queue: ticket.queue.clone(),
        engagement: engagement.clone(),
        ticket: ticket.clone(),
        paid_seconds,
    })
}

fn close_returned(tx: &mut Tx<'_>, ticket: &mut Ticket) -> Result<(), Error> {
    ticket.close(TicketStatus::Returned, tx.now());
    note::insert(tx, ticket, &Note::Returned)?;
    tx.ring(Topic::Floor);
    Ok(())
}

/// What operations gave back to the assistant: the ticket, and where an agent had it, what that
/// agent did.
#[must_use = "what was done until then is paid in the same transaction"]
#[derive(Clone, Debug)]
pub struct HandedBack {
    /// The ticket as it is now.
    pub ticket: Ticket,
    /// Set where an agent had it.
    pub parted: Option<Parted>,
}

/// Operations give the conversation to the company's assistant, whoever has it.
pub fn hand_back_for_all(tx: &mut Tx<'_>, id: TicketId) -> Result<HandedBack, Error> {
    if let Some((engagement, agent)) = store::find_live_engagement_of(tx, id)? {
        let mut locked = engagement::lock(tx, engagement, agent)?;
        // It may have ended between the look and the lock; whoever asked looks again.
        locked.2.must_be_talking()?;
        let parted = return_engaged(tx, &mut locked)?;
        return Ok(HandedBack {
            ticket: parted.ticket.clone(),
            parted: Some(parted),
        });
    }
    let mut asked = offer::lock_asked(tx, id)?;
    let mut ticket = store::lock_ticket(tx, id)?.ok_or(Error::TicketNotFound)?;
    match ticket.status {
        TicketStatus::Waiting | TicketStatus::Offered => {
            offer::end_all(tx, &ticket, &mut asked, OfferStatus::Canceled)?;
            close_returned(tx, &mut ticket)?;
        }
        TicketStatus::Returned => {}
        // An agent took it between the look and the lock.
        TicketStatus::Engaged | TicketStatus::Wrapping => return Err(Error::Contended),
        TicketStatus::Resolved | TicketStatus::Abandoned | TicketStatus::Expired => {
            return Err(Error::ConversationClosed);
        }
    }
    Ok(HandedBack {
        ticket,
        parted: None,
    })
}
