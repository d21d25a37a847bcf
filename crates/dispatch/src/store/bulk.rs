//! Rows in numbers, as arrays: the text of the statement does not depend on how many they are, so
//! that it stays prepared.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use db::{Rows, fixed, push_arrays, push_few};
use diesel::{
    QueryResult,
    pg::Pg,
    query_builder::{AstPass, QueryFragment},
    sql_types::{Integer, Timestamptz, Uuid},
};
use kernel::{AgentId, TicketId};

use crate::{
    engagement::Engagement,
    message::Message,
    offer::Offer,
    schema::{engagements, messages, offers, tickets, workloads},
    ticket::{Channel, Ticket},
    workload::Workload,
};

/// Tickets, to be inserted.
pub(super) fn new_tickets<'t>(new: &[&'t Ticket]) -> Rows<'t, tickets::table> {
    macro_rules! all {
        ($ticket:ident => $value:expr) => {
            new.iter().map(|&$ticket| $value)
        };
    }
    Rows::of(&tickets::table)
        .column(tickets::id, all!(t => t.id))
        .column(tickets::source, all!(t => &*t.source))
        .column(tickets::external_id, all!(t => &*t.external_id))
        .column(tickets::queue, all!(t => &*t.queue))
        .column(tickets::language, all!(t => &*t.language))
        .column(tickets::language_level, all!(t => t.language_level))
        .lists(
            tickets::required_skills,
            "text[]",
            all!(t => &t.required_skills),
        )
        .lists(
            tickets::skill_levels,
            "integer[]",
            all!(t => &t.skill_levels),
        )
        .column(tickets::channel, all!(t => t.channel))
        .column(tickets::customer_ref, all!(t => &*t.customer_ref))
        .column(tickets::customer_name, all!(t => &*t.customer_name))
        .column(tickets::customer_tier, all!(t => &*t.customer_tier))
        .column(tickets::customer_locale, all!(t => &*t.customer_locale))
        .column(
            tickets::household_ref,
            all!(t => t.household_ref.as_deref()),
        )
        .column(tickets::reason, all!(t => t.reason))
        .column(tickets::summary, all!(t => &*t.summary))
        .column(tickets::intent, all!(t => t.intent.as_deref()))
        .column(tickets::confidence, all!(t => t.confidence))
        .column(tickets::priority, all!(t => t.priority))
        .column(tickets::weight, all!(t => t.weight))
        .column(tickets::status, all!(t => t.status))
        .column(tickets::message_count, all!(t => t.message_count))
        .column(tickets::created_at, all!(t => t.created_at))
        .column(tickets::waiting_since, all!(t => t.waiting_since))
        .column(tickets::rank_at, all!(t => t.rank_at))
        .column(tickets::class, all!(t => t.class))
        .column(tickets::preferred_agent_id, all!(t => t.preferred_agent_id))
        .column(tickets::preferred_until, all!(t => t.preferred_until))
        .column(tickets::put_aside_at, all!(t => t.put_aside_at))
        .column(tickets::first_reply_due_at, all!(t => t.first_reply_due_at))
        .column(tickets::closed_at, all!(t => t.closed_at))
        .column(tickets::next_action, all!(t => t.next_action))
        .column(tickets::deadline_at, all!(t => t.deadline_at))
        .column(tickets::taken_at, all!(t => t.taken_at))
        .column(tickets::reopened_count, all!(t => t.reopened_count))
        .column(tickets::holder, all!(t => t.control.holder))
        .column(tickets::control_epoch, all!(t => t.control.epoch))
        .column(
            tickets::seen_by_assistant,
            all!(t => t.control.resume_after),
        )
        .column(
            tickets::control_requested_at,
            all!(t => t.control.requested_at),
        )
}

