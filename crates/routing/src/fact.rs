//! What routing knows of tickets and agents at one instant.
//!
//! Instants are milliseconds since 1970 (UTC). Ids are bare 128-bit values; whoever calls knows
//! what they stand for.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use utoipa::ToSchema;

/// An id: of a ticket or of an agent. As text, 32 hexadecimal digits.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Key(pub u128);

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Key {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        u128::from_str_radix(&text, 16)
            .map(Self)
            .map_err(|_| de::Error::custom("must be 32 hexadecimal digits"))
    }
}

/// A skill or a language, and a level of 1 to 5.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize, ToSchema)]
pub struct Level {
    /// The code of a skill, or of a language (ISO 639-1).
    pub code: String,
    /// 1 to 5.
    pub level: i64,
}

/// By what a conversation is carried.
#[derive(
    Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// Both are there at the same time.
    Chat,
    /// An answer may take its time.
    Message,
}

/// A ticket that waits.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Ticket {
    /// Which.
    pub id: Key,
    /// The code of its queue.
    pub queue: String,
    /// By what it is carried.
    pub channel: Channel,
    /// Units of an agent's capacity that it takes.
    pub weight: i64,
    /// Its language and the least level in it.
    pub language: Level,
    /// The skills that it needs, each with the least proficiency.
    pub skills: Vec<Level>,
    /// Whose it is.
    pub customer: String,
    /// With whom the customer lives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub household: Option<String>,
    /// The customer's standing.
    pub tier: String,
    /// 0 to 9.
    pub priority: i64,
    /// When it came.
    pub came_at: i64,
    /// Its place in the queue: when it came, less the head start of its priority.
    pub rank_at: i64,
    /// When the customer should have a first reply.
    pub first_reply_due_at: i64,
    /// Who helped this customer last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preferred_agent: Option<Key>,
    /// Until when nobody else is asked, while that agent is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preferred_until: Option<i64>,
    /// Agents who declined it, or have it on offer already.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub declined_by: Vec<Key>,
}

/// Whether an agent is there.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// There, ready, and heard of.
    Available,
    /// There and ready, but a heartbeat is missing.
    Unstable,
    /// There, but not ready.
    Away,
    /// Not there.
    Offline,
}

/// For which queues an agent may work at this instant.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Admitted {
    /// For all.
    All,
    /// For all but these, by code.
    AllBut(Vec<String>),
}

impl Admitted {
    /// Whether the agent may work for a queue.
    pub fn to(&self, queue: &str) -> bool {
        match self {
            Self::All => true,
            Self::AllBut(closed) => !closed.iter().any(|code| code == queue),
        }
    }
}

/// Units of capacity: in all, and at most so many of each channel.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Units {
    /// In all.
    pub total: i64,
    /// Of chats.
    pub chat: i64,
    /// Of messages.
    pub message: i64,
}

impl Units {
    /// Those of one channel.
    pub fn of(&self, channel: Channel) -> i64 {
        match channel {
            Channel::Chat => self.chat,
            Channel::Message => self.message,
        }
    }

    /// Takes units of a channel.
    pub fn take(&mut self, channel: Channel, units: i64) {
        self.total -= units;
        match channel {
            Channel::Chat => self.chat -= units,
            Channel::Message => self.message -= units,
        }
    }
}

/// An agent.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Agent {
    /// Who.
    pub id: Key,
    /// Who the agent is as a customer.
    pub customer: String,
    /// With whom the agent lives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub household: Option<String>,
    /// Customers whom the agent knows, as declared.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contacts: Vec<String>,
    /// The agent's own standing as a customer.
    pub tier: String,
    /// Languages, with their levels.
    pub languages: Vec<Level>,
    /// Skills that are valid at this instant, with their proficiency.
    pub skills: Vec<Level>,
    /// Approved, and not suspended.
    pub is_active: bool,
    /// Has accepted the agreement that is current.
    pub agreement_current: bool,
    /// Whether they are there.
    pub presence: Presence,
    /// On a shift, or admitted on demand.
    pub admitted: Admitted,
    /// Seconds that they may still work; none where nothing limits them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds_left: Option<i64>,
    /// Units free.
    pub free: Units,
    /// Since when they have had nothing to do.
    pub idle_since: i64,
    /// Minutes of finished work today.
    pub worked_minutes: i64,
}
