//! The first administrator, so that somebody can sign in and make the others.

use anyhow::{Context as _, Result};
use db::Db;
use kernel::Role;
use secrecy::ExposeSecret as _;

use crate::{settings::Settings, state::ReadFailed};

/// Makes the administrator whom the settings name, unless there is one already.
pub fn ensure(db: &Db, settings: &Settings) -> Result<()> {
    let (Some(email), Some(password)) = (&settings.admin_email, &settings.admin_password) else {
        return Ok(());
    };
    if db.read_blocking(|conn| identity::any_admin(conn).map_err(ReadFailed::from))? {
        return Ok(());
    }
    let new = identity::NewAccount {
        email: email.clone(),
        display_name: "Administrator".to_owned(),
        password: identity::hash_password(password.expose_secret())
            .context("GIGDESK_ADMIN_PASSWORD")?,
        role: Role::Admin,
    };
    match db.write_blocking("first_admin", |tx| workflows::create_account(tx, &new)) {
        // Another node was quicker.
        Err(identity::Error::EmailTaken) => Ok(()),
        made => {
            made.context("GIGDESK_ADMIN_EMAIL")?;
            tracing::info!(email, "made the first admin");
            Ok(())
        }
    }
}