/// All of tickets that ever changes.
pub(super) fn changed_tickets<'t>(changed: &[&'t Ticket]) -> Rows<'t, tickets::table> {
    macro_rules! all {
        ($ticket:ident => $value:expr) => {
            changed.iter().map(|&$ticket| $value)
        };
    }
    Rows::of(&tickets::table)
        .column(tickets::id, all!(t => t.id))
        .column(tickets::status, all!(t => t.status))
        .column(tickets::closed_at, all!(t => t.closed_at))
        .column(tickets::next_action, all!(t => t.next_action))
        .column(tickets::deadline_at, all!(t => t.deadline_at))
        .column(tickets::message_count, all!(t => t.message_count))
        .column(tickets::taken_at, all!(t => t.taken_at))
        .column(tickets::reopened_count, all!(t => t.reopened_count))
        .column(tickets::put_aside_at, all!(t => t.put_aside_at))
        .column(tickets::preferred_agent_id, all!(t => t.preferred_agent_id))
        .column(tickets::preferred_until, all!(t => t.preferred_until))
        .column(tickets::waiting_since, all!(t => t.waiting_since))
        .column(tickets::rank_at, all!(t => t.rank_at))
        .column(tickets::first_reply_due_at, all!(t => t.first_reply_due_at))
        .column(tickets::queue, all!(t => &*t.queue))
        .lists(
            tickets::required_skills,
            "text[]",
            all!(t => &t.required_skills),
        )
        .lists(
            tickets::skill_levels,
            "integer[]",
            all!(t => &t.skill_levels),
        )
        .column(tickets::weight, all!(t => t.weight))
        .column(tickets::class, all!(t => t.class))
        .column(tickets::holder, all!(t => t.control.holder))
        .column(tickets::control_epoch, all!(t => t.control.epoch))
        .column(
            tickets::seen_by_assistant,
            all!(t => t.control.resume_after),
        )
        .column(
            tickets::control_requested_at,
            all!(t => t.control.requested_at),
        )
        .changed_by(tickets::id)
}

/// All of agents' loads.
pub(super) fn workloads(changed: &[&Workload]) -> Rows<'static, workloads::table> {
    macro_rules! all {
        ($workload:ident => $value:expr) => {
            changed.iter().map(|$workload| $value)
        };
    }
    Rows::of(&workloads::table)
        .column(workloads::agent_id, all!(w => w.agent_id))
        .column(workloads::capacity, all!(w => w.capacity))
        .column(workloads::load, all!(w => w.load))
        .column(workloads::idle_since, all!(w => w.idle_since))
        .column(workloads::chat_capacity, all!(w => w.chat_capacity))
        .column(workloads::chat_load, all!(w => w.chat_load))
        .column(workloads::message_capacity, all!(w => w.message_capacity))
        .column(workloads::message_load, all!(w => w.message_load))
        .column(workloads::worked_on, all!(w => w.worked_on))
        .column(workloads::worked_seconds, all!(w => w.worked_seconds))
        .changed_by(workloads::agent_id)
}

/// Engagements, to be inserted.
pub(super) fn new_engagements<'e>(begun: &[&'e Engagement]) -> Rows<'e, engagements::table> {
    macro_rules! all {
        ($engagement:ident => $value:expr) => {
            begun.iter().map(|&$engagement| $value)
        };
    }
    Rows::of(&engagements::table)
        .column(engagements::id, all!(e => e.id))
        .column(engagements::ticket_id, all!(e => e.ticket_id))
        .column(engagements::agent_id, all!(e => e.agent_id))
        .column(engagements::offer_id, all!(e => e.offer_id))
        .column(engagements::weight, all!(e => e.weight))
        .column(engagements::channel, all!(e => e.channel))
        .column(engagements::status, all!(e => e.status))
        .column(engagements::started_at, all!(e => e.started_at))
        .column(engagements::first_reply_at, all!(e => e.first_reply_at))
        .column(engagements::wrapping_at, all!(e => e.wrapping_at))
        .column(engagements::wrap_up_due_at, all!(e => e.wrap_up_due_at))
        .column(engagements::ended_at, all!(e => e.ended_at))
        .column(engagements::disposition, all!(e => e.disposition))
        .column(engagements::note, all!(e => e.note.as_deref()))
        .column(engagements::reply_due_at, all!(e => e.reply_due_at))
        .column(engagements::alerted_at, all!(e => e.alerted_at))
        .column(engagements::asked_at, all!(e => e.asked_at))
        .column(engagements::extensions, all!(e => e.extensions))
        .column(
            engagements::handover_note,
            all!(e => e.handover_note.as_deref()),
        )
        .column(engagements::release_reason, all!(e => e.release_reason))
        .column(engagements::lost_reason, all!(e => e.lost_reason))
        .column(engagements::read_until, all!(e => e.read_until))
}

/// Whoever had one of these tickets before reads it no further than to this message.
pub(super) struct ReadUntil {
    tickets: Vec<TicketId>,
    numbers: Vec<i32>,
}

impl ReadUntil {
    pub(super) fn new(read: &[(TicketId, i32)]) -> Self {
        let (tickets, numbers) = read.iter().copied().unzip();
        Self { tickets, numbers }
    }
}

fixed!(ReadUntil, ReadUntil);

impl QueryFragment<Pg> for ReadUntil {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("UPDATE dispatch.engagements e SET read_until = r.number FROM unnest(");
        push_few!(out, Uuid => self.tickets, Integer => self.numbers);
        out.push_sql(
            ") AS r (ticket_id, number) WHERE e.ticket_id = r.ticket_id \
             AND e.ended_at IS NOT NULL AND e.read_until IS NULL",
        );
        Ok(())
    }
}

