//! Who is calling. A role is the type of a handler's parameter.

use std::{
    future::{Ready, ready},
    ops::Deref,
    time::Instant,
};

use actix_web::{FromRequest, HttpMessage as _, HttpRequest, dev::Payload, http::header};
use db::Db;
use identity::MachineKey;
use kernel::{AccountId, AgentId, MachineKeyId, Role, SessionId};
use sha2::{Digest as _, Sha256};

use super::refuse;
use crate::{
    pages::COOKIE,
    problem::ApiError,
    state::{ReadFailed, State},
};

/// What the secrets of machine keys begin with.
const MACHINE_PREFIX: &str = "gdk_";

/// A person who is signed in, as the database knew them when the request came.
#[derive(Clone)]
pub struct Caller {
    /// Who.
    pub account_id: AccountId,
    /// Under which session.
    pub session_id: SessionId,
    /// What they may do.
    pub role: Role,
    /// What they are called.
    pub display_name: String,
    /// The address they sign in with.
    pub email: String,
    agent_id: Option<AgentId>,
    db: Db,
}

impl Caller {
    /// The door to the database, with every write on record as this person's.
    pub fn acting_db(&self) -> Db {
        self.db.acting_as(&self.account_id.to_string())
    }

    /// The agent that this person is; none for staff.
    pub fn agent_id(&self) -> Option<AgentId> {
        self.agent_id
    }
}

/// What a request shows of who sends it, looked at once, before any handler.
#[derive(Clone)]
pub(crate) enum Credentials {
    /// Nothing.
    None,
    /// A session.
    Person(Caller),
    /// A machine key.
    Machine(Machine),
    /// Something that is no good, or that could not be checked.
    Refused(ApiError),
}

impl Credentials {
    /// Reads the bearer token; only where there is none, the page cookie.
    pub async fn of(request: &HttpRequest, state: &State) -> Self {
        let checked = match (bearer(request), request.cookie(COOKIE)) {
            (Some(Ok(secret)), _) if secret.starts_with(MACHINE_PREFIX) => {
                machine(state, secret).await
            }
            (Some(Ok(token)), _) => person(state, &token).await,
            (Some(Err(refusal)), _) => Err(refusal),
            (None, Some(cookie)) => person(state, cookie.value()).await,
            (None, None) => return Self::None,
        };
        checked.unwrap_or_else(Self::Refused)
    }

    fn get(request: &HttpRequest) -> Self {
        request
            .extensions()
            .get::<Self>()
            .cloned()
            .unwrap_or(Self::None)
    }
}

/// Whether a person's browser would send these credentials unasked, so that another site's page
/// could make it.
pub(crate) fn is_sent_unasked(request: &HttpRequest) -> bool {
    !request.headers().contains_key(header::AUTHORIZATION) && request.cookie(COOKIE).is_some()
}

fn bearer(request: &HttpRequest) -> Option<Result<String, ApiError>> {
    let value = request.headers().get(header::AUTHORIZATION)?;
    let token = value.to_str().ok().and_then(|text| {
        let (scheme, token) = text.split_once(' ')?;
        scheme
            .eq_ignore_ascii_case("bearer")
            .then(|| token.trim().to_owned())
    });
    Some(token.ok_or_else(ApiError::not_signed_in))
}

async fn person(state: &State, token: &str) -> Result<Credentials, ApiError> {
    let now = state.db.now();
    let session = state.tokens.verify(token, now)?.session_id;
    let caller = state.sessions.caller(session).await?;
    let caller = caller.ok_or_else(ApiError::not_signed_in)?;
    let agent_id = if caller.role.is_staff() {
        None
    } else {
        agent_of(state, caller.account_id).await?
    };
    Ok(Credentials::Person(Caller {
        account_id: caller.account_id,
        session_id: caller.session_id,
        role: caller.role,
        display_name: caller.display_name,
        email: caller.email,
        agent_id,
        db: state.db.clone(),
    }))
}

async fn agent_of(state: &State, account: AccountId) -> Result<Option<AgentId>, ReadFailed> {
    if let Some(agent) = state.agents.get(&account) {
        return Ok(Some(agent));
    }
    let asked_at = Instant::now();
    let agent = state
        .look(move |conn| onboarding::agent_by_account(conn, account))
        .await?
        .map(|agent| agent.id);
    if let Some(agent) = agent {
        state.agents.put(account, asked_at, agent);
    }
    Ok(agent)
}

async fn machine(state: &State, secret: String) -> Result<Credentials, ApiError> {
    let key = live_key(state, secret).await?;
    Ok(Credentials::Machine(Machine {
        key_id: key.id,
        name: key.name,
        db: state.db.clone(),
    }))
}

async fn live_key(state: &State, secret: String) -> Result<MachineKey, ApiError> {
    let fingerprint: [u8; 32] = Sha256::digest(&secret).into();
    if let Some(key) = state.machines.get(&fingerprint) {
        return Ok(key);
    }
    let asked_at = Instant::now();
    let key = state
        .look(move |conn| identity::machine_key(conn, &secret))
        .await?
        .ok_or_else(ApiError::not_signed_in)?;
    state.machines.put(fingerprint, asked_at, key.clone());
    Ok(key)
}

