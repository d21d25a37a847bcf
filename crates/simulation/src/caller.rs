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
            .map_err(|error| unreadable(path, &error))?;
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
        let renewed: Tokens = if let Some(renewed) = renewed {
            renewed
        } else {
            let body = json!({ "email": person.email, "password": person.password });
            self.api.post("/sessions", &body).await?
        };
        let token = renewed.access_token.clone();
        *tokens = Some(renewed);
        Ok(token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Platform, answer};

    fn ada() -> Credentials {
        Credentials {
            email: "ada@demo.example".into(),
            password: "correct horse".into(),
            display_name: "Ada".into(),
        }
    }

    fn ok(body: &str) -> String {
        answer("200 OK", "content-type: application/json\r\n", body)
    }

    fn refused(status: &str, header: &str, body: &str) -> String {
        let header = format!("{header}content-type: application/problem+json\r\n");
        answer(status, &header, body)
    }

    fn tokens(name: &str) -> String {
        ok(&format!(
            "{{\"access_token\":\"{name}\",\"refresh_token\":\"{name}-next\"}}"
        ))
    }

    fn unauthorized() -> String {
        refused("401 Unauthorized", "", "{\"code\":\"not_signed_in\"}")
    }

    async fn platform(answers: Vec<String>) -> (Platform, Api) {
        let platform = Platform::answering(answers).await;
        let api = Api::new(&platform.url).unwrap();
        (platform, api)
    }

    #[tokio::test]
    async fn a_request_is_sent_until_it_is_answered() {
        let busy = refused("503 Service Unavailable", "retry-after: 0\r\n", "{}");
        let limited = refused("429 Too Many Requests", "retry-after: 0\r\n", "{}");
        let in_flight = refused("409 Conflict", "", "{\"code\":\"request_in_flight\"}");
        let answers = vec![
            String::new(),
            busy,
            limited,
            in_flight,
            ok("{\"id\":\"tkt_1\"}"),
        ];
        let (platform, api) = platform(answers).await;
        let assistant = Caller::machine(&api, "gdk_1");
        let body = json!({ "source": "star" });
        let ticket: Value = assistant
            .post_once("/escalations", "star/1", &body)
            .await
            .unwrap();
        assert_eq!(ticket["id"], "tkt_1");
        let asked = platform.asked();
        assert_eq!(asked.len(), 5);
        for request in asked {
            let request = request.to_lowercase();
            assert!(request.starts_with("post /api/v1/escalations"), "{request}");
            assert!(request.contains("idempotency-key: star/1"), "{request}");
            assert!(request.contains("authorization: bearer gdk_1"), "{request}");
            assert!(request.ends_with("{\"source\":\"star\"}"), "{request}");
        }
    }

    #[tokio::test]
    async fn a_refusal_is_not_asked_again_and_names_the_fields() {
        let problem = "{\"code\":\"invalid\",\"detail\":\"not valid\",\
            \"errors\":[{\"field\":\"score\",\"message\":\"must be 1 to 5\"}]}";
        let answers = vec![refused("422 Unprocessable Content", "", problem)];
        let (platform, api) = platform(answers).await;
        let customer = Caller::nobody(&api);
        let failure = customer.post::<Value>("/x", &json!({})).await.unwrap_err();
        assert_eq!(failure.status(), Some(422));
        assert!(
            failure.to_string().contains("score must be 1 to 5"),
            "{failure}"
        );
        assert_eq!(platform.asked().len(), 1);
    }

    #[tokio::test]
    async fn a_token_that_has_run_out_is_renewed() {
        let answers = vec![tokens("one"), unauthorized(), tokens("two"), ok("{}")];
        let (platform, api) = platform(answers).await;
        Caller::person(&api, &ada())
            .get::<Value>("/desk")
            .await
            .unwrap();
        let asked = platform.asked();
        assert!(asked[0].contains("/api/v1/sessions ") && asked[0].contains("correct horse"));
        assert!(asked[1].contains("Bearer one"), "{}", asked[1]);
        assert!(asked[2].contains("/sessions/refresh") && asked[2].contains("one-next"));
        assert!(asked[3].contains("Bearer two"), "{}", asked[3]);
    }

    #[tokio::test]
    async fn who_cannot_renew_a_token_signs_in_anew() {
        let answers = vec![
            tokens("one"),
            unauthorized(),
            unauthorized(),
            tokens("two"),
            ok("{}"),
        ];
        let (platform, api) = platform(answers).await;
        Caller::person(&api, &ada())
            .get::<Value>("/desk")
            .await
            .unwrap();
        assert!(platform.asked()[3].contains("correct horse"));
    }

    #[tokio::test]
    async fn an_empty_answer_can_be_ignored() {
        let (_platform, api) = platform(vec![answer("204 No Content", "", "")]).await;
        Caller::nobody(&api)
            .step::<serde::de::IgnoredAny>("/x")
            .await
            .unwrap();
    }
}