/// Messages, to be inserted.
pub(super) fn new_messages(said: &[Message]) -> Rows<'_, messages::table> {
    Rows::of(&messages::table)
        .column(messages::ticket_id, said.iter().map(|m| m.ticket_id))
        .column(messages::number, said.iter().map(|m| m.number))
        .column(messages::author, said.iter().map(|m| m.author))
        .column(
            messages::engagement_id,
            said.iter().map(|m| m.engagement_id),
        )
        .column(
            messages::client_id,
            said.iter().map(|m| m.client_id.as_deref()),
        )
        .column(messages::body, said.iter().map(|m| &*m.body))
        .lists(messages::masked, "text[]", said.iter().map(|m| &m.masked))
        .column(messages::sent_at, said.iter().map(|m| m.sent_at))
}

/// Offers, to be inserted.
pub(super) fn new_offers<'o>(made: impl IntoIterator<Item = &'o Offer>) -> Rows<'o, offers::table> {
    let made: Vec<&Offer> = made.into_iter().collect();
    Rows::of(&offers::table)
        .column(offers::id, made.iter().map(|o| o.id))
        .column(offers::ticket_id, made.iter().map(|o| o.ticket_id))
        .column(offers::agent_id, made.iter().map(|o| o.agent_id))
        .column(offers::kind, made.iter().map(|o| o.kind))
        .column(offers::status, made.iter().map(|o| o.status))
        .column(offers::weight, made.iter().map(|o| o.weight))
        .column(offers::channel, made.iter().map(|o| o.channel))
        .column(offers::score, made.iter().map(|o| o.score))
        .column(offers::offered_at, made.iter().map(|o| o.offered_at))
        .column(offers::expires_at, made.iter().map(|o| o.expires_at))
        .column(offers::closed_at, made.iter().map(|o| o.closed_at))
        .column(
            offers::decline_reason,
            made.iter().map(|o| o.decline_reason),
        )
        .column(
            offers::match_record_id,
            made.iter().map(|o| o.match_record_id),
        )
        .column(
            offers::policy_version,
            made.iter().map(|o| o.policy_version),
        )
        .column(
            offers::policy_queue,
            made.iter().map(|o| o.policy_queue.as_deref()),
        )
}

/// The units of new offers, taken from the agents to whom they are made.
pub(super) struct TakeUnits {
    agents: Vec<AgentId>,
    chats: Vec<i32>,
    messages: Vec<i32>,
}

impl TakeUnits {
    pub(super) fn new(offers: &[Offer]) -> Self {
        let mut taken: BTreeMap<AgentId, (i32, i32)> = BTreeMap::new();
        for offer in offers {
            let (chat, message) = taken.entry(offer.agent_id).or_default();
            match offer.channel {
                Channel::Chat => *chat += offer.weight,
                Channel::Message => *message += offer.weight,
            }
        }
        Self {
            agents: taken.keys().copied().collect(),
            chats: taken.values().map(|(chat, _)| *chat).collect(),
            messages: taken.values().map(|(_, message)| *message).collect(),
        }
    }
}

fixed!(TakeUnits, TakeUnits);

impl QueryFragment<Pg> for TakeUnits {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "UPDATE dispatch.workloads w SET load = w.load + t.chat + t.message, \
             chat_load = w.chat_load + t.chat, message_load = w.message_load + t.message \
             FROM unnest(",
        );
        push_arrays!(out,
            Uuid => self.agents,
            Integer => self.chats,
            Integer => self.messages,
        );
        out.push_sql(") AS t (agent_id, chat, message) WHERE w.agent_id = t.agent_id");
        Ok(())
    }
}

/// The tickets of new offers, on offer until the last of their offers ends.
pub(super) struct PutOnOffer {
    tickets: Vec<TicketId>,
    until: Vec<DateTime<Utc>>,
}

impl PutOnOffer {
    pub(super) fn new(offers: &[Offer]) -> Self {
        let mut until: BTreeMap<TicketId, DateTime<Utc>> = BTreeMap::new();
        for offer in offers {
            let latest = until.entry(offer.ticket_id).or_insert(offer.expires_at);
            *latest = offer.expires_at.max(*latest);
        }
        Self {
            tickets: until.keys().copied().collect(),
            until: until.values().copied().collect(),
        }
    }
}

fixed!(PutOnOffer, PutOnOffer);

impl QueryFragment<Pg> for PutOnOffer {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "UPDATE dispatch.tickets t SET status = 'offered', next_action = 'expire_offer', \
             deadline_at = o.until FROM unnest(",
        );
        push_arrays!(out, Uuid => self.tickets, Timestamptz => self.until);
        out.push_sql(") AS o (id, until) WHERE t.id = o.id");
        Ok(())
    }
}
