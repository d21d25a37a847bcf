//! Requests to the public API, patient with a server that restarts.

use std::{fmt, time::Duration};

use chrono::{DateTime, Utc};
use reqwest::{
    Method, RequestBuilder, Response, StatusCode,
    header::{ACCEPT, CONTENT_TYPE, DATE, RETRY_AFTER},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use tokio::{sync::Mutex, time::Instant};

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
        let Self { request, status, code, detail } = self;
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

/// A header and its value.
pub(crate) type Header<'a> = (&'static str, &'a str);

#[derive(Debug)]
struct Call<'a> {
    method: Method,
    path: &'a str,
    bearer: Option<String>,
    headers: &'a [Header<'a>],
    body: Body<'a>,
    /// Whether the answer is a stream, which may go on for ever.
    stream: bool,
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
        let call = Call {
            method: Method::GET,
            path,
            bearer: None,
            headers: &[],
            body: Body::Nothing,
            stream: false,
        };
        let answer = self.send(&call).await?;
        let date = answer.headers().get(DATE).and_then(|date| date.to_str().ok());
        date.and_then(|date| DateTime::parse_from_rfc2822(date).ok())
            .map(|date| date.to_utc())
            .ok_or_else(|| unreadable(path, "it has no Date"))
    }

    /// Sends it until it is answered. A refusal is an answer, except where it says "later".
    async fn send(&self, call: &Call<'_>) -> Result<Response, Failure> {
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
        for (name, value) in call.headers {
            request = request.header(*name, *value);
        }
        match call.body {
            Body::Nothing => request,
            Body::Json(body) => request.json(body),
            Body::Csv(body) => request.header(CONTENT_TYPE, "text/csv").body(body.to_owned()),
        }
    }
}

/// The answers that say nothing about the request itself: the server is busy, or on its way up.
fn is_passing(status: StatusCode) -> bool {
    matches!(status.as_u16(), 429 | 502 | 503 | 504)
}

/// An earlier attempt of ours is still being worked on.
fn is_in_flight(failure: &Failure) -> bool {
    matches!(failure, Failure::Refused(refusal) if refusal.code.ends_with("in_flight"))
}

