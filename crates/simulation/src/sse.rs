//! Server-sent events: a parser that does not mind where chunks end, and a stream that is opened
//! again whenever it breaks.

use std::{collections::VecDeque, pin::Pin, sync::Arc, time::Duration};

use futures_util::{Stream, StreamExt as _};
use tokio::time::{Instant, sleep, timeout_at};

use crate::{caller::Caller, client::Failure};

/// The server sends a comment every ten seconds. One that is silent for longer than this is gone.
const SILENCE: Duration = Duration::from_secs(25);
/// A line longer than this is nobody's event.
const LONGEST_LINE: usize = 4 * 1024 * 1024;
const BEFORE_REOPENING: Duration = Duration::from_millis(150);

/// One event.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Event {
    /// Its kind; `message` where the server gave none.
    pub(crate) name: String,
    pub(crate) data: String,
    /// The last id that the stream has given, with this event or before it.
    pub(crate) id: Option<String>,
}

/// Reads events out of bytes, however these are cut.
#[derive(Debug, Default)]
pub(crate) struct Parser {
    line: Vec<u8>,
    /// Whether the last byte was CR, so that an LF after it ends nothing.
    after_cr: bool,
    name: String,
    data: Option<String>,
    id: Option<String>,
}

impl Parser {
    /// Takes the next bytes; gives the events that are whole now.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Vec<Event> {
        let mut events = Vec::new();
        for &byte in bytes {
            match byte {
                b'\n' if self.after_cr => {}
                b'\n' | b'\r' => events.extend(self.end_line()),
                _ if self.line.len() < LONGEST_LINE => self.line.push(byte),
                _ => {}
            }
            self.after_cr = byte == b'\r';
        }
        events
    }

    fn end_line(&mut self) -> Option<Event> {
        let line = std::mem::take(&mut self.line);
        let line = String::from_utf8_lossy(&line);
        let line = line.strip_prefix('\u{feff}').unwrap_or(&line);
        if line.is_empty() {
            return self.end_event();
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.name),
            "id" => self.id = Some(value.to_owned()),
            "data" => match &mut self.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                None => self.data = Some(value.to_owned()),
            },
            _ => {}
        }
        None
    }

    /// An empty line ends an event; one without data is none.
    fn end_event(&mut self) -> Option<Event> {
        let mut name = std::mem::take(&mut self.name);
        let data = self.data.take()?;
        if name.is_empty() {
            "message".clone_into(&mut name);
        }
        Some(Event {
            name,
            data,
            id: self.id.clone(),
        })
    }
}

type Chunks = Pin<Box<dyn Stream<Item = reqwest::Result<Vec<u8>>> + Send>>;

/// The events at one address, for as long as somebody listens.
pub(crate) struct Events {
    caller: Arc<Caller>,
    path: String,
    last_id: Option<String>,
    open: Option<(Chunks, Parser)>,
    heard_at: Instant,
    ready: VecDeque<Event>,
}

impl Events {
    pub(crate) fn new(caller: &Arc<Caller>, path: String) -> Self {
        Self {
            caller: Arc::clone(caller),
            path,
            last_id: None,
            open: None,
            heard_at: Instant::now(),
            ready: VecDeque::new(),
        }
    }

    /// Leaves out what has been read by other means already.
    pub(crate) fn resume_after(&mut self, number: u64) {
        self.last_id = Some(number.to_string());
    }

    /// The next event. `None` when there was none within the time: whoever listens then asks for
    /// the state of things, so that a lost event delays, and never stops, anything.
    pub(crate) async fn next(&mut self, within: Duration) -> Result<Option<Event>, Failure> {
        let deadline = Instant::now() + within;
        loop {
            if let Some(event) = self.ready.pop_front() {
                self.last_id.clone_from(&event.id);
                return Ok(Some(event));
            }
            let Some((chunks, parser)) = &mut self.open else {
                self.reopen().await?;
                continue;
            };
            let patient_until = deadline.min(self.heard_at + SILENCE);
            match timeout_at(patient_until, chunks.next()).await {
                Ok(Some(Ok(chunk))) => {
                    self.heard_at = Instant::now();
                    self.ready.extend(parser.push(&chunk));
                }
                Err(_) if Instant::now() >= deadline => return Ok(None),
                // The stream has ended, or is as good as ended.
                _ => self.close().await,
            }
        }
    }

