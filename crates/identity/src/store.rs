//! The SQL behind the commands, without decisions.

use chrono::{DateTime, Utc};
use db::{OnConstraint as _, Tx};
use diesel::{dsl::case_when, prelude::*, upsert::excluded};
use kernel::{AccountId, MachineKeyId, SessionId};

use crate::{
    Account, Error, MachineKey, PasswordHash, Session, SessionStatus,
    attempts::{Attempts, Subjects, WINDOW},
    refresh::RefreshToken,
    schema::{accounts, attempts, machine_keys, refresh_tokens, sessions},
};

pub(crate) fn insert_account(
    tx: &mut Tx<'_>,
    account: &Account,
    password: &PasswordHash,
) -> Result<(), Error> {
    diesel::insert_into(accounts::table)
        .values((account, accounts::password_hash.eq(password.as_str())))
        .execute(tx.conn())
        .on_constraint("accounts_one_per_email", Error::EmailTaken)?;
    Ok(())
}

/// Finds the account and keeps others from changing it or signing in to it.
pub(crate) fn lock_account(tx: &mut Tx<'_>, id: AccountId) -> QueryResult<Option<Account>> {
    accounts::table
        .find(id)
        .for_update()
        .select(Account::as_select())
        .first(tx.conn())
        .optional()
}

/// Finds the account and keeps others from changing it, but not from signing in to it as well.
pub(crate) fn share_account(tx: &mut Tx<'_>, id: AccountId) -> QueryResult<Option<Account>> {
    accounts::table
        .find(id)
        .for_share()
        .select(Account::as_select())
        .first(tx.conn())
        .optional()
}

pub(crate) fn update_account(tx: &mut Tx<'_>, account: &Account) -> QueryResult<usize> {
    diesel::update(account).set(account).execute(tx.conn())
}

/// The id and the password's hash of the account with this address.
pub(crate) fn find_credentials(
    conn: &mut PgConnection,
    email: &str,
) -> QueryResult<Option<(AccountId, String)>> {
    accounts::table
        .filter(accounts::email.eq(email))
        .select((accounts::id, accounts::password_hash))
        .first(conn)
        .optional()
}

pub(crate) fn find_attempts(
    conn: &mut PgConnection,
    subjects: &Subjects,
) -> QueryResult<Vec<Attempts>> {
    attempts::table
        .filter(attempts::subject.eq_any([&subjects.account, &subjects.address]))
        .select(Attempts::as_select())
        .load(conn)
}

/// Counts one failure, in a new window if the last one is over. One statement, so that none of
/// several at once is lost.
pub(crate) fn count_failure(tx: &mut Tx<'_>, subject: &str) -> QueryResult<usize> {
    let now = tx.now();
    let over = attempts::window_start.le(now - WINDOW);
    diesel::insert_into(attempts::table)
        .values((
            attempts::subject.eq(subject),
            attempts::window_start.eq(now),
            attempts::failures.eq(1),
        ))
        .on_conflict(attempts::subject)
        .do_update()
        .set(
            (
                attempts::window_start.eq(case_when(over, excluded(attempts::window_start))
                    .otherwise(attempts::window_start)),
                attempts::failures
                    .eq(case_when(over, excluded(attempts::failures))
                        .otherwise(attempts::failures + 1)),
            ),
        )
        .execute(tx.conn())
}

pub(crate) fn delete_attempts(tx: &mut Tx<'_>, subject: &str) -> QueryResult<usize> {
    diesel::delete(attempts::table.find(subject)).execute(tx.conn())
}

pub(crate) fn delete_attempts_before(
    tx: &mut Tx<'_>,
    end: DateTime<Utc>,
    limit: i64,
) -> QueryResult<usize> {
    let old = attempts::table
        .filter(attempts::window_start.le(end))
        .select(attempts::subject)
        .limit(limit)
        .for_update()
        .skip_locked()
        .load::<String>(tx.conn())?;
    diesel::delete(attempts::table.filter(attempts::subject.eq_any(old))).execute(tx.conn())
}

