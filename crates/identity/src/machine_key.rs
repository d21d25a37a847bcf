//! Machine keys: how another system calls the API.

use chrono::{DateTime, Utc};
use db::Tx;
use diesel::prelude::*;
use kernel::{AccountId, Checks, MachineKeyId, text_enum};

use crate::{Error, schema::machine_keys, secret, store};

/// A key with which a machine calls the API. Its secret is shown once, when it is made.
#[derive(AsChangeset, Clone, Debug, Identifiable, Insertable, Queryable, Selectable)]
#[diesel(treat_none_as_default_value = false)]
#[diesel(table_name = machine_keys, check_for_backend(diesel::pg::Pg), treat_none_as_null = true)]
pub struct MachineKey {
    /// Its id.
    pub id: MachineKeyId,
    /// What it is for, in the words of whoever made it.
    pub name: String,
    /// Whether it still opens the API.
    pub status: MachineKeyStatus,
    /// Who made it.
    pub created_by: AccountId,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was revoked. Set if, and only if, it is no longer live.
    pub revoked_at: Option<DateTime<Utc>>,
}

text_enum! {
    /// Whether a machine key opens the API.
    pub MachineKeyStatus {
        /// It does.
        Live = "live",
        /// It does not, and never will again.
        Revoked = "revoked",
    }
}

/// Makes a key. The second value is its secret, which cannot be had again.
pub fn create_machine_key(
    tx: &mut Tx<'_>,
    name: &str,
    created_by: AccountId,
) -> Result<(MachineKey, String), Error> {
    let mut checks = Checks::new();
    checks.text("name", name, 1, 100);
    checks.done()?;
    let secret = secret::mint("gdk_");
    let key = MachineKey {
        id: MachineKeyId::new(),
        name: name.trim().to_owned(),
        status: MachineKeyStatus::Live,
        created_by,
        created_at: tx.now(),
        revoked_at: None,
    };
    store::insert_machine_key(tx, &key, secret::fingerprint(&secret))?;
    Ok((key, secret))
}

/// Locks the key out for good. Doing so twice is fine; the first time stays on record.
pub fn revoke_machine_key(tx: &mut Tx<'_>, id: MachineKeyId) -> Result<(), Error> {
    let mut key = store::lock_machine_key(tx, id)?.ok_or(Error::MachineKeyNotFound)?;
    if key.status == MachineKeyStatus::Live {
        key.status = MachineKeyStatus::Revoked;
        key.revoked_at = Some(tx.now());
        store::update_machine_key(tx, &key)?;
    }
    Ok(())
}
