//! Rows in numbers, as arrays: the text of the statement does not depend on how many they are, so
//! that it stays prepared.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use db::{fixed, push_arrays};
use diesel::{
    QueryResult,
    pg::Pg,
    query_builder::{AstPass, QueryFragment},
    sql_types::{BigInt, Integer, Nullable, Text, Timestamptz, Uuid},
};
use kernel::{AgentId, EngagementId, MatchRecordId, OfferId, TicketId};

use crate::{message::Message, offer::Offer, ticket::Channel};

/// Messages of one conversation, to be inserted.
pub(super) struct InsertMessages<'m> {
    ticket: Option<TicketId>,
    numbers: Vec<i32>,
    authors: Vec<&'static str>,
    engagements: Vec<Option<EngagementId>>,
    client_ids: Vec<Option<&'m str>>,
    bodies: Vec<&'m str>,
    masked: Vec<String>,
    sent_at: Vec<DateTime<Utc>>,
}

impl<'m> InsertMessages<'m> {
    pub(super) fn new(said: &'m [Message]) -> Self {
        Self {
            ticket: said.first().map(|message| message.ticket_id),
            numbers: said.iter().map(|m| m.number).collect(),
            authors: said.iter().map(|m| m.author.as_str()).collect(),
            engagements: said.iter().map(|m| m.engagement_id).collect(),
            client_ids: said.iter().map(|m| m.client_id.as_deref()).collect(),
            bodies: said.iter().map(|m| m.body.as_str()).collect(),
            // Lists of different lengths make no array; none of the kinds has a comma.
            masked: said.iter().map(|m| m.masked.join(",")).collect(),
            sent_at: said.iter().map(|m| m.sent_at).collect(),
        }
    }
}

fixed!(InsertMessages<'_>, InsertMessages<'static>);

impl QueryFragment<Pg> for InsertMessages<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "INSERT INTO dispatch.messages (ticket_id, number, author, engagement_id, client_id, \
             body, masked, sent_at) SELECT ",
        );
        out.push_bind_param::<Nullable<Uuid>, _>(&self.ticket)?;
        out.push_sql(
            ", number, author, engagement_id, client_id, body, string_to_array(masked, ','), \
             sent_at FROM unnest(",
        );
        push_arrays!(out,
            Integer => self.numbers,
            Text => self.authors,
            Nullable<Uuid> => self.engagements,
            Nullable<Text> => self.client_ids,
            Text => self.bodies,
            Text => self.masked,
            Timestamptz => self.sent_at,
        );
        out.push_sql(") AS said (number, author, engagement_id, client_id, body, masked, sent_at)");
        Ok(())
    }
}

/// Pending offers, to be inserted.
pub(super) struct InsertOffers<'o> {
    ids: Vec<OfferId>,
    tickets: Vec<TicketId>,
    agents: Vec<AgentId>,
    kinds: Vec<&'static str>,
    weights: Vec<i32>,
    channels: Vec<&'static str>,
    scores: Vec<i64>,
    offered_at: Vec<DateTime<Utc>>,
    expires_at: Vec<DateTime<Utc>>,
    records: Vec<Option<MatchRecordId>>,
    versions: Vec<Option<i32>>,
    queues: Vec<Option<&'o str>>,
}

impl<'o> InsertOffers<'o> {
    pub(super) fn new(offers: &'o [Offer]) -> Self {
        Self {
            ids: offers.iter().map(|o| o.id).collect(),
            tickets: offers.iter().map(|o| o.ticket_id).collect(),
            agents: offers.iter().map(|o| o.agent_id).collect(),
            kinds: offers.iter().map(|o| o.kind.as_str()).collect(),
            weights: offers.iter().map(|o| o.weight).collect(),
            channels: offers.iter().map(|o| o.channel.as_str()).collect(),
            scores: offers.iter().map(|o| o.score).collect(),
            offered_at: offers.iter().map(|o| o.offered_at).collect(),
            expires_at: offers.iter().map(|o| o.expires_at).collect(),
            records: offers.iter().map(|o| o.match_record_id).collect(),
            versions: offers.iter().map(|o| o.policy_version).collect(),
            queues: offers.iter().map(|o| o.policy_queue.as_deref()).collect(),
        }
    }
}

fixed!(InsertOffers<'_>, InsertOffers<'static>);

impl QueryFragment<Pg> for InsertOffers<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "INSERT INTO dispatch.offers (id, ticket_id, agent_id, kind, weight, channel, score, \
             offered_at, expires_at, match_record_id, policy_version, policy_queue, status) \
             SELECT *, 'pending' FROM unnest(",
        );
        push_arrays!(out,
            Uuid => self.ids,
            Uuid => self.tickets,
            Uuid => self.agents,
            Text => self.kinds,
            Integer => self.weights,
            Text => self.channels,
            BigInt => self.scores,
            Timestamptz => self.offered_at,
            Timestamptz => self.expires_at,
            Nullable<Uuid> => self.records,
            Nullable<Integer> => self.versions,
            Nullable<Text> => self.queues,
        );
        out.push_sql(")");
        Ok(())
    }
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
