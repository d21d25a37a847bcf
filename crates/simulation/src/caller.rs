//! Those who call the API, each with their own permission.

use reqwest::{Method, Response};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::client::{Api, Body, Call, Failure, read, unreadable};

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
        Self {
            api: api.clone(),
            identity: Identity::Nobody,
        }
    }

    pub(crate) fn machine(api: &Api, key: &str) -> Self {
        Self {
            api: api.clone(),
            identity: Identity::Machine(key.to_owned()),
        }
    }

    /// A person, who signs in when it is first needed.
    pub(crate) fn person(api: &Api, credentials: &Credentials) -> Self {
        let identity = Identity::Person(credentials.clone(), Mutex::new(None));
        Self {
            api: api.clone(),
            identity,
        }
    }

    /// A person who has just been given tokens.
    pub(crate) fn signed_in(api: &Api, credentials: &Credentials, tokens: Tokens) -> Self {
        let identity = Identity::Person(credentials.clone(), Mutex::new(Some(tokens)));
        Self {
            api: api.clone(),
            identity,
        }
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
        read(path, self.send(Call::new(method, path, body)).await?).await
    }

    /// The same request with the same key is done once, however often it is sent.
    pub(crate) async fn post_once<T: DeserializeOwned>(
        &self,
        path: &str,
        key: &str,
        body: &Value,
    ) -> Result<T, Failure> {
        let mut call = Call::new(Method::POST, path, Body::Json(body));
        call.header = Some(("Idempotency-Key", key));
        read(path, self.send(call).await?).await
    }

    /// The bytes of a file that is made on request.
    pub(crate) async fn download(&self, path: &str) -> Result<Vec<u8>, Failure> {
        let answer = self
            .send(Call::new(Method::POST, path, Body::Nothing))
            .await?;
        let bytes = answer
            .bytes()
            .await
            .map_err(|error| unreadable(path, error))?;
        Ok(bytes.to_vec())
    }

    /// Opens a stream of events, from after the last one seen.
    pub(crate) async fn events(
        &self,
        path: &str,
        last_id: Option<&str>,
    ) -> Result<Response, Failure> {
        let mut call = Call::new(Method::GET, path, Body::Nothing);
        call.header = last_id.map(|id| ("Last-Event-ID", id));
        call.stream = true;
        self.send(call).await
    }

    /// Sends it with our permission; where that has run out, renews it once.
    async fn send(&self, mut call: Call<'_>) -> Result<Response, Failure> {
        call.bearer = match &self.identity {
            Identity::Nobody => None,
            Identity::Machine(key) => Some(key.clone()),
            Identity::Person(person, tokens) => Some(self.token(person, tokens, None).await?),
        };
        match (&self.identity, self.api.send(&call).await) {
            (Identity::Person(person, tokens), Err(failure)) if failure.status() == Some(401) => {
                let renewed = self.token(person, tokens, call.bearer.as_deref()).await?;
                call.bearer = Some(renewed);
                self.api.send(&call).await
            }
            (_, answer) => answer,
        }
    }

    /// An access token other than the stale one. Where another task has renewed it meanwhile, it
    /// is theirs; else it is renewed, and where even that is refused the person signs in anew.
    async fn token(
        &self,
        person: &Credentials,
        tokens: &Mutex<Option<Tokens>>,
        stale: Option<&str>,
    ) -> Result<String, Failure> {
        let mut tokens = tokens.lock().await;
        let renewed = match &*tokens {
            Some(held) if stale != Some(held.access_token.as_str()) => {
                return Ok(held.access_token.clone());
            }
            Some(held) => {
                let body = json!({ "refresh_token": held.refresh_token });
                self.api.post("/sessions/refresh", &body).await.ok()
            }
            None => None,
        };
        let renewed: Tokens = match renewed {
            Some(renewed) => renewed,
            None => {
                let body = json!({ "email": person.email, "password": person.password });
                self.api.post("/sessions", &body).await?
            }
        };
        let token = renewed.access_token.clone();
        *tokens = Some(renewed);
        Ok(token)
    }
}
