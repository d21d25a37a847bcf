//! Messages, as every door to a conversation shows them.

use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, Utc};
use dispatch::{Author, Message, NewMessage, Sent};
use kernel::{PAGE_LIMIT, TicketId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    sse::{self, Ended, Event, Events},
    state::{ReadFailed, State},
};

/// One message. It never changes.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MessageView {
    /// 1, 2, 3 … within the conversation.
    pub number: i32,
    /// Who wrote it.
    pub author: Author,
    /// The text; what an agent must not see is masked.
    pub body: String,
    /// The kinds of data that were masked.
    pub masked: Vec<String>,
    /// When it arrived.
    pub sent_at: DateTime<Utc>,
    /// The sender's own name for it.
    pub client_id: Option<String>,
}

impl From<Message> for MessageView {
    fn from(message: Message) -> Self {
        let Message {
            number,
            author,
            body,
            masked,
            sent_at,
            client_id,
            ..
        } = message;
        Self {
            number,
            author,
            body,
            masked,
            sent_at,
            client_id,
        }
    }
}

/// Part of a conversation.
#[derive(Debug, Serialize, ToSchema)]
pub struct Messages {
    /// In order.
    pub items: Vec<MessageView>,
    /// What to pass as `after` to read on; none at the end.
    pub next: Option<i32>,
}

impl Messages {
    /// The messages after a number.
    pub(crate) async fn read(
        state: &State,
        ticket: TicketId,
        after: i32,
    ) -> Result<Self, ReadFailed> {
        Self::read_part(state, ticket, after, i32::MAX).await
    }

    /// The messages after a number, up to another: whoever had a conversation before reads it no
    /// further.
    pub(crate) async fn read_part(
        state: &State,
        ticket: TicketId,
        after: i32,
        until: i32,
    ) -> Result<Self, ReadFailed> {
        let messages = state
            .read(move |conn| dispatch::queries::messages_after(conn, ticket, after))
            .await?;
        let is_full = i64::try_from(messages.len()).is_ok_and(|count| count == PAGE_LIMIT);
        let items: Vec<MessageView> = messages
            .into_iter()
            .filter(|message| message.number <= until)
            .map(MessageView::from)
            .collect();
        let next = items
            .last()
            .filter(|last| is_full && last.number < until)
            .map(|last| last.number);
        Ok(Self { items, next })
    }
}

/// From where on a conversation is read.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct After {
    /// The number of the last message seen.
    #[param(minimum = 0)]
    after: Option<u32>,
}

impl After {
    pub(super) fn number(&self) -> i32 {
        self.after
            .map_or(0, |number| i32::try_from(number).unwrap_or(i32::MAX))
    }
}

/// What somebody says.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MessageBody {
    /// Your own name for the message; one that was seen before is not stored again.
    #[schema(min_length = 1, max_length = 100)]
    client_id: String,
    /// The text.
    #[schema(min_length = 1, max_length = 4000)]
    body: String,
}

impl From<MessageBody> for NewMessage {
    fn from(MessageBody { client_id, body }: MessageBody) -> Self {
        Self { client_id, body }
    }
}

/// 201 for a new message, 200 for one that was there.
pub(super) fn answer(sent: Sent) -> HttpResponse {
    let mut response = if sent.again {
        HttpResponse::Ok()
    } else {
        HttpResponse::Created()
    };
    response.json(MessageView::from(sent.message))
}

/// The number of the last message that a client saw.
pub(super) fn last_seen(request: &HttpRequest, after: &After) -> i32 {
    i32::try_from(sse::last_seen(request, after.after.map(i64::from))).unwrap_or(i32::MAX)
}

/// Sends the messages after `seen`, and returns the number of the last one sent.
pub(super) async fn send_new(
    state: &State,
    events: &mut Events,
    ticket: TicketId,
    seen: i32,
) -> Result<i32, Ended> {
    send_part(state, events, ticket, (seen, i32::MAX)).await
}

/// Sends the messages after the first number, up to the second.
pub(super) async fn send_part(
    state: &State,
    events: &mut Events,
    ticket: TicketId,
    (mut seen, until): (i32, i32),
) -> Result<i32, Ended> {
    loop {
        let page = Messages::read_part(state, ticket, seen, until).await?;
        for message in page.items {
            seen = message.number;
            events
                .send(Event::json("message", &message)?.with_id(seen))
                .await?;
        }
        if page.next.is_none() {
            return Ok(seen);
        }
    }
}
