//! One conversation from the customer's side: asked for, spoken, rated or left, and looked at
//! afterwards.

use std::{sync::Arc, time::Duration};

use serde::{Deserialize, de::IgnoredAny};
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::{
    caller::Caller,
    client::Failure,
    escalation::{Escalation, Handover, Ticket},
    feed::{Feed, Waited, messages},
    part::{Board, Pace, Part, client_id},
    script::{Ending, Script, Side},
    stable,
};

/// How long an agent may take to write a conversation up, beyond the pace of the recording.
const WRAP_UP: Duration = Duration::from_mins(3);
/// How long we wait for a ticket to be closed when its customer is done.
const CLOSING: Duration = Duration::from_mins(2);
const BETWEEN_LOOKS: Duration = Duration::from_millis(500);

/// The company's side of all performances.
pub(crate) struct Stage {
    pub(crate) assistant: Arc<Caller>,
    pub(crate) customer: Arc<Caller>,
    pub(crate) board: Arc<Board>,
    pub(crate) pace: Pace,
    /// The company's system that hands conversations over.
    pub(crate) source: String,
}

/// What became of a conversation.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Fate {
    pub(crate) ticket_id: String,
    /// The ticket's status when all was done.
    pub(crate) status: String,
    /// Whether handing it over a second time made a second ticket.
    pub(crate) is_doubled: bool,
    /// How many turns the assistant had heard.
    pub(crate) heard: usize,
    pub(crate) stored: Stored,
    pub(crate) is_rated: bool,
}

/// What is stored of a conversation, beside what was said.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Stored {
    /// Messages of customer and agent.
    pub(crate) messages: usize,
    /// Messages stored more than once.
    pub(crate) doubled: usize,
    /// Messages that are not what was said at that place.
    pub(crate) altered: usize,
}

#[derive(Clone, Debug, Deserialize)]
struct Message {
    author: String,
    body: String,
    #[serde(default)]
    masked: Vec<String>,
    #[serde(default)]
    client_id: Option<String>,
}

impl Stage {
    pub(crate) async fn perform(
        &self,
        external_id: &str,
        script: &Script,
        is_vip: bool,
    ) -> Result<Fate, Failure> {
        // One half of the customers has told the assistant what it is about; the other half says
        // it while they wait.
        let by_transcript = stable::pick("handover", external_id, 2) == 0;
        let heard = if by_transcript { script.opening() } else { 0 };
        let handover = Handover {
            source: &self.source,
            external_id,
            is_vip,
            heard,
            heard_at: None,
        };
        let escalation = Escalation::new(script, handover);
        self.board.asked(external_id);
        let ticket = escalation.send(&self.assistant).await?;
        let is_rated = self.attend(external_id, script, &ticket).await?;
        let status = self.closing(&ticket).await?;
        let again = escalation.send(&self.assistant).await?;
        Ok(Fate {
            stored: self.stored(&ticket, script).await?,
            is_doubled: again != ticket,
            ticket_id: ticket.id,
            status,
            heard,
            is_rated,
        })
    }

    /// The customer's part. Gives whether they rated it.
    async fn attend(
        &self,
        external_id: &str,
        script: &Script,
        ticket: &Ticket,
    ) -> Result<bool, Failure> {
        let base = format!("/conversations/{}", ticket.token);
        let mut feed = Feed::open(&self.customer, base.clone()).await?;
        // Every fourth customer writes in the company's app, which relays it.
        let is_relayed = stable::pick("channel", external_id, 4) == 0;
        let (caller, path) = if is_relayed {
            (&self.assistant, format!("/tickets/{}/messages", ticket.id))
        } else {
            (&self.customer, format!("{base}/messages"))
        };
        let part = Part {
            side: Side::Customer,
            external_id,
            script,
            pace: self.pace,
            board: &self.board,
            caller,
            path,
        };
        let played = part.play(&mut feed).await?;
        if script.ending == Ending::CustomerLeft {
            self.customer
                .step::<IgnoredAny>(&format!("{base}/leave"))
                .await?;
            return Ok(false);
        }
        if played == Waited::Stalled {
            return Ok(false);
        }
        feed.wait(WRAP_UP, |feed| feed.status() == "resolved")
            .await?;
        match script.rating {
            Some(score) => self.rate(&base, score).await,
            None => Ok(false),
        }
    }