/// The person calling, if their role is one of these.
fn person_with(request: &HttpRequest, roles: &[Role]) -> Result<Caller, ApiError> {
    let needed = || {
        roles
            .iter()
            .map(|role| role.as_str())
            .collect::<Vec<_>>()
            .join(" or ")
    };
    match Credentials::get(request) {
        Credentials::Person(caller) if roles.contains(&caller.role) => Ok(caller),
        Credentials::Person(caller) => Err(ApiError::forbidden(format!(
            "this is for the role {}; you are signed in as {}",
            needed(),
            caller.role
        ))),
        Credentials::Machine(_) => Err(ApiError::forbidden(format!(
            "this is for people with the role {}",
            needed()
        ))),
        Credentials::Refused(refusal) => Err(refusal),
        Credentials::None => Err(ApiError::not_signed_in()),
    }
}

fn agent_with(request: &HttpRequest, roles: &[Role]) -> Result<(AgentId, Caller), ApiError> {
    let caller = person_with(request, roles)?;
    let agent_id = caller
        .agent_id
        .ok_or_else(|| ApiError::forbidden("you have not applied"))?;
    Ok((agent_id, caller))
}

fn machine_calling(request: &HttpRequest) -> Result<Machine, ApiError> {
    match Credentials::get(request) {
        Credentials::Machine(machine) => Ok(machine),
        Credentials::Person(_) => Err(ApiError::forbidden("this is for machine keys")),
        Credentials::Refused(refusal) => Err(refusal),
        Credentials::None => Err(ApiError::not_signed_in()),
    }
}

/// Makes a parameter type out of a function that decides.
macro_rules! callers {
    ($( $(#[$meta:meta])* $name:ident => $decide:expr; )+) => { $(
        impl FromRequest for $name {
            type Error = actix_web::Error;
            type Future = Ready<Result<Self, Self::Error>>;

            fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
                let decide: fn(&HttpRequest) -> Result<Self, ApiError> = $decide;
                ready(decide(request).map_err(|refusal| refuse(request, refusal)))
            }
        }
    )+ };
}

/// Declares callers that are told apart by role alone.
macro_rules! roles {
    ($( $(#[$meta:meta])* $name:ident = $roles:expr; )+) => {
        $(
            $(#[$meta])*
            #[derive(Clone)]
            pub struct $name(Caller);

            impl Deref for $name {
                type Target = Caller;
                fn deref(&self) -> &Caller {
                    &self.0
                }
            }
        )+
        callers! { $( $name => |request| person_with(request, $roles).map(Self); )+ }
    };
}

roles! {
    /// Anybody who is signed in.
    SignedIn = Role::ALL;
    /// Anybody whom the company employs.
    Staff = &[Role::Supervisor, Role::FinancePreparer, Role::FinanceApprover, Role::Admin];
    /// Who runs operations.
    Supervisor = &[Role::Supervisor, Role::Admin];
    /// Who may be told why an offer came about: agents about themselves, operations about all.
    Explainee = &[Role::Agent, Role::Supervisor, Role::Admin];
    /// Who sets the platform up.
    Admin = &[Role::Admin];
    /// Who prepares payout runs.
    FinancePreparer = &[Role::FinancePreparer];
    /// Who approves them.
    FinanceApprover = &[Role::FinanceApprover];
    /// Either of finance.
    Finance = &[Role::FinancePreparer, Role::FinanceApprover];
}

/// Who helps customers.
#[derive(Clone)]
pub struct Agent {
    /// Whom tickets are offered to.
    pub agent_id: AgentId,
    caller: Caller,
}

/// Who applies to help customers, or did and was approved.
#[derive(Clone)]
pub struct Applicant {
    /// Whose application it is.
    pub agent_id: AgentId,
    caller: Caller,
}

impl Deref for Agent {
    type Target = Caller;
    fn deref(&self) -> &Caller {
        &self.caller
    }
}

impl Deref for Applicant {
    type Target = Caller;
    fn deref(&self) -> &Caller {
        &self.caller
    }
}

/// A system of the company, calling with a machine key.
#[derive(Clone)]
pub struct Machine {
    /// Which key.
    pub key_id: MachineKeyId,
    /// What the key is for.
    pub name: String,
    db: Db,
}

impl Machine {
    /// The door to the database, with every write on record as this machine's.
    pub fn acting_db(&self) -> Db {
        self.db.acting_as(&self.key_id.to_string())
    }
}

callers! {
    Agent => |request| {
        let (agent_id, caller) = agent_with(request, &[Role::Agent])?;
        Ok(Self { agent_id, caller })
    };
    Applicant => |request| {
        let (agent_id, caller) = agent_with(request, &[Role::Applicant, Role::Agent])?;
        Ok(Self { agent_id, caller })
    };
    Machine => machine_calling;
}