pub(crate) fn insert_session(tx: &mut Tx<'_>, session: &Session) -> QueryResult<usize> {
    diesel::insert_into(sessions::table)
        .values(session)
        .execute(tx.conn())
}

pub(crate) fn end_session(
    tx: &mut Tx<'_>,
    id: SessionId,
    status: SessionStatus,
) -> QueryResult<usize> {
    let now = tx.now();
    diesel::update(
        sessions::table
            .find(id)
            .filter(sessions::status.eq(SessionStatus::Live)),
    )
    .set((sessions::status.eq(status), sessions::ended_at.eq(now)))
    .execute(tx.conn())
}

pub(crate) fn end_sessions_of(
    tx: &mut Tx<'_>,
    account: AccountId,
    status: SessionStatus,
) -> QueryResult<usize> {
    let now = tx.now();
    let live = sessions::table
        .filter(sessions::account_id.eq(account))
        .filter(sessions::status.eq(SessionStatus::Live));
    diesel::update(live)
        .set((sessions::status.eq(status), sessions::ended_at.eq(now)))
        .execute(tx.conn())
}

/// Deletes sessions that were over before `end`; their refresh tokens go with them.
pub(crate) fn delete_sessions_before(
    tx: &mut Tx<'_>,
    end: DateTime<Utc>,
    limit: i64,
) -> QueryResult<usize> {
    let old = sessions::table
        .filter(
            sessions::expires_at
                .le(end)
                .or(sessions::ended_at.le(end).assume_not_null()),
        )
        .select(sessions::id)
        .limit(limit)
        .for_update()
        .skip_locked()
        .load::<SessionId>(tx.conn())?;
    diesel::delete(sessions::table.filter(sessions::id.eq_any(old))).execute(tx.conn())
}

/// Finds the session of a refresh token and locks it, so that two refreshes cannot race.
pub(crate) fn lock_session_of_token(
    tx: &mut Tx<'_>,
    token_sha256: &[u8],
) -> QueryResult<Option<Session>> {
    let session = refresh_tokens::table
        .find(token_sha256)
        .select(refresh_tokens::session_id)
        .single_value();
    sessions::table
        .filter(sessions::id.nullable().eq(session))
        .for_update()
        .select(Session::as_select())
        .first(tx.conn())
        .optional()
}

pub(crate) fn find_refresh_token(
    tx: &mut Tx<'_>,
    token_sha256: &[u8],
) -> QueryResult<Option<RefreshToken>> {
    refresh_tokens::table
        .find(token_sha256)
        .select(RefreshToken::as_select())
        .first(tx.conn())
        .optional()
}

pub(crate) fn insert_refresh_token(tx: &mut Tx<'_>, token: &RefreshToken) -> QueryResult<usize> {
    diesel::insert_into(refresh_tokens::table)
        .values(token)
        .execute(tx.conn())
}

pub(crate) fn mark_refresh_token_used(tx: &mut Tx<'_>, token_sha256: &[u8]) -> QueryResult<usize> {
    let now = tx.now();
    diesel::update(refresh_tokens::table.find(token_sha256))
        .set(refresh_tokens::used_at.eq(now))
        .execute(tx.conn())
}

pub(crate) fn insert_machine_key(
    tx: &mut Tx<'_>,
    key: &MachineKey,
    secret_sha256: Vec<u8>,
) -> Result<(), Error> {
    diesel::insert_into(machine_keys::table)
        .values((key, machine_keys::secret_sha256.eq(secret_sha256)))
        .execute(tx.conn())
        .on_constraint("machine_keys_created_by_fkey", Error::AccountNotFound)?;
    Ok(())
}

pub(crate) fn lock_machine_key(
    tx: &mut Tx<'_>,
    id: MachineKeyId,
) -> QueryResult<Option<MachineKey>> {
    machine_keys::table
        .find(id)
        .for_update()
        .select(MachineKey::as_select())
        .first(tx.conn())
        .optional()
}

pub(crate) fn update_machine_key(tx: &mut Tx<'_>, key: &MachineKey) -> QueryResult<usize> {
    diesel::update(key).set(key).execute(tx.conn())
}
