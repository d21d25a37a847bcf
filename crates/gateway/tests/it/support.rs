//! A platform of a test's own, and people who use it.

pub mod company;
pub mod events;
pub mod floor;

use std::{
    cell::RefCell,
    sync::{Arc, OnceLock},
    time::Duration,
};

use clap::Parser;
use db::{Db, testing::TestDatabase};
use gateway::{app::Application, secrets::Secrets, settings::Settings, state::State};
use identity::{Account, NewAccount, PasswordHash};
use kernel::Role;
use mail::Mailer;
use reqwest::{Client, Method, RequestBuilder, redirect::Policy};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// Everybody's password.
pub const PASSWORD: &str = "three blue herons wading";

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    settings: Settings,
}

/// A platform with a database of its own, served on a free port.
pub struct TestApp {
    /// Where it is, such as `http://127.0.0.1:40123`.
    pub origin: String,
    /// The door to its database.
    pub db: Db,
    /// Its database, for statements of a test's own.
    pub database: TestDatabase,
    pub client: Client,
    /// What the platform keeps in files.
    pub directory: TempDir,
    outside: workflows::Outside,
    shutdown: CancellationToken,
    people: RefCell<u32>,
}

impl TestApp {
    /// Starts one.
    pub async fn spawn() -> Self {
        Self::spawn_with(&[]).await
    }

