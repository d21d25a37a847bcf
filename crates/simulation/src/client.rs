//! Requests to the public API, patient with a server that restarts.

use std::{fmt, time::Duration};

use chrono::{DateTime, Utc};
use reqwest::{
    Method, RequestBuilder, Response, StatusCode,
    header::{ACCEPT, CONTENT_TYPE, DATE, RETRY_AFTER},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use tokio::time::Instant;

use crate::patience::Patience;

/// How long one attempt may take. Streams are not bounded by it once they have begun.
const ATTEMPT: Duration = Duration::from_secs(30);
/// Shorter than the five seconds for which the server keeps an idle connection, so that a request
/// is not put on one that is just being closed.
const IDLE_CONNECTION: Duration = Duration::from_secs(4);

/// Why a request was not answered as hoped.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The platform refused it, and said why.
    #[error("{0}")]
    Refused(Box<Refusal>),
    /// No answer could be had, for longer than we are patient.
    #[error("{path} could not be reached")]
    Unreachable {
        /// What was asked for.
        path: String,
        /// The last thing that went wrong.
        source: reqwest::Error,
    },
    /// An answer came that is not what the contract promises.
    #[error("the answer to {path} cannot be read: {reason}")]
    Unreadable {
        /// What was asked for.
        path: String,
        /// What is wrong with the answer.
        reason: String,
    },
}

/// A problem document (RFC 9457), with the request it answers.
#[derive(Debug)]
pub struct Refusal {
    /// Method and path of the request.
    pub request: String,
    /// The HTTP status.
    pub status: u16,
    /// The stable name of the problem.
    pub code: String,
    /// What a person would read, with each field that is at fault.
    pub detail: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            request,
            status,
            code,
            detail,
        } = self;
        write!(f, "{request} was refused: {status} {code}: {detail}")
    }
}

impl Failure {
    /// The HTTP status of a refusal.
    pub(crate) fn status(&self) -> Option<u16> {
        match self {
            Self::Refused(refusal) => Some(refusal.status),
            Self::Unreachable { .. } | Self::Unreadable { .. } => None,
        }
    }

    /// Whether the state of things, rather than the request, is what stands in the way: it has
    /// been done already, or it is too late for it.
    pub(crate) fn is_conflict(&self) -> bool {
        self.status() == Some(409)
    }

    /// Whether it was refused for this reason.
    pub(crate) fn has_code(&self, code: &str) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.code == code)
    }

    /// Whether the thing is not ours to touch, or not any more.
    pub(crate) fn is_gone(&self) -> bool {
        matches!(self.status(), Some(403 | 404 | 409 | 410))
    }
}

/// The address of the platform, and the connections to it.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    http: reqwest::Client,
    base: String,
}

/// What a request carries.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Body<'a> {
    Nothing,
    Json(&'a Value),
    Csv(&'a str),
}

/// A request, whoever sends it.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub(crate) method: Method,
    pub(crate) path: &'a str,
    pub(crate) bearer: Option<String>,
    /// A header beside the usual ones.
    pub(crate) header: Option<(&'static str, &'a str)>,
    pub(crate) body: Body<'a>,
    /// Whether the answer is a stream, which may go on for ever.
    pub(crate) stream: bool,
}

impl<'a> Call<'a> {
    pub(crate) fn new(method: Method, path: &'a str, body: Body<'a>) -> Self {
        Self {
            method,
            path,
            bearer: None,
            header: None,
            body,
            stream: false,
        }
    }
}

