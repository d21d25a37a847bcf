//! Who signs in: accounts, passwords, sessions, tokens, roles, machine keys.
//!
//! - An account has one address, one role and a password of which only the Argon2id hash is kept.
//! - A session is one sign-in that lasts. A page session lives in a cookie; an API session also has
//!   refresh tokens, one after the other.
//! - A machine key lets another system call the API. Like a refresh token it is shown once; the
//!   database holds its SHA-256.
//!
//! ```text
//! account      active ⇄ suspended                (suspending revokes the live sessions)
//! session      live → signed_out | revoked       (and it is over at `expires_at`)
//! machine key  live → revoked
//! ```
//!
//! # Invariants
//!
//! 1. One account per e-mail address (`accounts_one_per_email`), compared in lower case.
//! 2. A refresh token mints at most one successor (`refresh_tokens_one_per_generation`). Showing a
//!    used one again revokes the whole session, because one of the two holders is a thief.
//! 3. No session outlives the suspension of its account, not even one that is being opened.
//! 4. Ten failed sign-ins for an account or a hundred from an address in a quarter of an hour, and
//!    further ones are turned away unchecked.
//! 5. How long a refused sign-in takes does not tell whether the account exists.
//!
//! # Signing in takes three steps
//!
//! The password check is slow on purpose, and no transaction waits for it:
//! [`candidate`] reads who it may be, [`Candidate::verify`] computes, [`sign_in`] decides.

mod account;
mod attempts;
mod email;
mod error;
mod machine_key;
mod password;
mod pruning;
mod queries;
mod refresh;
mod schema;
mod secret;
mod session;
mod sign_in;
mod store;
mod token;

pub use account::{
    Account, AccountStatus, NewAccount, change_role, create_account, reinstate_account,
    reinstate_staff, suspend_account, suspend_staff,
};
pub use attempts::admit_letter;
pub use email::normalized_email;
pub use error::Error;
pub use machine_key::{MachineKey, MachineKeyStatus, create_machine_key, revoke_machine_key};
pub use password::{PasswordHash, hash_password};
pub use pruning::prune;
pub use queries::{
    account, account_by_email, accounts, any_admin, caller, callers, live_sessions, machine_key,
    machine_keys,
};
pub use refresh::{Refresh, refresh};
pub use session::{Caller, Session, SessionKind, SessionStatus, SignedIn, sign_out};
pub use sign_in::{Candidate, Checked, SignIn, candidate, open_session, sign_in};
pub use token::{Claims, Tokens};
