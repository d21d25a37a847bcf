//! Accounts: somebody who can sign in.

use chrono::{DateTime, Utc};
use db::Tx;
use diesel::prelude::*;
use kernel::{AccountId, Checks, Role, text_enum};

use crate::{Error, PasswordHash, SessionStatus, email, schema::accounts, store};

/// Somebody who can sign in. The password's hash is not part of it and never leaves this crate.
#[derive(AsChangeset, Clone, Debug, Identifiable, Insertable, Queryable, Selectable)]
#[diesel(table_name = accounts, check_for_backend(diesel::pg::Pg), treat_none_as_null = true)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// The address to sign in with, in lower case; one account has it.
    pub email: String,
    /// What the person is called.
    pub display_name: String,
    /// What the account may do.
    pub role: Role,
    /// Whether it may do anything at all.
    pub status: AccountStatus,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

text_enum! {
    /// Whether an account may sign in.
    pub AccountStatus {
        /// It may.
        Active = "active",
        /// It may not, until it is reinstated.
        Suspended = "suspended",
    }
}

/// What an account is made of.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// The address to sign in with, as the person wrote it.
    pub email: String,
    /// What the person is called: 1 to 100 characters on one line.
    pub display_name: String,
    /// From [`crate::hash_password`].
    pub password: PasswordHash,
    /// What the account may do.
    pub role: Role,
}

/// Makes an account that can sign in at once.
pub fn create_account(tx: &mut Tx<'_>, new: &NewAccount) -> Result<Account, Error> {
    let mut checks = Checks::new();
    let email = email::normalize(&new.email).unwrap_or_else(|message| {
        checks.fault("email", message);
        String::new()
    });
    let one_line = !new.display_name.contains(['\n', '\r', '\t']);
    checks
        .text("display_name", &new.display_name, 1, 100)
        .check(
            "display_name",
            one_line,
            "must be on one line, without tabs",
        );
    checks.done()?;

    let account = Account {
        id: AccountId::new(),
        email,
        display_name: new.display_name.trim().to_owned(),
        role: new.role,
        status: AccountStatus::Active,
        created_at: tx.now(),
    };
    store::insert_account(tx, &account, &new.password)?;
    Ok(account)
}

/// Gives the account another role. Its live sessions have it from their next request on.
pub fn change_role(tx: &mut Tx<'_>, id: AccountId, role: Role) -> Result<Account, Error> {
    let mut account = store::lock_account(tx, id)?.ok_or(Error::AccountNotFound)?;
    account.role = role;
    store::update_account(tx, &account)?;
    Ok(account)
}

/// Keeps the account from signing in and ends its sessions. Doing so twice is fine.
pub fn suspend_account(tx: &mut Tx<'_>, id: AccountId) -> Result<(), Error> {
    set_status(tx, id, AccountStatus::Suspended)?;
    // A sign-in under way holds the account's lock: its session is either committed by now, or it
    // will see the suspension.
    store::end_sessions_of(tx, id, SessionStatus::Revoked)?;
    Ok(())
}

/// Lets a suspended account sign in again. Doing so twice is fine.
pub fn reinstate_account(tx: &mut Tx<'_>, id: AccountId) -> Result<(), Error> {
    set_status(tx, id, AccountStatus::Active)
}

/// As [`suspend_account`], for somebody whom the company employs. Agents are suspended with a reason
/// on record, which is not here; and nobody locks themselves out.
pub fn suspend_staff(tx: &mut Tx<'_>, id: AccountId, by: AccountId) -> Result<(), Error> {
    if id == by {
        return Err(Error::OwnAccount);
    }
    check_staff(tx, id)?;
    suspend_account(tx, id)
}

/// As [`reinstate_account`], for somebody whom the company employs.
pub fn reinstate_staff(tx: &mut Tx<'_>, id: AccountId) -> Result<(), Error> {
    check_staff(tx, id)?;
    reinstate_account(tx, id)
}

fn check_staff(tx: &mut Tx<'_>, id: AccountId) -> Result<(), Error> {
    let account = store::lock_account(tx, id)?.ok_or(Error::AccountNotFound)?;
    if account.role.is_staff() {
        Ok(())
    } else {
        Err(Error::NotStaff)
    }
}

fn set_status(tx: &mut Tx<'_>, id: AccountId, status: AccountStatus) -> Result<(), Error> {
    let mut account = store::lock_account(tx, id)?.ok_or(Error::AccountNotFound)?;
    account.status = status;
    store::update_account(tx, &account)?;
    Ok(())
}