fn retry_after(answer: &Response) -> Option<Duration> {
    let seconds = answer.headers().get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
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

fn unreadable(path: &str, reason: impl ToString) -> Failure {
    Failure::Unreadable {
        path: path.to_owned(),
        reason: reason.to_string(),
    }
}

/// How a person signs in.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The address they sign in with.
    pub email: String,
    /// Their password.
    pub password: String,
    /// What others call them.
    pub display_name: String,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Tokens {
    access_token: String,
    refresh_token: String,
}

#[derive(Debug)]
enum Identity {
    /// A customer: their link is their permission.
    Nobody,
    /// One of the company's systems.
    Machine(String),
    Person(Credentials, Mutex<Option<Tokens>>),
}

/// Somebody who calls the API.
#[derive(Debug)]
pub(crate) struct Caller {
    api: Api,
    identity: Identity,
}

impl Caller {
    pub(crate) fn nobody(api: &Api) -> Self {
        Self { api: api.clone(), identity: Identity::Nobody }
    }

    pub(crate) fn machine(api: &Api, key: &str) -> Self {
        Self { api: api.clone(), identity: Identity::Machine(key.to_owned()) }
    }

    /// A person, who signs in when it is first needed.
    pub(crate) fn person(api: &Api, credentials: &Credentials) -> Self {
        let identity = Identity::Person(credentials.clone(), Mutex::new(None));
        Self { api: api.clone(), identity }
    }

    /// A person who has just been given tokens.
    pub(crate) fn signed_in(api: &Api, credentials: &Credentials, tokens: Tokens) -> Self {
        let identity = Identity::Person(credentials.clone(), Mutex::new(Some(tokens)));
        Self { api: api.clone(), identity }
    }

    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        self.call(Method::GET, path, Body::Nothing).await
    }

    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &Value,
    ) -> Result<T, Failure> {
        self.call(Method::POST, path, Body::Json(body)).await
    }

    /// A step that needs no words, such as accepting an offer.
    pub(crate) async fn step<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        self.call(Method::POST, path, Body::Nothing).await
    }

    pub(crate) async fn put<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &Value,
    ) -> Result<T, Failure> {
        self.call(Method::PUT, path, Body::Json(body)).await
    }

    pub(crate) async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Body<'_>,
    ) -> Result<T, Failure> {
        let answer = self.send(method, path, body, &[]).await?;
        read(path, answer).await
    }

    /// The same request with the same key is done once, however often it is sent.
    pub(crate) async fn post_once<T: DeserializeOwned>(
        &self,
        path: &str,
        key: &str,
        body: &Value,
    ) -> Result<T, Failure> {
        let headers = [("Idempotency-Key", key)];
        let answer = self.send(Method::POST, path, Body::Json(body), &headers).await?;
        read(path, answer).await
    }

    /// The bytes of a file that is made on request.
    pub(crate) async fn download(&self, path: &str) -> Result<Vec<u8>, Failure> {
        let answer = self.send(Method::POST, path, Body::Nothing, &[]).await?;
        let bytes = answer.bytes().await.map_err(|error| unreadable(path, error))?;
        Ok(bytes.to_vec())
    }

    /// Opens a stream of events, from after the last one seen.
    pub(crate) async fn events(
        &self,
        path: &str,
        last_id: Option<&str>,
    ) -> Result<Response, Failure> {
        let header = last_id.map(|id| ("Last-Event-ID", id));
        let headers: &[Header<'_>] = header.as_slice();
        self.send_as(path, |bearer| Call {
            method: Method::GET,
            path,
            bearer,
            headers,
            body: Body::Nothing,
            stream: true,
        })
        .await
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Body<'_>,
        headers: &[Header<'_>],
    ) -> Result<Response, Failure> {
        self.send_as(path, |bearer| Call {
            method: method.clone(),
            path,
            bearer,
            headers,
            body,
            stream: false,
        })
        .await
    }

    /// Sends it with our permission; where that has run out, renews it once.
    async fn send_as<'a>(
        &self,
        path: &str,
        call: impl Fn(Option<String>) -> Call<'a>,
    ) -> Result<Response, Failure> {
        let bearer = match &self.identity {
            Identity::Nobody => None,
            Identity::Machine(key) => Some(key.clone()),
            Identity::Person(..) => Some(self.access_token(None).await?),
        };
        let answer = self.api.send(&call(bearer.clone())).await;
        match (&self.identity, answer) {
            (Identity::Person(..), Err(failure)) if failure.status() == Some(401) => {
                tracing::debug!(path, "the access token has run out");
                let renewed = self.access_token(bearer.as_deref()).await?;
                self.api.send(&call(Some(renewed))).await
            }
            (_, answer) => answer,
        }
    }

    /// A token other than the stale one. Where another task has renewed it meanwhile, it is
    /// theirs; else it is renewed, and where even that is refused we sign in anew.
    async fn access_token(&self, stale: Option<&str>) -> Result<String, Failure> {
        let Identity::Person(credentials, tokens) = &self.identity else {
            return Ok(String::new());
        };
        let mut tokens = tokens.lock().await;
        let renewed = match &*tokens {
            Some(held) if stale != Some(held.access_token.as_str()) => {
                return Ok(held.access_token.clone());
            }
            Some(held) => self.refreshed(&held.refresh_token).await,
            None => None,
        };
        let renewed = match renewed {
            Some(renewed) => renewed,
            None => sign_in(&self.api, credentials).await?,
        };
        let token = renewed.access_token.clone();
        *tokens = Some(renewed);
        Ok(token)
    }

    async fn refreshed(&self, refresh_token: &str) -> Option<Tokens> {
        let body = json!({ "refresh_token": refresh_token });
        post(&self.api, "/sessions/refresh", &body).await.ok()
    }
}

async fn sign_in(api: &Api, credentials: &Credentials) -> Result<Tokens, Failure> {
    let body = json!({ "email": credentials.email, "password": credentials.password });
    post(api, "/sessions", &body).await
}

/// A request by nobody in particular.
async fn post<T: DeserializeOwned>(api: &Api, path: &str, body: &Value) -> Result<T, Failure> {
    Caller::nobody(api).post(path, body).await
}

/// Reads an answer. An empty one is read as `null`, so that it can be ignored like any other.
async fn read<T: DeserializeOwned>(path: &str, answer: Response) -> Result<T, Failure> {
    let bytes = answer.bytes().await.map_err(|error| unreadable(path, error))?;
    let json: &[u8] = if bytes.is_empty() { b"null" } else { &bytes };
    serde_json::from_slice(json).map_err(|error| unreadable(path, error))
}
