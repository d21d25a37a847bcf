//! What all handlers share.

use std::{fmt, sync::Arc, time::Duration};

use db::Db;
use identity::MachineKey;
use kernel::{
    AccountId, AgentId, Class, Classify,
    diesel::{PgConnection, QueryResult, result::Error as DieselError},
};
use tokio::{sync::Semaphore, task::spawn_blocking};
use tokio_util::sync::CancellationToken;

use crate::{
    api::escalations::answering,
    board::Boards,
    feed::Feed,
    metrics,
    problem::ApiError,
    recent::Recent,
    secrets::Secrets,
    settings::Settings,
    together::{Claims, Intake, Sessions},
};

/// Passwords are hashed so many at a time: each takes a core and 19 MiB for a while.
const HASHERS: usize = 2;
/// Who comes when so many wait is told to come back: a flood must not make everybody wait.
const HASHES_WAITING: usize = 32;

/// A key that another node revoked opens this one no longer than this; well within the second
/// that is promised.
const MACHINES_TRUSTED: Duration = Duration::from_millis(500);
/// A company has a key for each of its systems.
const MACHINES_KNOWN: usize = 256;
/// Long enough to save the question, and short enough to give the memory back.
const AGENTS_TRUSTED: Duration = Duration::from_mins(10);
/// Some hundred bytes each.
const AGENTS_KNOWN: usize = 20_000;

/// What all handlers share, as `Data<State>`.
pub struct State {
    /// The door to the database, acting as nobody in particular: handlers that write use
    /// their caller's.
    pub db: Db,
    /// Issues and verifies access tokens.
    pub tokens: identity::Tokens,
    /// Seals bank details.
    pub vault: payouts::Vault,
    /// Signs and reads the links by which customers reach their conversation.
    pub links: dispatch::ConversationLink,
    /// What invitations and conversation links are signed with.
    pub secrets: Secrets,
    /// What whoever runs the platform decided.
    pub settings: Settings,
    /// Where streams hear what changed.
    pub feed: Arc<Feed>,
    /// Who says who is calling.
    pub(crate) sessions: Sessions,
    /// Where escalations are taken in.
    pub(crate) intake: Intake,
    /// Where agents claim tickets.
    pub(crate) claims: Claims,
    /// What agents may claim.
    pub(crate) boards: Boards,
    /// The figures that were read last.
    pub(crate) figures: metrics::Cache,
    /// What was asked of this node.
    pub(crate) requests: metrics::Requests,
    /// Cancelled when the platform is to stop: streams end then.
    pub shutdown: CancellationToken,
    /// Machine keys that were live when this node last looked, by the hash of their secret.
    pub(crate) machines: Recent<[u8; 32], MachineKey>,
    /// Which agent an account is, which never changes once there is one.
    pub(crate) agents: Recent<AccountId, AgentId>,
    hashers: Semaphore,
    places: Semaphore,
}

impl State {
    /// Ties the parts together.
    pub fn new(db: Db, secrets: Secrets, settings: Settings) -> Result<Self, String> {
        let links = dispatch::ConversationLink::new(&secrets.conversations());
        Ok(Self {
            intake: Intake::new(
                &db,
                answering(links.clone(), settings.public_url.to_string()),
            ),
            sessions: Sessions::new(&db),
            claims: Claims::new(&db),
            feed: Feed::start(&db, settings.max_streams)?,
            boards: Boards::new(&db),
            db,
            tokens: identity::Tokens::new(&secrets.tokens()).map_err(|error| error.to_string())?,
            vault: payouts::Vault::new(&secrets.vault()).map_err(|error| error.to_string())?,
            links,
            secrets,
            settings,
            shutdown: CancellationToken::new(),
            figures: metrics::Cache::default(),
            requests: metrics::Requests::default(),
            machines: Recent::new(MACHINES_TRUSTED, MACHINES_KNOWN),
            agents: Recent::new(AGENTS_TRUSTED, AGENTS_KNOWN),
            hashers: Semaphore::new(HASHERS),
            places: Semaphore::new(HASHERS + HASHES_WAITING),
        })
    }

    /// Runs queries in a READ ONLY transaction. For a query that fails with an error of its domain,
    /// use `db.read`.
    pub async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut PgConnection) -> QueryResult<T> + Send + 'static,
    ) -> Result<T, ReadFailed> {
        self.db.read(|conn| work(conn).map_err(ReadFailed)).await
    }

    /// Runs a single query, without the round trips of a transaction.
    pub async fn look<T: Send + 'static>(
        &self,
        query: impl Fn(&mut PgConnection) -> QueryResult<T> + Send + 'static,
    ) -> Result<T, ReadFailed> {
        self.db
            .look(move |conn| query(conn).map_err(ReadFailed))
            .await
    }

    /// Hashes a password that somebody chose; refuses one that breaks the rules.
    pub async fn hash_password(
        &self,
        password: String,
    ) -> Result<identity::PasswordHash, ApiError> {
        Ok(self
            .hash(move || identity::hash_password(&password))
            .await??)
    }

    /// Compares a password with the candidate's.
    pub async fn verify_password(
        &self,
        candidate: identity::Candidate,
        password: String,
    ) -> Result<identity::Checked, ApiError> {
        self.hash(move || candidate.verify(&password)).await
    }

    async fn hash<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ApiError> {
        let _place = self.places.try_acquire().map_err(|_| ApiError::busy())?;
        let _permit = self.hashers.acquire().await.map_err(ApiError::internal)?;
        spawn_blocking(work).await.map_err(ApiError::internal)
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// A query that failed.
#[derive(Debug)]
pub struct ReadFailed(DieselError);

impl From<DieselError> for ReadFailed {
    fn from(error: DieselError) -> Self {
        Self(error)
    }
}

impl fmt::Display for ReadFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("database error")
    }
}

impl std::error::Error for ReadFailed {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

impl Classify for ReadFailed {
    fn class(&self) -> Class {
        db::class_of(&self.0)
    }

    fn code(&self) -> &'static str {
        db::code_of(&self.0)
    }
}
