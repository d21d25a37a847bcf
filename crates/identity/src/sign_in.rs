//! Signing in with a password, in three steps.

use std::fmt;

use chrono::{DateTime, Utc};
use db::Tx;
use diesel::PgConnection;
use kernel::AccountId;

use crate::{
    Account, AccountStatus, Error, Session, SessionKind, SignedIn,
    attempts::{self, Subjects},
    normalized_email, password, refresh, store,
};

/// Who might be signing in, from the database. There may be no such account; that is not told.
pub struct Candidate {
    subjects: Subjects,
    account: Option<(AccountId, String)>,
}

impl fmt::Debug for Candidate {
    /// Without the hash, and without telling whether there is an account.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Candidate")
            .field("subjects", &self.subjects)
            .finish_non_exhaustive()
    }
}

/// A candidate whose password has been compared.
#[derive(Debug)]
pub struct Checked {
    subjects: Subjects,
    /// The account, if it is there and the password is its own.
    proven: Option<AccountId>,
}

/// How a sign-in ended. The transaction must commit either way: a refusal is counted in it.
#[derive(Clone, Debug)]
#[must_use]
pub enum SignIn {
    /// The person is who they say.
    Welcome(SignedIn),
    /// No such account, another password, or the account is suspended. We never say which.
    Refused,
}

/// Step one, in a read transaction: who might this be? `address` is where the request came from.
pub fn candidate(
    conn: &mut PgConnection,
    email: &str,
    address: &str,
    now: DateTime<Utc>,
) -> Result<Candidate, Error> {
    let email = normalized_email(email)?;
    let subjects = Subjects::new(&email, address);
    attempts::check(&store::find_attempts(conn, &subjects)?, now)?;
    let account = store::find_credentials(conn, &email)?;
    Ok(Candidate { subjects, account })
}

impl Candidate {
    /// Step two, outside any transaction and off the async threads: compares the password, which
    /// takes some 30 ms of a core, as long for an account that does not exist.
    pub fn verify(self, password: &str) -> Checked {
        let hash = self.account.as_ref().map(|(_, hash)| hash.as_str());
        let matches = password::matches(password, hash);
        let proven = self.account.filter(|_| matches).map(|(id, _)| id);
        Checked {
            subjects: self.subjects,
            proven,
        }
    }
}

/// Step three, in a write transaction: opens the session, or counts the failure.
pub fn sign_in(tx: &mut Tx<'_>, checked: &Checked, kind: SessionKind) -> Result<SignIn, Error> {
    // Once more, for those who sent many passwords at once before the first was counted.
    let failures = store::find_attempts(tx.conn(), &checked.subjects)?;
    attempts::check(&failures, tx.now())?;

    // The lock makes a suspension wait, so that it finds the session and ends it.
    let account = match checked.proven {
        Some(id) => store::share_account(tx, id)?,
        None => None,
    };
    let Some(account) = account.filter(|account| account.status == AccountStatus::Active) else {
        store::count_failure(tx, &checked.subjects.account)?;
        store::count_failure(tx, &checked.subjects.address)?;
        return Ok(SignIn::Refused);
    };
    store::delete_attempts(tx, &checked.subjects.account)?;
    Ok(SignIn::Welcome(open_session(tx, account, kind)?))
}

/// Opens a session for somebody who has just proven who they are, or has just signed up.
///
/// The account's row must have been locked or made in this transaction, as both have it: a session
/// could outlive a suspension otherwise.
pub fn open_session(
    tx: &mut Tx<'_>,
    account: Account,
    kind: SessionKind,
) -> Result<SignedIn, Error> {
    let session = Session::begin(account.id, kind, tx.now());
    store::insert_session(tx, &session)?;
    let refresh_token = match kind {
        SessionKind::Page => None,
        SessionKind::Api => Some(refresh::issue_first(tx, session.id)?),
    };
    Ok(SignedIn {
        account,
        session,
        refresh_token,
    })
}