    /// Starts one with some settings, as on the command line.
    #[expect(
        clippy::unused_async,
        reason = "what starts may have to wait one day, and no test should change then"
    )]
    pub async fn spawn_with(arguments: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut database = TestDatabase::create();
        let db = database.db();
        let data_dir = directory.path().to_str().unwrap();
        let base = ["gigdesk", "--data-dir", data_dir];
        let line = Line::try_parse_from(base.iter().chain(arguments)).unwrap();
        let secrets = Secrets::load(&line.settings).unwrap();
        let outside = line.settings.outside().unwrap();
        let state = State::new(db.clone(), secrets, line.settings).unwrap();
        let shutdown = state.shutdown.clone();
        let application = Application::build(state, "127.0.0.1:0".parse().unwrap()).unwrap();
        let origin = format!("http://127.0.0.1:{}", application.port());
        actix_web::rt::spawn(application.run());
        let client = Client::builder()
            .redirect(Policy::none())
            .timeout(Duration::from_secs(30))
            .build()
            .unwrap();
        let people = RefCell::new(0);
        Self {
            origin,
            db,
            database,
            client,
            directory,
            outside,
            shutdown,
            people,
        }
    }

    /// Starts another node on the same database, with the same secret and doors of its own.
    /// Returns where it is.
    pub fn another_node(&self) -> String {
        let data_dir = self.directory.path().to_str().unwrap();
        let line = Line::parse_from(["gigdesk", "--data-dir", data_dir]);
        let url = self.database.url();
        let db = Db::connect(&db::Settings { url, pool_size: 8 }).unwrap();
        let secrets = Secrets::load(&line.settings).unwrap();
        let mut state = State::new(db, secrets, line.settings).unwrap();
        state.shutdown = self.shutdown.clone();
        let application = Application::build(state, "127.0.0.1:0".parse().unwrap()).unwrap();
        let origin = format!("http://127.0.0.1:{}", application.port());
        actix_web::rt::spawn(application.run());
        origin
    }

    /// Starts one whose worker works, too; letters go into the outbox.
    pub async fn at_work() -> Self {
        let app = Self::spawn().await;
        app.work(app.outside.clone());
        app
    }

    /// Starts one whose worker works, too, and says where its letters can be read.
    pub async fn with_mailbox() -> (Self, Mailer) {
        let app = Self::spawn().await;
        let from = "Gigdesk <gigdesk@localhost>".to_owned();
        let mailer = Mailer::new(&mail::Settings::Memory { from }).unwrap();
        app.work(workflows::Outside {
            mailer: Arc::new(mailer.clone()),
            ..app.outside.clone()
        });
        (app, mailer)
    }

    fn work(&self, outside: workflows::Outside) {
        let (db, stop) = (self.db.clone(), self.shutdown.clone());
        actix_web::rt::spawn(gateway::worker::run(db, outside, stop));
    }

    /// Starts one, with somebody who is not signed in.
    pub async fn with_stranger() -> (Self, Visitor) {
        let app = Self::spawn().await;
        let stranger = app.stranger();
        (app, stranger)
    }

    /// Somebody who is not signed in.
    pub fn stranger(&self) -> Visitor {
        self.visitor(Proof::Nothing)
    }

    /// An account with this role and [`PASSWORD`].
    pub async fn account(&self, role: Role) -> Account {
        let number = self.people.replace_with(|number| *number + 1);
        let new = NewAccount {
            email: format!("{role}{number}@example.com"),
            display_name: format!("{role} {number}"),
            password: password_hash(),
            role,
        };
        self.db
            .write("test", move |tx| workflows::create_account(tx, &new))
            .await
            .unwrap()
    }

    /// Somebody with this role who is signed in to the API.
    pub async fn person(&self, role: Role) -> Person {
        let account = self.account(role).await;
        let body = json!({ "email": account.email, "password": PASSWORD });
        let answer = self.stranger().post("/api/v1/sessions", &body).await;
        let tokens = answer.assert_status(200).json();
        let token = tokens["access_token"].as_str().unwrap().to_owned();
        Person {
            account,
            visitor: self.visitor(Proof::Bearer(token)),
        }
    }

    pub async fn admin(&self) -> Person {
        self.person(Role::Admin).await
    }

    pub async fn supervisor(&self) -> Person {
        self.person(Role::Supervisor).await
    }

    pub async fn finance_preparer(&self) -> Person {
        self.person(Role::FinancePreparer).await
    }

    pub async fn finance_approver(&self) -> Person {
        self.person(Role::FinanceApprover).await
    }

    /// A system with a machine key that this admin made.
    pub async fn machine(&self, admin: &Person) -> Visitor {
        let by = admin.account.id;
        let key = self.db.write("test", move |tx| {
            workflows::create_machine_key(tx, "assistant", by)
        });
        self.visitor(Proof::Bearer(key.await.unwrap().1))
    }

    /// Whoever shows this token.
    pub fn bearer(&self, token: &str) -> Visitor {
        self.visitor(Proof::Bearer(token.to_owned()))
    }

    /// A browser whose person has not signed in.
    pub fn new_browser(&self) -> Visitor {
        self.visitor(Proof::Cookie(String::new()))
    }

    /// A browser whose person signed in on the page.
    pub async fn browser(&self, account: &Account) -> Visitor {
        self.browser_of(&account.email).await
    }

    /// The same, by the address.
    pub async fn browser_of(&self, email: &str) -> Visitor {
        let form = [("email", email), ("password", PASSWORD)];
        let answer = self.new_browser().post_form("/sign-in", &form).await;
        self.browser_with(&answer.assert_status(303))
    }

    /// A browser that keeps the cookie of this answer.
    pub fn browser_with(&self, answer: &Answer) -> Visitor {
        let cookie = answer.header("set-cookie").split(';').next();
        self.visitor(Proof::Cookie(cookie.unwrap().to_owned()))
    }

    fn visitor(&self, proof: Proof) -> Visitor {
        Visitor {
            client: self.client.clone(),
            origin: self.origin.clone(),
            proof,
        }
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

/// Hashing is slow on purpose; one hash does for everybody.
fn password_hash() -> PasswordHash {
    static HASH: OnceLock<PasswordHash> = OnceLock::new();
    HASH.get_or_init(|| identity::hash_password(PASSWORD).unwrap())
        .clone()
}

/// What a visitor shows.
#[derive(Clone)]
enum Proof {
    Nothing,
    Bearer(String),
    /// As browsers do, together with where the request comes from. Empty before signing in.
    Cookie(String),
}

/// Somebody who sends requests.
#[derive(Clone)]
pub struct Visitor {
    client: Client,
    origin: String,
    proof: Proof,
}

/// Somebody with an account who is signed in.
pub struct Person {
    pub account: Account,
    visitor: Visitor,
}

impl std::ops::Deref for Person {
    type Target = Visitor;
    fn deref(&self) -> &Visitor {
        &self.visitor
    }
}

impl Visitor {
    /// The same, talking to another node.
    pub fn at(&self, origin: &str) -> Self {
        Self {
            origin: origin.to_owned(),
            ..self.clone()
        }
    }

    /// A request of one's own making.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self
            .client
            .request(method, format!("{}{path}", self.origin));
        match &self.proof {
            Proof::Nothing => request,
            Proof::Bearer(token) => request.bearer_auth(token),
            Proof::Cookie(cookie) => request
                .header("cookie", cookie)
                .header("sec-fetch-site", "same-origin"),
        }
    }

    /// The same with a cookie alone, as another site's page would make a browser send it.
    pub fn cookie(&self) -> &str {
        match &self.proof {
            Proof::Cookie(cookie) => cookie,
            Proof::Nothing | Proof::Bearer(_) => "",
        }
    }

    pub async fn get(&self, path: &str) -> Answer {
        Answer::to(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        Answer::to(self.request(Method::POST, path).json(body)).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        Answer::to(self.request(Method::PUT, path).json(body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        Answer::to(self.request(Method::DELETE, path)).await
    }

    pub async fn post_form(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        Answer::to(self.request(Method::POST, path).form(form)).await
    }
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub body: String,
}

impl Answer {
    /// Sends the request.
    pub async fn to(request: RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Self {
            status,
            headers,
            body: response.text().await.unwrap(),
        }
    }

    #[track_caller]
    pub fn assert_status(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.body);
        self
    }

    /// Fails unless this is a whole problem of this kind, and returns it.
    #[track_caller]
    pub fn assert_problem(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        assert_eq!(
            self.header("content-type"),
            "application/problem+json",
            "{}",
            self.body
        );
        let problem = self.json();
        assert_eq!(problem["code"], code, "{problem}");
        assert_eq!(problem["status"], status);
        assert_eq!(problem["type"], "about:blank");
        assert!(!problem["title"].as_str().unwrap().is_empty());
        assert!(!problem["detail"].as_str().unwrap().is_empty());
        problem
    }

    /// Fails unless this is a page with this heading.
    #[track_caller]
    pub fn assert_page(self, status: u16, heading: &str) -> Self {
        assert_eq!(self.status, status, "{}", self.body);
        assert!(self.header("content-type").starts_with("text/html"));
        assert!(
            self.body.contains(&format!("<h1>{heading}</h1>")),
            "{}",
            self.body
        );
        self
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// The header's value; empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}
