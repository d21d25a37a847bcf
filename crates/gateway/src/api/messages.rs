//! Messages, as every door to a conversation shows them.

use actix_web::{HttpRequest, HttpResponse};
use chrono::{DateTime, Utc};
use dispatch::{Author, Message, NewMessage, Sent};
use kernel::{PAGE_LIMIT, TicketId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::changes;
use crate::{
    problem::ApiError,
    sse::{self, Ended, Events, Reason, Resume},
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

/// From where on a client watches a conversation.
///
/// An event's id says both how many messages were told and up to which change: `7@5120.33`. A
/// number alone stands for the messages only.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Place {
    number: i32,
    resume: Resume,
}

impl Place {
    pub(super) fn of(request: &HttpRequest, after: &After) -> Self {
        Self::read(sse::last_event_id(request), after.number())
    }

    fn read(id: Option<&str>, after: i32) -> Self {
        let at = |number: &str, resume| {
            let number = number.parse().ok().filter(|number| *number >= 0);
            number.map(|number| Self { number, resume })
        };
        let place = match id {
            None => Some(Self {
                number: after,
                resume: Resume::Anew,
            }),
            Some(id) => match id.split_once('@') {
                None => at(id, Resume::Anew),
                Some((number, cursor)) => match Resume::from_text(Some(cursor)) {
                    Resume::Unreadable => None,
                    resume => at(number, resume),
                },
            },
        };
        place.unwrap_or(Self {
            number: after,
            resume: Resume::Unreadable,
        })
    }
}

/// Whatever shows how many messages a conversation has.
pub(super) trait Counted {
    /// How many there are.
    fn message_count(&self) -> i32;
}

/// Tells a conversation: its messages by their number, the changes of its ticket, and whenever it
/// differs the `state` that `look` finds.
pub(super) async fn tell<T, E, F>(
    state: &State,
    events: Events,
    (ticket, place): (TicketId, Place),
    look: impl Fn() -> F,
) -> Result<(), Ended>
where
    T: Serialize + Counted,
    E: Into<ApiError>,
    F: Future<Output = Result<T, E>>,
{
    let mut events = events.telling_messages(place.number);
    events.resume(place.resume, changes::of_ticket).await?;
    while events.time_to_look(changes::of_ticket).await? {
        let now = look().await?;
        if events.said() > now.message_count() {
            // The number is of another conversation.
            events.reset(Reason::UnknownId).await?;
            events.begin_messages_anew();
        }
        tell_messages(state, &mut events, (ticket, now.message_count())).await?;
        events.send_if_changed("state", &now).await?;
    }
    Ok(())
}

/// Whoever had a conversation before is told of it only as far as they were in it.
async fn tell_messages(
    state: &State,
    events: &mut Events,
    (ticket, until): (TicketId, i32),
) -> Result<(), Ended> {
    loop {
        let page = Messages::read_part(state, ticket, events.said(), until).await?;
        for message in page.items {
            events.say(message.number, &message).await?;
        }
        if page.next.is_none() {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_says_how_many_messages_and_which_changes_were_told() {
        let place = |number, resume| Place { number, resume };
        let cursor = "5120.33".parse().unwrap();
        for (id, expected) in [
            (None, place(4, Resume::Anew)),
            (Some("7"), place(7, Resume::Anew)),
            (Some("7@5120.33"), place(7, Resume::After(cursor))),
            (Some("7@"), place(4, Resume::Unreadable)),
            (Some("-1@5120.33"), place(4, Resume::Unreadable)),
            (Some("5120.33"), place(4, Resume::Unreadable)),
            (Some(""), place(4, Resume::Unreadable)),
        ] {
            assert_eq!(Place::read(id, 4), expected, "{id:?}");
        }
    }
}