    async fn close(&mut self) {
        self.open = None;
        sleep(BEFORE_REOPENING).await;
    }

    async fn reopen(&mut self) -> Result<(), Failure> {
        let answer = self
            .caller
            .events(&self.path, self.last_id.as_deref())
            .await?;
        let chunks = answer
            .bytes_stream()
            .map(|chunk| chunk.map(|bytes| bytes.to_vec()));
        let mut parser = Parser::default();
        parser.id.clone_from(&self.last_id);
        self.open = Some((Box::pin(chunks), parser));
        self.heard_at = Instant::now();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        client::Api,
        testing::{Platform, stream},
    };

    const STREAM: &str = ": keep-alive\n\nevent: desk\ndata: {\"a\":1}\n\n\
        id: 7\r\nevent: message\r\ndata: first\r\ndata:second\r\n\r\n\
        retry: 10\nevent: nothing\n\ndata\n\nid: 8\ndata: Grüße – 你好\n\n";

    fn event(name: &str, data: &str, id: Option<&str>) -> Event {
        Event {
            name: name.to_owned(),
            data: data.to_owned(),
            id: id.map(ToOwned::to_owned),
        }
    }

    fn whole() -> Vec<Event> {
        vec![
            event("desk", "{\"a\":1}", None),
            event("message", "first\nsecond", Some("7")),
            event("message", "", Some("7")),
            event("message", "Grüße – 你好", Some("8")),
        ]
    }

    #[test]
    fn a_stream_is_read_by_the_rules_of_the_standard() {
        assert_eq!(Parser::default().push(STREAM.as_bytes()), whole());
    }

    #[test]
    fn an_event_without_its_empty_line_is_not_yet_one() {
        let mut parser = Parser::default();
        assert_eq!(parser.push(b"data: half"), []);
        assert_eq!(parser.push(b"\n"), []);
        assert_eq!(parser.push(b"\n"), [event("message", "half", None)]);
    }

    #[test]
    fn a_lone_carriage_return_ends_a_line() {
        let mut parser = Parser::default();
        assert_eq!(parser.push(b"data: a\r\rdata: b\r\r").len(), 2);
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_first_field() {
        let mut parser = Parser::default();
        let events = parser.push("\u{feff}data: a\n\n".as_bytes());
        assert_eq!(events, [event("message", "a", None)]);
    }

    #[tokio::test]
    async fn a_broken_stream_is_opened_again_after_the_last_event() {
        let first = "id: 1\ndata: one\n\nid: 2\ndata: two\n\nid: 3\ndata: thr";
        let answers = vec![stream(first), stream("id: 3\ndata: three\n\n")];
        let platform = Platform::answering(answers).await;
        let api = Api::new(&platform.url).unwrap();
        let mut events = Events::new(&Arc::new(Caller::nobody(&api)), "/events".to_owned());
        let mut read = Vec::new();
        for _ in 0..3 {
            read.push(
                events
                    .next(Duration::from_secs(5))
                    .await
                    .unwrap()
                    .unwrap()
                    .data,
            );
        }
        assert_eq!(read, ["one", "two", "three"]);
        let asked = platform.asked();
        assert!(
            !asked[0].to_lowercase().contains("last-event-id"),
            "{}",
            asked[0]
        );
        assert!(
            asked[1].to_lowercase().contains("last-event-id: 2"),
            "{}",
            asked[1]
        );
    }

    proptest! {
        #[test]
        fn it_does_not_matter_where_chunks_end(cuts in prop::collection::vec(1_usize..9, 0..80)) {
            let mut rest = STREAM.as_bytes();
            let (mut parser, mut events) = (Parser::default(), Vec::new());
            for cut in cuts {
                let (chunk, after) = rest.split_at(cut.min(rest.len()));
                events.extend(parser.push(chunk));
                rest = after;
            }
            events.extend(parser.push(rest));
            prop_assert_eq!(events, whole());
        }

        #[test]
        fn any_bytes_at_all_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            Parser::default().push(&bytes);
        }
    }
}
