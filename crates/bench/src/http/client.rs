//! A small HTTP/1.1 client that keeps its connection: a load generator must not be what is slow.

use std::{io, time::Duration};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
    time::timeout,
};

/// A request that takes longer has failed.
const PATIENCE: Duration = Duration::from_secs(15);
/// No answer that we ask for is longer.
const BODY_BYTES: usize = 4 << 20;

/// One request.
#[derive(Clone, Debug)]
pub struct Request {
    /// `GET`, `POST`, …
    pub method: &'static str,
    /// With its query.
    pub path: String,
    /// The bearer token or machine key.
    pub bearer: String,
    /// The `Idempotency-Key`, where the operation takes one.
    pub key: Option<String>,
    /// JSON; empty for none.
    pub body: String,
}

impl Request {
    /// A read.
    pub fn get(path: impl Into<String>, bearer: &str) -> Self {
        Self {
            method: "GET",
            path: path.into(),
            bearer: bearer.to_owned(),
            key: None,
            body: String::new(),
        }
    }

    /// A write.
    pub fn post(path: impl Into<String>, bearer: &str, body: impl Into<String>) -> Self {
        Self {
            method: "POST",
            body: body.into(),
            ..Self::get(path, bearer)
        }
    }

    /// The same under an idempotency key.
    #[must_use]
    pub fn named(self, key: impl Into<String>) -> Self {
        Self {
            key: Some(key.into()),
            ..self
        }
    }

    fn bytes(&self, port: u16) -> Vec<u8> {
        let Self {
            method,
            path,
            bearer,
            body,
            ..
        } = self;
        let key = self
            .key
            .as_ref()
            .map_or_else(String::new, |key| format!("idempotency-key: {key}\r\n"));
        let length = body.len();
        format!(
            "{method} /api/v1{path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n\
             authorization: Bearer {bearer}\r\n{key}content-type: application/json\r\n\
             content-length: {length}\r\n\r\n{body}"
        )
        .into_bytes()
    }
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// Whether it was done.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body as text, for a person.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON, if it was done.
    pub fn json(&self) -> Result<Value> {
        if !self.is_success() {
            bail!("{}: {}", self.status, self.text());
        }
        serde_json::from_slice(&self.body).context("an answer that is not JSON")
    }
}

/// A connection to one node.
#[derive(Debug)]
pub struct Client {
    port: u16,
    stream: BufReader<TcpStream>,
}

impl Client {
    /// Connects.
    pub async fn connect(port: u16) -> io::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            port,
            stream: BufReader::with_capacity(16 << 10, stream),
        })
    }

    /// Sends a request and reads the whole answer. After an error the connection is of no use.
    pub async fn send(&mut self, request: &Request) -> io::Result<Answer> {
        timeout(PATIENCE, async {
            self.begin(request).await.map(drop)?;
            let (status, length) = self.head().await?;
            let mut body = vec![0; length];
            self.stream.read_exact(&mut body).await?;
            Ok(Answer { status, body })
        })
        .await?
    }

    /// Opens a stream of events, and reads it until the connection ends.
    pub async fn listen(mut self, request: Request) -> io::Result<u64> {
        self.begin(&request).await?;
        let mut read = 0;
        let mut scratch = [0; 4096];
        loop {
            match self.stream.read(&mut scratch).await? {
                0 => return Ok(read),
                count => read += u64::try_from(count).unwrap_or(0),
            }
        }
    }

    async fn begin(&mut self, request: &Request) -> io::Result<()> {
        self.stream
            .get_mut()
            .write_all(&request.bytes(self.port))
            .await
    }

    /// The status, and how long the body is.
    async fn head(&mut self) -> io::Result<(u16, usize)> {
        let mut status = None;
        let mut length = 0;
        let mut line = String::new();
        loop {
            line.clear();
            if self.stream.read_line(&mut line).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let text = line.trim_end();
            if text.is_empty() {
                break;
            }
            if status.is_none() {
                status = text.split(' ').nth(1).and_then(|code| code.parse().ok());
                continue;
            }
            if let Some((name, value)) = text.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().unwrap_or(0);
            }
        }
        let status = status.ok_or(io::ErrorKind::InvalidData)?;
        if length > BODY_BYTES {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok((status, length))
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn a_connection_carries_one_answer_after_the_other() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let answers = [
                "HTTP/1.1 201 Created\r\nContent-Length: 9\r\n\r\n{\"id\": 1}",
                "HTTP/1.1 409 Conflict\r\ncontent-length: 2\r\n\r\n{}",
            ];
            let mut scratch = [0; 4096];
            let mut heard = String::new();
            for answer in answers {
                let count = stream.read(&mut scratch).await.unwrap();
                heard.push_str(std::str::from_utf8(&scratch[..count]).unwrap());
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
            heard
        });
        let mut client = Client::connect(port).await.unwrap();
        let request = Request::post("/escalations", "gdk_x", "{}").named("one");

        let first = client.send(&request).await.unwrap();
        let second = client.send(&request).await.unwrap();

        assert_eq!(first.json().unwrap()["id"], 1);
        assert!(second.json().unwrap_err().to_string().starts_with("409"));
        let heard = server.await.unwrap();
        assert!(heard.starts_with("POST /api/v1/escalations HTTP/1.1\r\n"));
        assert!(heard.contains("idempotency-key: one\r\n"));
    }
}
