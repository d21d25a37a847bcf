//! Reads that others may use.

use chrono::{DateTime, Utc};
use diesel::{dsl::exists, prelude::*};
use kernel::{AccountId, MachineKeyId, Page, PageRequest, Role, SessionId};

use crate::{
    Account, AccountStatus, Caller, MachineKey, MachineKeyStatus, SessionStatus,
    schema::{accounts, machine_keys, sessions},
    secret,
};

/// The account with this id.
pub fn account(conn: &mut PgConnection, id: AccountId) -> QueryResult<Option<Account>> {
    accounts::table
        .find(id)
        .select(Account::as_select())
        .first(conn)
        .optional()
}

/// The account with this address, however it is written.
pub fn account_by_email(conn: &mut PgConnection, email: &str) -> QueryResult<Option<Account>> {
    accounts::table
        .filter(accounts::email.eq(email.trim().to_ascii_lowercase()))
        .select(Account::as_select())
        .first(conn)
        .optional()
}

/// The accounts, newest first: all, or only those of the company's staff.
pub fn accounts(
    conn: &mut PgConnection,
    page: &PageRequest<AccountId>,
    staff_only: bool,
) -> QueryResult<Page<Account>> {
    let roles = Role::ALL
        .iter()
        .copied()
        .filter(|role| !staff_only || role.is_staff());
    let mut query = accounts::table
        .filter(accounts::role.eq_any(roles.collect::<Vec<_>>()))
        .order(accounts::id.desc())
        .limit(page.limit + 1)
        .select(Account::as_select())
        .into_boxed();
    if let Some(after) = page.after {
        query = query.filter(accounts::id.lt(after));
    }
    Ok(Page::cut(query.load(conn)?, page.limit, |account| {
        account.id.to_string()
    }))
}

/// Whether somebody can set the platform up: an administrator who is not suspended.
pub fn any_admin(conn: &mut PgConnection) -> QueryResult<bool> {
    diesel::select(exists(
        accounts::table
            .filter(accounts::role.eq(Role::Admin))
            .filter(accounts::status.eq(AccountStatus::Active)),
    ))
    .get_result(conn)
}

/// Who is calling under this session, if it is live and its account is active.
pub fn caller(
    conn: &mut PgConnection,
    session: SessionId,
    now: DateTime<Utc>,
) -> QueryResult<Option<Caller>> {
    Ok(callers(conn, &[session], now)?.pop())
}

/// Who is calling under those of these sessions that are live and whose accounts are active.
pub fn callers(
    conn: &mut PgConnection,
    sessions: &[SessionId],
    now: DateTime<Utc>,
) -> QueryResult<Vec<Caller>> {
    let live = sessions::table
        .inner_join(accounts::table.on(accounts::id.eq(sessions::account_id)))
        .filter(sessions::status.eq(SessionStatus::Live))
        .filter(sessions::expires_at.gt(now))
        .filter(accounts::status.eq(AccountStatus::Active))
        .select((
            accounts::id,
            sessions::id,
            accounts::role,
            accounts::display_name,
            accounts::email,
        ));
    db::among!(sessions::id, sessions, |asked| live
        .filter(asked)
        .load(conn))
}

/// Which of these sessions are live and of active accounts, each with the account's role now.
pub fn live_sessions(
    conn: &mut PgConnection,
    sessions: &[SessionId],
    now: DateTime<Utc>,
) -> QueryResult<Vec<(SessionId, Role)>> {
    sessions::table
        .inner_join(accounts::table.on(accounts::id.eq(sessions::account_id)))
        .filter(sessions::id.eq_any(sessions))
        .filter(sessions::status.eq(SessionStatus::Live))
        .filter(sessions::expires_at.gt(now))
        .filter(accounts::status.eq(AccountStatus::Active))
        .select((sessions::id, accounts::role))
        .load(conn)
}

/// The live key with this secret.
pub fn machine_key(conn: &mut PgConnection, secret: &str) -> QueryResult<Option<MachineKey>> {
    machine_keys::table
        .filter(machine_keys::secret_sha256.eq(secret::fingerprint(secret)))
        .filter(machine_keys::status.eq(MachineKeyStatus::Live))
        .select(MachineKey::as_select())
        .first(conn)
        .optional()
}

/// The machine keys, newest first, revoked ones included.
pub fn machine_keys(
    conn: &mut PgConnection,
    page: &PageRequest<MachineKeyId>,
) -> QueryResult<Page<MachineKey>> {
    let mut query = machine_keys::table
        .order(machine_keys::id.desc())
        .limit(page.limit + 1)
        .select(MachineKey::as_select())
        .into_boxed();
    if let Some(after) = page.after {
        query = query.filter(machine_keys::id.lt(after));
    }
    Ok(Page::cut(query.load(conn)?, page.limit, |key| {
        key.id.to_string()
    }))
}