impl Api {
    pub(crate) fn new(base_url: &str) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder()
            .no_proxy()
            .connect_timeout(Duration::from_secs(5))
            .pool_idle_timeout(IDLE_CONNECTION)
            .build()?;
        Ok(Self {
            http,
            base: format!("{}/api/v1", base_url.trim_end_matches('/')),
        })
    }

    /// The platform's time, in whole seconds: ours may differ, and is of no interest to it.
    pub(crate) async fn now(&self) -> Result<DateTime<Utc>, Failure> {
        let path = "/health";
        let answer = self
            .send(&Call::new(Method::GET, path, Body::Nothing))
            .await?;
        let date = answer
            .headers()
            .get(DATE)
            .and_then(|date| date.to_str().ok());
        date.and_then(|date| DateTime::parse_from_rfc2822(date).ok())
            .map(|date| date.to_utc())
            .ok_or_else(|| unreadable(path, "it has no Date"))
    }

    /// A request by nobody in particular.
    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &Value,
    ) -> Result<T, Failure> {
        let answer = self
            .send(&Call::new(Method::POST, path, Body::Json(body)))
            .await?;
        read(path, answer).await
    }

    /// Sends it until it is answered. A refusal is an answer, except where it says "later".
    pub(crate) async fn send(&self, call: &Call<'_>) -> Result<Response, Failure> {
        let mut patience = Patience::from(Instant::now());
        loop {
            let (wished, failure) = match self.request(call).send().await {
                Ok(answer) if answer.status().is_success() => return Ok(answer),
                Ok(answer) if is_passing(answer.status()) => {
                    (retry_after(&answer), refusal(call, answer).await)
                }
                Ok(answer) => {
                    let failure = refusal(call, answer).await;
                    if !is_in_flight(&failure) {
                        return Err(failure);
                    }
                    (None, failure)
                }
                Err(source) => {
                    let path = call.path.to_owned();
                    (None, Failure::Unreachable { path, source })
                }
            };
            let Some(pause) = patience.pause(Instant::now(), wished) else {
                return Err(failure);
            };
            tokio::time::sleep(pause).await;
        }
    }

    fn request(&self, call: &Call<'_>) -> RequestBuilder {
        let url = format!("{}{}", self.base, call.path);
        let mut request = self.http.request(call.method.clone(), url);
        if call.stream {
            request = request.header(ACCEPT, "text/event-stream");
        } else {
            request = request.timeout(ATTEMPT);
        }
        if let Some(bearer) = &call.bearer {
            request = request.bearer_auth(bearer);
        }
        if let Some((name, value)) = call.header {
            request = request.header(name, value);
        }
        match call.body {
            Body::Nothing => request,
            Body::Json(body) => request.json(body),
            Body::Csv(body) => request
                .header(CONTENT_TYPE, "text/csv")
                .body(body.to_owned()),
        }
    }
}

/// The answers that say nothing about the request itself: the server is busy, or on its way up.
fn is_passing(status: StatusCode) -> bool {
    matches!(status.as_u16(), 429 | 502 | 503 | 504)
}

/// An earlier attempt of ours is still being worked on.
fn is_in_flight(failure: &Failure) -> bool {
    failure.has_code("request_in_flight")
}

fn retry_after(answer: &Response) -> Option<Duration> {
    let seconds = answer
        .headers()
        .get(RETRY_AFTER)?
        .to_str()
        .ok()?
        .parse()
        .ok()?;
    Some(Duration::from_secs(seconds))
}

async fn refusal(call: &Call<'_>, answer: Response) -> Failure {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Problem {
        code: String,
        detail: String,
        errors: Vec<Field>,
    }
    #[derive(Deserialize)]
    struct Field {
        field: String,
        message: String,
    }
    let status = answer.status().as_u16();
    let problem: Problem = answer.json().await.unwrap_or_default();
    let mut detail = problem.detail;
    for Field { field, message } in problem.errors {
        detail = format!("{detail}; {field} {message}");
    }
    Failure::Refused(Box::new(Refusal {
        request: format!("{} {}", call.method, call.path),
        status,
        code: problem.code,
        detail,
    }))
}

pub(crate) fn unreadable(path: &str, reason: &(impl ToString + ?Sized)) -> Failure {
    Failure::Unreadable {
        path: path.to_owned(),
        reason: reason.to_string(),
    }
}

/// Reads an answer. An empty one is read as `null`, so that it can be ignored like any other.
pub(crate) async fn read<T: DeserializeOwned>(path: &str, answer: Response) -> Result<T, Failure> {
    let bytes = answer
        .bytes()
        .await
        .map_err(|error| unreadable(path, &error))?;
    let json: &[u8] = if bytes.is_empty() { b"null" } else { &bytes };
    serde_json::from_slice(json).map_err(|error| unreadable(path, &error))
}
