//! Who calls: a machine of the company, staff, and agents who are present.

use anyhow::{Context as _, Result};
use chrono::{DateTime, TimeDelta, Utc};
use clap::Parser;
use gateway::{secrets::Secrets, settings::Settings};
use identity::{Account, AccountStatus, Session, SessionKind, SessionStatus, Tokens};
use kernel::{AccountId, Role, SessionId};
use serde_json::json;

use super::{
    client::{Client, Request},
    platform::{Platform, SECRET},
    sql,
};

const SEED: &str = include_str!("seed.sql");
const ARRANGE: &str = include_str!("arrange.sql");
/// Tokens outlast the measurement: refreshing them is not what is measured.
const LIFETIME: TimeDelta = TimeDelta::hours(4);

/// What an agent can hold at most; with so many places a measurement does not run out of them.
pub const CAPACITY: u32 = 20;

/// An agent who is signed in and available.
#[derive(Clone, Debug)]
pub struct Agent {
    /// The bearer token.
    pub token: String,
}

/// Those who call.
pub struct People {
    tokens: Tokens,
    now: DateTime<Utc>,
    /// The secret of a machine key, made through the API.
    pub machine: String,
    /// The token of a supervisor.
    pub supervisor: String,
    /// Everybody who is present.
    pub agents: Vec<Agent>,
}

impl People {
    /// Makes staff, a machine key and so many agents. Sessions are rows made by SQL; their access
    /// tokens are issued by the product's own library with the nodes' secret, because a password
    /// costs 30 ms of a core by design.
    pub async fn arrive(platform: &Platform, port: u16, agents: u32, role: &str) -> Result<Self> {
        let mut people = Self::strangers(platform)?;
        people.seed(platform, agents, role)?;
        let staff = |role: &str| format!("md5('session ' || md5('staff {role}')::uuid)::uuid");
        let query = format!(
            "SELECT {} || ' ' || md5('staff admin')::uuid; SELECT {} || ' ' || md5('staff supervisor')::uuid",
            staff("admin"),
            staff("supervisor")
        );
        let lines = sql::run(platform.url(), &query)?;
        let mut staff = lines.iter().zip([Role::Admin, Role::Supervisor]);
        let mut token = || -> Result<String> {
            let (line, role) = staff.next().context("no staff")?;
            let (session, account) = line.split_once(' ').context("no staff")?;
            people.token(session, account, role)
        };
        let admin = token()?;
        people.supervisor = token()?;
        let key = Request::post("/admin/machine-keys", &admin, r#"{"name":"bench"}"#);
        let made = Client::connect(port).await?.send(&key).await?.json()?;
        let secret = made["secret"].as_str().context("no secret")?;
        secret.clone_into(&mut people.machine);
        Ok(people)
    }

    /// Lets one ticket be made and claimed through the API, and prepares for copies of it.
    pub async fn set_pattern(&self, platform: &Platform, port: u16) -> Result<()> {
        let mut client = Client::connect(port).await?;
        let made = client.send(&self.escalation("pattern", 1)).await?.json()?;
        let ticket = made["id"].as_str().context("no ticket")?.to_owned();
        let holder = &self.agents.first().context("no agent")?.token;
        let claim = Request::post(format!("/tickets/{ticket}/claim"), holder, "");
        client.send(&claim).await?.json()?;
        sql::run(platform.url(), ARRANGE)?;
        sql::run(platform.url(), "SELECT bench.reset()").map(drop)
    }

    /// Adds agents until there are so many; `role` is PostgreSQL's `session_replication_role`.
    pub fn seed(&mut self, platform: &Platform, agents: u32, role: &str) -> Result<()> {
        let first = self.agents.len() + 1;
        let variables = [
            ("first", first.to_string()),
            ("last", agents.to_string()),
            ("capacity", CAPACITY.to_string()),
            ("role", role.to_owned()),
        ];
        for line in sql::run_with(platform.url(), SEED, &variables)? {
            let mut words = line.split(' ');
            let mut word = || words.next().context("an agent without an id");
            let (session, account) = (word()?, word()?);
            let token = self.token(session, account, Role::Agent)?;
            self.agents.push(Agent { token });
        }
        sql::run(platform.url(), "VACUUM ANALYZE").map(drop)
    }

    /// A ticket with this name; `number` spreads over skills and customers.
    pub fn escalation(&self, name: &str, number: u64) -> Request {
        let body = json!({
            "source": "bench",
            "external_id": name,
            "customer": {
                "reference": format!("customer-{number}"),
                "tier": "gold",
                "locale": "en-GB",
                "display_name": "Ada Example",
            },
            "queue": "bench",
            "language": "en",
            "required_skills": [format!("skill-{}", number % 10)],
            "reason": "complex",
            "summary": "The customer was charged twice for one booking and asks for the second amount back.",
            "intent": "refund",
            "confidence": "0.42",
        });
        Request::post("/escalations", &self.machine, body.to_string()).named(name)
    }

    fn strangers(platform: &Platform) -> Result<Self> {
        #[derive(Parser)]
        struct Line {
            #[command(flatten)]
            settings: Settings,
        }
        let settings = Line::parse_from(["bench", "--secret", SECRET]).settings;
        let secrets = Secrets::load(&settings).map_err(anyhow::Error::msg)?;
        let seconds = sql::number(
            platform.url(),
            "SELECT floor(extract(epoch FROM now()))::bigint",
        )?;
        let now = DateTime::from_timestamp(i64::try_from(seconds)?, 0).context("no clock")?;
        Ok(Self {
            tokens: Tokens::new(&secrets.tokens())?,
            now,
            machine: String::new(),
            supervisor: String::new(),
            agents: Vec::new(),
        })
    }

    fn token(&self, session: &str, account: &str, role: Role) -> Result<String> {
        let id: AccountId = format!("acc_{}", account.replace('-', "")).parse()?;
        let session: SessionId = format!("ses_{}", session.replace('-', "")).parse()?;
        let account = Account {
            id,
            email: String::new(),
            display_name: String::new(),
            role,
            status: AccountStatus::Active,
            created_at: self.now,
        };
        let session = Session {
            id: session,
            account_id: id,
            kind: SessionKind::Api,
            status: SessionStatus::Live,
            created_at: self.now,
            expires_at: self.now + TimeDelta::days(1),
            ended_at: None,
        };
        Ok(self.tokens.issue(&session, &account, self.now, LIFETIME)?)
    }
}
