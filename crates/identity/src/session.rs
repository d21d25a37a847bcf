//! Sessions: sign-ins that last.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use db::Tx;
use diesel::prelude::*;
use kernel::{AccountId, Role, SessionId, text_enum};

use crate::{Account, Error, schema::sessions, store};

text_enum! {
    /// Where a session is used, which decides how long it lasts.
    pub SessionKind {
        /// In a browser, for 12 hours.
        Page = "page",
        /// In a program, for 30 days; its access tokens are short-lived and refreshed.
        Api = "api",
    }
}

impl SessionKind {
    const fn lifetime(self) -> TimeDelta {
        match self {
            Self::Page => TimeDelta::hours(12),
            Self::Api => TimeDelta::days(30),
        }
    }
}

text_enum! {
    /// Whether a session is good for anything.
    pub SessionStatus {
        /// It is, until it expires.
        Live = "live",
        /// The person signed out.
        SignedOut = "signed_out",
        /// We ended it: a suspension, or a refresh token shown twice.
        Revoked = "revoked",
    }
}

/// One sign-in that lasts, and the family of its refresh tokens.
#[derive(AsChangeset, Clone, Debug, Identifiable, Insertable, Queryable, Selectable)]
#[diesel(treat_none_as_default_value = false)]
#[diesel(table_name = sessions, check_for_backend(diesel::pg::Pg), treat_none_as_null = true)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Who signed in.
    pub account_id: AccountId,
    /// Where it is used.
    pub kind: SessionKind,
    /// Whether it was ended.
    pub status: SessionStatus,
    /// When the person signed in.
    pub created_at: DateTime<Utc>,
    /// When it is over, whatever happens.
    pub expires_at: DateTime<Utc>,
    /// When it was ended. Set if, and only if, it is no longer live.
    pub ended_at: Option<DateTime<Utc>>,
}

impl Session {
    pub(crate) fn begin(account_id: AccountId, kind: SessionKind, now: DateTime<Utc>) -> Self {
        Self {
            id: SessionId::new(),
            account_id,
            kind,
            status: SessionStatus::Live,
            created_at: now,
            expires_at: now + kind.lifetime(),
            ended_at: None,
        }
    }

    /// Neither ended nor over.
    pub(crate) fn is_live(&self, now: DateTime<Utc>) -> bool {
        self.status == SessionStatus::Live && now < self.expires_at
    }
}

/// Somebody who has just signed in or refreshed.
#[derive(Clone)]
pub struct SignedIn {
    /// Who.
    pub account: Account,
    /// Under which session.
    pub session: Session,
    /// What mints the next access token, once; for API sessions only.
    pub refresh_token: Option<String>,
}

impl fmt::Debug for SignedIn {
    /// Without the refresh token, so that no log can hold one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedIn")
            .field("account", &self.account)
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}

/// Who is calling, as the database knows it now.
#[derive(Clone, Debug, Queryable)]
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
}

/// Ends the session for good. Doing so twice is fine, and so is a session that is over.
pub fn sign_out(tx: &mut Tx<'_>, id: SessionId) -> Result<(), Error> {
    store::end_session(tx, id, SessionStatus::SignedOut)?;
    Ok(())
}
