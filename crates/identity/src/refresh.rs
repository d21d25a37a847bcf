//! Refresh tokens: each is good for one successor.

use chrono::{DateTime, Utc};
use db::Tx;
use diesel::prelude::*;
use kernel::SessionId;

use crate::{
    AccountStatus, Error, Session, SessionStatus, SignedIn, queries, schema::refresh_tokens,
    secret, store,
};

/// What is kept of one refresh token.
#[derive(Clone, Debug, Identifiable, Insertable, Queryable, Selectable)]
#[diesel(
    table_name = refresh_tokens,
    primary_key(token_sha256),
    check_for_backend(diesel::pg::Pg),
    treat_none_as_default_value = false
)]
pub(crate) struct RefreshToken {
    pub token_sha256: Vec<u8>,
    pub session_id: SessionId,
    /// 1 for the token of the sign-in, one more for each successor.
    pub generation: i32,
    pub issued_at: DateTime<Utc>,
    /// When its successor was minted.
    pub used_at: Option<DateTime<Utc>>,
}

/// How a refresh ended. The transaction must commit either way: a revocation happens in it.
#[derive(Clone, Debug)]
#[must_use]
pub enum Refresh {
    /// The token was good; the answer holds its successor.
    Rotated(SignedIn),
    /// The token had been used before, so somebody has a copy: the session is revoked.
    Reused,
    /// No such token, or its session is over.
    Unknown,
}

/// What to do with a token that somebody shows.
#[derive(Debug, Eq, PartialEq)]
enum Verdict {
    Rotate,
    Revoke,
    Ignore,
}

impl RefreshToken {
    /// Reuse comes first: who shows a used token is told so even when the session is over.
    fn judge(&self, session: &Session, now: DateTime<Utc>) -> Verdict {
        if self.used_at.is_some() {
            Verdict::Revoke
        } else if session.is_live(now) {
            Verdict::Rotate
        } else {
            Verdict::Ignore
        }
    }
}

/// Trades a refresh token for its successor, once.
pub fn refresh(tx: &mut Tx<'_>, token: &str) -> Result<Refresh, Error> {
    let fingerprint = secret::fingerprint(token);
    let Some(session) = store::lock_session_of_token(tx, &fingerprint)? else {
        return Ok(Refresh::Unknown);
    };
    // Read under the session's lock: whoever held it before may have used this token.
    let Some(used) = store::find_refresh_token(tx, &fingerprint)? else {
        return Ok(Refresh::Unknown);
    };
    match used.judge(&session, tx.now()) {
        Verdict::Rotate => rotate(tx, session, &used),
        Verdict::Revoke => {
            store::end_session(tx, session.id, SessionStatus::Revoked)?;
            Ok(Refresh::Reused)
        }
        Verdict::Ignore => Ok(Refresh::Unknown),
    }
}

fn rotate(tx: &mut Tx<'_>, session: Session, used: &RefreshToken) -> Result<Refresh, Error> {
    let account = queries::account(tx.conn(), session.account_id)?
        .filter(|account| account.status == AccountStatus::Active);
    let Some(account) = account else {
        return Ok(Refresh::Unknown);
    };
    store::mark_refresh_token_used(tx, &used.token_sha256)?;
    let token = issue(tx, session.id, used.generation.saturating_add(1))?;
    Ok(Refresh::Rotated(SignedIn {
        account,
        session,
        refresh_token: Some(token),
    }))
}

/// The token that comes with a sign-in.
pub(crate) fn issue_first(tx: &mut Tx<'_>, session_id: SessionId) -> Result<String, Error> {
    issue(tx, session_id, 1)
}

fn issue(tx: &mut Tx<'_>, session_id: SessionId, generation: i32) -> Result<String, Error> {
    let token = secret::mint("gdr_");
    let row = RefreshToken {
        token_sha256: secret::fingerprint(&token),
        session_id,
        generation,
        issued_at: tx.now(),
        used_at: None,
    };
    store::insert_refresh_token(tx, &row)?;
    Ok(token)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use kernel::AccountId;

    use super::*;
    use crate::SessionKind;

    #[test]
    fn a_token_is_judged_by_its_use_and_its_session() {
        let now = DateTime::UNIX_EPOCH;
        let mut session = Session::begin(AccountId::new(), SessionKind::Api, now);
        let mut token = RefreshToken {
            token_sha256: vec![0; 32],
            session_id: session.id,
            generation: 1,
            issued_at: now,
            used_at: None,
        };
        let month = TimeDelta::days(30);
        assert_eq!(token.judge(&session, now), Verdict::Rotate);
        assert_eq!(
            token.judge(&session, now + month - TimeDelta::seconds(1)),
            Verdict::Rotate
        );
        assert_eq!(token.judge(&session, now + month), Verdict::Ignore);
        session.status = SessionStatus::SignedOut;
        assert_eq!(token.judge(&session, now), Verdict::Ignore);
        token.used_at = Some(now);
        assert_eq!(token.judge(&session, now), Verdict::Revoke);
    }
}