    async fn rate(&self, base: &str, score: u8) -> Result<bool, Failure> {
        let body = json!({ "score": score });
        match self
            .customer
            .post::<IgnoredAny>(&format!("{base}/rating"), &body)
            .await
        {
            Ok(_) => Ok(true),
            // A repeated attempt of ours, whose first answer was lost, is a rating all the same.
            Err(failure) if failure.has_code("already_rated") => Ok(true),
            Err(failure) if failure.is_conflict() => Ok(false),
            Err(failure) => Err(failure),
        }
    }

    /// The status in which the ticket ends, or has stayed.
    async fn closing(&self, ticket: &Ticket) -> Result<String, Failure> {
        #[derive(Deserialize)]
        struct Brief {
            status: String,
        }
        let deadline = Instant::now() + CLOSING;
        loop {
            let path = format!("/tickets/{}", ticket.id);
            let Brief { status } = self.assistant.get(&path).await?;
            if matches!(status.as_str(), "resolved" | "abandoned") || Instant::now() >= deadline {
                return Ok(status);
            }
            sleep(BETWEEN_LOOKS).await;
        }
    }

    async fn stored(&self, ticket: &Ticket, script: &Script) -> Result<Stored, Failure> {
        let base = format!("/tickets/{}", ticket.id);
        let messages: Vec<Message> = messages(&self.assistant, &base, 0).await?;
        Ok(compare(&messages, script))
    }
}

/// Compares what is stored with what was said, place by place. Where something was masked only the
/// author is compared: what was said shall not be there.
fn compare(messages: &[Message], script: &Script) -> Stored {
    let sides = [Side::Customer.author(), Side::Agent.author()];
    let said: Vec<_> = messages
        .iter()
        .filter(|message| sides.contains(&message.author.as_str()))
        .collect();
    let doubled = script.turns.iter().enumerate().map(|(index, turn)| {
        let id = client_id(index);
        let times = said.iter().filter(|message| {
            message.author == turn.side.author() && message.client_id.as_ref() == Some(&id)
        });
        times.count().saturating_sub(1)
    });
    let altered = said.iter().zip(&script.turns).filter(|(message, turn)| {
        let is_same = message.body == turn.text || !message.masked.is_empty();
        message.author != turn.side.author() || !is_same
    });
    Stored {
        messages: said.len(),
        doubled: doubled.sum(),
        altered: altered.count(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script;

    fn stored_as_said(script: &Script) -> Vec<Message> {
        let turns = script.turns.iter().enumerate();
        turns
            .map(|(index, turn)| Message {
                author: turn.side.author().into(),
                body: turn.text.clone(),
                masked: Vec::new(),
                client_id: Some(client_id(index)),
            })
            .collect()
    }

    #[test]
    fn what_was_said_is_stored_once_each_in_its_place() {
        let script = &script::demo().unwrap()[0];
        let mut messages = stored_as_said(script);
        let note = Message {
            author: "platform".into(),
            body: "The customer has left.".into(),
            masked: Vec::new(),
            client_id: None,
        };
        messages.insert(2, note);
        let expected = Stored {
            messages: script.turns.len(),
            doubled: 0,
            altered: 0,
        };
        assert_eq!(compare(&messages, script), expected);
    }

    #[test]
    fn a_doubled_message_is_noticed() {
        let script = &script::demo().unwrap()[0];
        let mut messages = stored_as_said(script);
        messages.insert(3, messages[2].clone());
        let stored = compare(&messages, script);
        assert_eq!(
            (stored.messages, stored.doubled),
            (script.turns.len() + 1, 1)
        );
        assert!(stored.altered > 0);
    }

    #[test]
    fn other_words_are_noticed_unless_they_were_masked() {
        let script = &script::demo().unwrap()[0];
        let mut messages = stored_as_said(script);
        messages[1].body = "My order is ••••.".into();
        assert_eq!(compare(&messages, script).altered, 1);
        messages[1].masked = vec!["card_number".into()];
        assert_eq!(compare(&messages, script).altered, 0);
    }

    #[test]
    fn two_messages_in_the_wrong_order_are_noticed() {
        let script = &script::demo().unwrap()[0];
        let mut messages = stored_as_said(script);
        messages.swap(4, 5);
        assert_eq!(compare(&messages, script).altered, 2);
    }
}
