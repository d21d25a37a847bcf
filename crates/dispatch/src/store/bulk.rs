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

type Tickets<'t> = Rows<'t, tickets::table, &'t Ticket>;

/// Tickets, to be inserted.
pub(super) fn new_tickets<'t>(new: &[&'t Ticket]) -> Tickets<'t> {
    let never_changing = Rows::of(&tickets::table, new.iter().copied())
        .column(tickets::id, |t| t.id)
        .column(tickets::source, |t| &*t.source)
        .column(tickets::external_id, |t| &*t.external_id)
        .column(tickets::language, |t| &*t.language)
        .column(tickets::language_level, |t| t.language_level)
        .column(tickets::channel, |t| t.channel)
        .column(tickets::customer_ref, |t| &*t.customer_ref)
        .column(tickets::customer_name, |t| &*t.customer_name)
        .column(tickets::customer_tier, |t| &*t.customer_tier)
        .column(tickets::customer_locale, |t| &*t.customer_locale)
        .column(tickets::household_ref, |t| t.household_ref.as_deref())
        .column(tickets::reason, |t| t.reason)
        .column(tickets::summary, |t| &*t.summary)
        .column(tickets::intent, |t| t.intent.as_deref())
        .column(tickets::confidence, |t| t.confidence)
        .column(tickets::priority, |t| t.priority)
        .column(tickets::created_at, |t| t.created_at);
    with_all_that_changes(never_changing)
}

/// Tickets, as they are now.
pub(super) fn changed_tickets<'t>(changed: &[&'t Ticket]) -> Tickets<'t> {
    let named = Rows::of(&tickets::table, changed.iter().copied()).column(tickets::id, |t| t.id);
    with_all_that_changes(named).changed_by(tickets::id)
}

fn with_all_that_changes(tickets: Tickets<'_>) -> Tickets<'_> {
    tickets
        .column(tickets::status, |t| t.status)
        .column(tickets::closed_at, |t| t.closed_at)
        .column(tickets::next_action, |t| t.next_action)
        .column(tickets::deadline_at, |t| t.deadline_at)
        .column(tickets::message_count, |t| t.message_count)
        .column(tickets::taken_at, |t| t.taken_at)
        .column(tickets::reopened_count, |t| t.reopened_count)
        .column(tickets::put_aside_at, |t| t.put_aside_at)
        .column(tickets::preferred_agent_id, |t| t.preferred_agent_id)
        .column(tickets::preferred_until, |t| t.preferred_until)
        .column(tickets::waiting_since, |t| t.waiting_since)
        .column(tickets::rank_at, |t| t.rank_at)
        .column(tickets::first_reply_due_at, |t| t.first_reply_due_at)
        .column(tickets::queue, |t| &*t.queue)
        .lists(tickets::required_skills, "text[]", |t| &t.required_skills)
        .lists(tickets::skill_levels, "integer[]", |t| &t.skill_levels)
        .column(tickets::weight, |t| t.weight)
        .column(tickets::class, |t| t.class)
        .column(tickets::holder, |t| t.control.holder)
        .column(tickets::control_epoch, |t| t.control.epoch)
        .column(tickets::seen_by_assistant, |t| t.control.resume_after)
        .column(tickets::control_requested_at, |t| t.control.requested_at)
}

/// All of agents' loads.
pub(super) fn changed_workloads<'w>(
    changed: &[&'w Workload],
) -> Rows<'w, workloads::table, &'w Workload> {
    Rows::of(&workloads::table, changed.iter().copied())
        .column(workloads::agent_id, |w| w.agent_id)
        .column(workloads::capacity, |w| w.capacity)
        .column(workloads::load, |w| w.load)
        .column(workloads::idle_since, |w| w.idle_since)
        .column(workloads::chat_capacity, |w| w.chat_capacity)
        .column(workloads::chat_load, |w| w.chat_load)
        .column(workloads::message_capacity, |w| w.message_capacity)
        .column(workloads::message_load, |w| w.message_load)
        .column(workloads::worked_on, |w| w.worked_on)
        .column(workloads::worked_seconds, |w| w.worked_seconds)
        .changed_by(workloads::agent_id)
}

/// Engagements, to be inserted.
pub(super) fn new_engagements<'e>(
    begun: &[&'e Engagement],
) -> Rows<'e, engagements::table, &'e Engagement> {
    Rows::of(&engagements::table, begun.iter().copied())
        .column(engagements::id, |e| e.id)
        .column(engagements::ticket_id, |e| e.ticket_id)
        .column(engagements::agent_id, |e| e.agent_id)
        .column(engagements::offer_id, |e| e.offer_id)
        .column(engagements::weight, |e| e.weight)
        .column(engagements::channel, |e| e.channel)
        .column(engagements::status, |e| e.status)
        .column(engagements::started_at, |e| e.started_at)
        .column(engagements::first_reply_at, |e| e.first_reply_at)
        .column(engagements::wrapping_at, |e| e.wrapping_at)
        .column(engagements::wrap_up_due_at, |e| e.wrap_up_due_at)
        .column(engagements::ended_at, |e| e.ended_at)
        .column(engagements::disposition, |e| e.disposition)
        .column(engagements::note, |e| e.note.as_deref())
        .column(engagements::reply_due_at, |e| e.reply_due_at)
        .column(engagements::alerted_at, |e| e.alerted_at)
        .column(engagements::asked_at, |e| e.asked_at)
        .column(engagements::extensions, |e| e.extensions)
        .column(engagements::handover_note, |e| e.handover_note.as_deref())
        .column(engagements::release_reason, |e| e.release_reason)
        .column(engagements::lost_reason, |e| e.lost_reason)
        .column(engagements::read_until, |e| e.read_until)
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
pub(super) fn new_messages(said: &[Message]) -> Rows<'_, messages::table, &Message> {
    Rows::of(&messages::table, said)
        .column(messages::ticket_id, |m| m.ticket_id)
        .column(messages::number, |m| m.number)
        .column(messages::author, |m| m.author)
        .column(messages::engagement_id, |m| m.engagement_id)
        .column(messages::client_id, |m| m.client_id.as_deref())
        .column(messages::body, |m| &*m.body)
        .lists(messages::masked, "text[]", |m| &m.masked)
        .column(messages::sent_at, |m| m.sent_at)
}

/// Offers, to be inserted.
pub(super) fn new_offers<'o>(
    made: impl IntoIterator<Item = &'o Offer>,
) -> Rows<'o, offers::table, &'o Offer> {
    Rows::of(&offers::table, made)
        .column(offers::id, |o| o.id)
        .column(offers::ticket_id, |o| o.ticket_id)
        .column(offers::agent_id, |o| o.agent_id)
        .column(offers::kind, |o| o.kind)
        .column(offers::status, |o| o.status)
        .column(offers::weight, |o| o.weight)
        .column(offers::channel, |o| o.channel)
        .column(offers::score, |o| o.score)
        .column(offers::offered_at, |o| o.offered_at)
        .column(offers::expires_at, |o| o.expires_at)
        .column(offers::closed_at, |o| o.closed_at)
        .column(offers::decline_reason, |o| o.decline_reason)
        .column(offers::match_record_id, |o| o.match_record_id)
        .column(offers::policy_version, |o| o.policy_version)
        .column(offers::policy_queue, |o| o.policy_queue.as_deref())
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
