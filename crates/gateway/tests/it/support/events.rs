//! Server-sent events, as somebody receives them.

use std::time::Duration;

use reqwest::{Method, Response};
use serde_json::Value;
use tokio::time::timeout;

use super::Visitor;

/// An event of ours arrives within a second; a busy machine gets more.
pub const SOON: Duration = Duration::from_secs(5);

/// One event.
#[derive(Clone, Debug)]
pub struct Received {
    pub name: String,
    pub id: String,
    pub data: Value,
}

/// An open stream.
pub struct EventStream {
    response: Response,
    unread: Vec<u8>,
}

impl Visitor {
    /// Opens a stream at this address.
    pub async fn listen(&self, path: &str) -> EventStream {
        self.listen_after(path, None).await
    }

    /// Opens it again, having seen the event with this id.
    pub async fn listen_after(&self, path: &str, last: Option<&str>) -> EventStream {
        let mut request = self
            .request(Method::GET, path)
            .timeout(Duration::from_mins(3));
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        EventStream {
            response,
            unread: Vec::new(),
        }
    }
}

impl EventStream {
    /// The next event of this name, which must come soon.
    pub async fn named(&mut self, name: &str) -> Received {
        self.until(name, |event| event.name == name).await
    }

    /// The next event; none when the stream has ended.
    pub async fn next(&mut self) -> Option<Received> {
        loop {
            if let Some(end) = self.unread.windows(2).position(|pair| pair == b"\n\n") {
                let block: Vec<u8> = self.unread.drain(..end + 2).collect();
                if let Some(event) = parse(std::str::from_utf8(&block).unwrap()) {
                    return Some(event);
                }
                continue;
            }
            let chunk = timeout(SOON * 3, self.response.chunk()).await;
            match chunk.expect("a stream says every ten seconds that it lives") {
                Ok(Some(bytes)) => self.unread.extend_from_slice(&bytes),
                Ok(None) | Err(_) => return None,
            }
        }
    }

    /// The first event of which this is true, which must come soon.
    pub async fn until(&mut self, what: &str, is_it: impl Fn(&Received) -> bool) -> Received {
        let mut seen = Vec::new();
        let search = async {
            loop {
                let event = self.next().await.expect("the stream goes on");
                if is_it(&event) {
                    return event;
                }
                seen.push(event);
            }
        };
        let found = timeout(SOON, search).await;
        found.unwrap_or_else(|_| panic!("{what} did not come; but these: {seen:#?}"))
    }

    /// Reads on to the end, which must come soon.
    pub async fn assert_ends(&mut self) {
        let reading = async { while self.next().await.is_some() {} };
        let ended = timeout(SOON, reading).await;
        assert!(ended.is_ok(), "the stream goes on");
    }
}

/// Comments and the line that says when to come back are no events.
fn parse(block: &str) -> Option<Received> {
    let field = |name: &str| {
        let of_it = |line: &'_ str| line.strip_prefix(name).map(str::to_owned);
        block.lines().find_map(of_it)
    };
    Some(Received {
        name: field("event: ")?,
        id: field("id: ")?,
        data: serde_json::from_str(&field("data: ")?).unwrap(),
    })
}
