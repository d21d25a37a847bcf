//! How many units an agent can hold, and holds.

use chrono::{DateTime, NaiveDate, Utc};
use db::{Topic, Tx};
use diesel::prelude::*;
use kernel::{AgentId, Checks};

use crate::{
    error::Error,
    schema::workloads,
    store::{self, Change},
    ticket::Channel,
};

/// The units that an agent can hold until somebody decides otherwise.
pub const DEFAULT_CAPACITY: i32 = 2;
/// The most units that an agent can be given.
pub const MOST_CAPACITY: i32 = 20;

/// An agent's units. The row is the agent's lock: whatever changes the load holds it.
#[derive(AsChangeset, Clone, Debug, Identifiable, Insertable, Queryable, Selectable)]
#[diesel(treat_none_as_default_value = false)]
#[diesel(table_name = workloads, primary_key(agent_id))]
#[diesel(check_for_backend(diesel::pg::Pg), treat_none_as_null = true)]
pub struct Workload {
    /// Whose.
    pub agent_id: AgentId,
    /// Units the agent can hold.
    pub capacity: i32,
    /// Units held: those of pending offers and of live engagements.
    pub load: i32,
    /// When the agent last held nothing and had nothing to do.
    pub idle_since: DateTime<Utc>,
    /// Of `capacity`, the most that may be chats.
    pub chat_capacity: i32,
    /// Of `load`, those that are chats.
    pub chat_load: i32,
    /// Of `capacity`, the most that may be messages.
    pub message_capacity: i32,
    /// Of `load`, those that are messages.
    pub message_load: i32,
    /// The day (UTC) that `worked_seconds` is about.
    pub worked_on: Option<NaiveDate>,
    /// Seconds of finished work on that day.
    pub worked_seconds: i32,
}

/// How much an agent shall be able to hold. What is not said stays as it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Capacity {
    /// Units in all, 1 to 20.
    pub total: i32,
    /// Of these, the most that may be chats, 0 to 20.
    pub chat: Option<i32>,
    /// Of these, the most that may be messages, 0 to 20.
    pub message: Option<i32>,
}

impl Workload {
    /// Units the agent could still take.
    pub fn free(&self) -> i32 {
        self.capacity - self.load
    }

    /// Units of a channel the agent could still take.
    pub fn free_of(&self, channel: Channel) -> i32 {
        let of_channel = match channel {
            Channel::Chat => self.chat_capacity - self.chat_load,
            Channel::Message => self.message_capacity - self.message_load,
        };
        of_channel.min(self.free())
    }

    /// Seconds of work that the agent finished on the day of an instant.
    pub fn worked_seconds_on(&self, at: DateTime<Utc>) -> i32 {
        if self.worked_on == Some(at.date_naive()) {
            self.worked_seconds
        } else {
            0
        }
    }

    pub(crate) fn take(&mut self, channel: Channel, units: i32) -> Result<(), Error> {
        if units > self.free_of(channel) {
            return Err(Error::AtCapacity);
        }
        self.load += units;
        *self.load_of(channel) += units;
        Ok(())
    }

    pub(crate) fn give_back(&mut self, channel: Channel, units: i32, now: DateTime<Utc>) {
        self.load -= units;
        *self.load_of(channel) -= units;
        if self.load == 0 {
            self.idle_since = now;
        }
    }

    /// Adds work that ended now to what was done today.
    pub(crate) fn add_work(&mut self, seconds: i32, now: DateTime<Utc>) {
        self.worked_seconds = self.worked_seconds_on(now).saturating_add(seconds);
        self.worked_on = Some(now.date_naive());
    }

    fn load_of(&mut self, channel: Channel) -> &mut i32 {
        match channel {
            Channel::Chat => &mut self.chat_load,
            Channel::Message => &mut self.message_load,
        }
    }
}

/// Makes sure that the agent can be given work. Changes nothing where they can already.
pub fn open_workload(tx: &mut Tx<'_>, agent_id: AgentId) -> Result<(), Error> {
    let workload = Workload {
        agent_id,
        capacity: DEFAULT_CAPACITY,
        load: 0,
        idle_since: tx.now(),
        chat_capacity: MOST_CAPACITY,
        chat_load: 0,
        message_capacity: MOST_CAPACITY,
        message_load: 0,
        worked_on: None,
        worked_seconds: 0,
    };
    store::insert_workload(tx, &workload)?;
    Ok(())
}

/// Changes how much the agent can hold. Nothing is taken away from them: less than they hold at
/// this moment is refused.
pub fn set_capacity(
    tx: &mut Tx<'_>,
    agent_id: AgentId,
    capacity: Capacity,
) -> Result<Workload, Error> {
    open_workload(tx, agent_id)?;
    let mut workload = store::lock_workload(tx, agent_id)?.ok_or(Error::AtCapacity)?;
    let chat = capacity.chat.unwrap_or(workload.chat_capacity);
    let message = capacity.message.unwrap_or(workload.message_capacity);
    let mut checks = Checks::new();
    for (field, units, least) in [
        ("capacity", capacity.total, 1),
        ("chat_capacity", chat, 0),
        ("message_capacity", message, 0),
    ] {
        if !(least..=MOST_CAPACITY).contains(&units) {
            checks.fault(field, format!("must be {least} to {MOST_CAPACITY} units"));
        }
    }
    checks.done()?;
    let is_below = capacity.total < workload.load
        || chat < workload.chat_load
        || message < workload.message_load;
    if is_below {
        return Err(Error::CapacityBelowLoad);
    }
    workload.capacity = capacity.total;
    workload.chat_capacity = chat;
    workload.message_capacity = message;
    store::save(tx, &[Change::Workload(&workload)])?;
    tx.ring(Topic::Agent(agent_id));
    tx.ring(Topic::Match);
    tx.ring(Topic::Floor);
    Ok(workload)
}
