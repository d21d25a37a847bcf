//! Conversations that are played: the recorded ones, and those of our own writing.

use std::{collections::HashMap, sync::Arc};

use anyhow::Context as _;
use serde::Deserialize;

/// The repository's own conversations, so that a demo needs no other file.
const DEMO: &str = include_str!("../conversations/demo.jsonl");
/// The longest that the platform takes in one message, in characters.
const LONGEST_TEXT: usize = 4000;

/// Which side of the conversation.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Side {
    Customer,
    Agent,
}

impl Side {
    /// As the API names the author of a message.
    pub(crate) fn author(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Agent => "agent",
        }
    }
}

/// Something that one side says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Turn {
    pub(crate) side: Side,
    pub(crate) text: String,
    /// How long the speaker took in the recording, in milliseconds.
    pub(crate) pause_ms: u64,
    /// When it was said in the recording, in Unix seconds.
    pub(crate) at: i64,
    /// Which of this side's turns it is, from 1.
    pub(crate) nth: usize,
}

/// How the recording ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Ending {
    /// Both sides were done.
    Complete,
    /// The customer went away in the middle.
    CustomerLeft,
}

/// One conversation to be played.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    pub(crate) source_id: String,
    pub(crate) intent: String,
    pub(crate) sub_intent: String,
    pub(crate) customer_id: String,
    /// What the customer is called, where the file says.
    pub(crate) customer_name: Option<String>,
    /// What it is about, in a sentence, where the file says.
    pub(crate) summary: Option<String>,
    pub(crate) turns: Vec<Turn>,
    pub(crate) ending: Ending,
    /// What the customer thought of it, 1 to 5, where the recording says.
    pub(crate) rating: Option<u8>,
}

/// A line of the file. What is not needed is not read.
#[derive(Deserialize)]
struct Line {
    source_id: String,
    intent: String,
    #[serde(default)]
    sub_intent: Option<String>,
    #[serde(default)]
    customer_id: Option<String>,
    #[serde(default)]
    customer_name: Option<String>,
    #[serde(default)]
    summary: Option<String>,
    #[serde(default)]
    rating: Option<u8>,
    #[serde(default)]
    completion: Option<String>,
    #[serde(default)]
    customer_questionnaire: Vec<Question>,
    turns: Vec<LineTurn>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Question {
    question: String,
    answer: serde_json::Value,
}

#[derive(Deserialize)]
struct LineTurn {
    speaker: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    at: Option<i64>,
}

impl Script {
    /// How many of its first turns are the customer's.
    pub(crate) fn opening(&self) -> usize {
        self.turns
            .iter()
            .take_while(|turn| turn.side == Side::Customer)
            .count()
    }

    /// What one side says, in order.
    pub(crate) fn said_by(&self, side: Side) -> impl Iterator<Item = &Turn> {
        self.turns.iter().filter(move |turn| turn.side == side)
    }
}

impl From<Line> for Script {
    fn from(line: Line) -> Self {
        let answered = line
            .customer_questionnaire
            .iter()
            .find_map(Question::rating);
        let left = line
            .completion
            .is_some_and(|text| text.ends_with("DisconnectDuringDialogue"));
        Self {
            sub_intent: line.sub_intent.unwrap_or_else(|| line.intent.clone()),
            customer_id: line.customer_id.unwrap_or_else(|| line.source_id.clone()),
            customer_name: line.customer_name,
            summary: line.summary,
            source_id: line.source_id,
            intent: line.intent,
            turns: turns(line.turns),
            ending: if left {
                Ending::CustomerLeft
            } else {
                Ending::Complete
            },
            rating: line.rating.or(answered),
        }
    }
}

impl Question {
    /// The one question that asks for the agent's manner, in its several wordings.
    fn rating(&self) -> Option<u8> {
        if !self
            .question
            .ends_with("stay calm and helpful throughout the dialogue?")
        {
            return None;
        }
        Some(if self.answer.as_bool()? { 5 } else { 2 })
    }
}

/// Only what was said: not what was looked up or clicked, and nothing empty.
fn turns(lines: Vec<LineTurn>) -> Vec<Turn> {
    let mut turns: Vec<Turn> = Vec::new();
    for line in lines {
        let side = match line.speaker.as_str() {
            "customer" => Side::Customer,
            "agent" => Side::Agent,
            _ => continue,
        };
        let text: String = line.text.trim().chars().take(LONGEST_TEXT).collect();
        if text.is_empty() {
            continue;
        }
        let before = turns.last().map(|turn| turn.at);
        let at = line.at.or(before).unwrap_or_default();
        let pause = u64::try_from(at - before.unwrap_or(at)).unwrap_or_default();
        let nth = turns.iter().filter(|turn| turn.side == side).count() + 1;
        turns.push(Turn {
            side,
            text,
            pause_ms: pause * 1000,
            at,
            nth,
        });
    }
    turns
}

/// Reads one conversation a line.
pub(crate) fn parse(text: &str) -> anyhow::Result<Vec<Script>> {
    let lines = text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(index, line)| {
            let line: Line = serde_json::from_str(line)
                .with_context(|| format!("line {} is not a conversation", index + 1))?;
            Ok(line.into())
        })
        .collect()
}

/// The conversations of our own writing.
pub(crate) fn demo() -> anyhow::Result<Vec<Script>> {
    parse(DEMO).context("the demo's own conversations")
}

/// The conversations in play, by the name under which the company knows them.
///
/// A name may carry a suffix after `@` that tells one performance from another.
#[derive(Debug)]
pub(crate) struct Book {
    source: String,
    scripts: HashMap<String, Arc<Script>>,
}

impl Book {
    pub(crate) fn new(source: &str, scripts: impl IntoIterator<Item = Script>) -> Self {
        let scripts = scripts.into_iter();
        let scripts = scripts
            .map(|script| (script.source_id.clone(), Arc::new(script)))
            .collect();
        Self {
            source: source.to_owned(),
            scripts,
        }
    }

    /// The script of a ticket; `None` when it is none of ours.
    pub(crate) fn find(&self, source: &str, external_id: &str) -> Option<&Arc<Script>> {
        let name = external_id.split('@').next()?;
        self.scripts.get(name).filter(|_| source == self.source)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn script(json: &serde_json::Value) -> Script {
        parse(&json.to_string()).unwrap().remove(0)
    }

    #[test]
    fn only_what_was_said_is_played() {
        let script = script(&serde_json::json!({
            "source_id": "x:1", "intent": "bank", "turns": [
                {"speaker": "customer", "text": "Hello", "at": 100},
                {"speaker": "action", "text": "query", "at": 103},
                {"speaker": "action", "text": "result", "at": null},
                {"speaker": "agent", "text": "  ", "at": 104},
                {"speaker": "agent", "text": "Hi!", "at": 107},
                {"speaker": "agent", "text": "How are you?", "at": null},
                {"speaker": "customer", "text": "Well.", "at": 90},
            ]
        }));
        let said: Vec<_> = script
            .turns
            .iter()
            .map(|t| (t.side, t.text.as_str(), t.pause_ms, t.nth))
            .collect();
        assert_eq!(
            said,
            [
                (Side::Customer, "Hello", 0, 1),
                (Side::Agent, "Hi!", 7000, 1),
                (Side::Agent, "How are you?", 0, 2),
                (Side::Customer, "Well.", 0, 2),
            ]
        );
        assert_eq!(script.opening(), 1);
    }

    #[test]
    fn a_disconnect_during_the_questionnaire_is_a_whole_conversation() {
        let ending = |completion: &str| {
            script(&serde_json::json!({
                "source_id": "x:1", "intent": "bank", "completion": completion, "turns": []
            }))
            .ending
        };
        assert_eq!(ending("DisconnectDuringQuestionnaire"), Ending::Complete);
        assert_eq!(ending("DisconnectDuringDialogue"), Ending::CustomerLeft);
        assert_eq!(
            ending("EarlyDisconnectDuringDialogue"),
            Ending::CustomerLeft
        );
        assert_eq!(ending("Complete"), Ending::Complete);
    }

    #[test]
    fn a_line_that_cannot_be_read_is_named() {
        let error = parse("{\"source_id\":\"a\",\"intent\":\"b\",\"turns\":[]}\n\nnonsense");
        assert!(format!("{:#}", error.unwrap_err()).contains("line 3"));
    }

    #[test]
    fn a_performance_is_found_by_the_name_of_its_script() {
        let book = Book::new("demo", demo().unwrap());
        assert!(book.find("demo", "demo:1@1763769600").is_some());
        assert!(book.find("demo", "demo:1").is_some());
        assert!(book.find("star", "demo:1").is_none());
        assert!(book.find("demo", "demo:0").is_none());
    }

    #[test]
    fn our_own_conversations_are_fit_to_be_seen() {
        let scripts = demo().unwrap();
        assert_eq!(scripts.len(), 30);
        let ids: HashSet<_> = scripts.iter().map(|script| &script.source_id).collect();
        assert_eq!(ids.len(), scripts.len());
        for script in &scripts {
            let id = &script.source_id;
            assert!(
                (6..=14).contains(&script.turns.len()),
                "{id}: {}",
                script.turns.len()
            );
            assert_eq!(
                script.opening(),
                1,
                "{id} begins with one turn of the customer"
            );
            let alternating = script
                .turns
                .windows(2)
                .all(|pair| pair[0].side != pair[1].side);
            assert!(alternating, "{id}: the two take turns");
            assert!(
                !script.customer_id.is_empty() && script.rating.is_some(),
                "{id}"
            );
        }
        let texts: HashSet<_> = scripts
            .iter()
            .flat_map(|s| &s.turns)
            .map(|t| &t.text)
            .collect();
        let count: usize = scripts.iter().map(|script| script.turns.len()).sum();
        assert_eq!(texts.len(), count, "nobody says what another has said");
    }

    #[test]
    fn all_the_recorded_conversations_are_read() {
        let data = std::env::var("GIGDESK_DATA").unwrap_or_else(|_| {
            concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data").into()
        });
        let path = format!("{data}/conversations/star.jsonl");
        let Ok(text) = std::fs::read_to_string(&path) else {
            eprintln!("SKIPPED: {path} is not there; set GIGDESK_DATA to the data directory");
            return;
        };
        let scripts = parse(&text).unwrap();
        let count = |test: fn(&Script) -> bool| scripts.iter().filter(|s| test(s)).count();
        assert_eq!(scripts.len(), 1264);
        assert_eq!(scripts.iter().map(|s| s.turns.len()).sum::<usize>(), 23_754);
        assert_eq!(count(|s| s.ending == Ending::CustomerLeft), 221);
        assert_eq!(count(|s| s.opening() == s.turns.len()), 93);
        assert_eq!(count(|s| s.rating == Some(5)), 844 + 162 + 5);
        assert_eq!(count(|s| s.rating == Some(2)), 25 + 5 + 1);
        assert_eq!(count(|s| s.turns.is_empty()), 0);
    }
}
