//! How people who did something are named.

use std::collections::BTreeMap;

use kernel::AccountId;
use serde::Serialize;
use utoipa::ToSchema;

/// Somebody who did something.
#[derive(Debug, Serialize, ToSchema)]
pub struct PersonView {
    id: AccountId,
    display_name: String,
}

impl PersonView {
    pub(super) fn new(id: AccountId, display_name: String) -> Self {
        Self { id, display_name }
    }

    /// Somebody by the names that were read.
    pub(super) fn named(id: AccountId, names: &BTreeMap<AccountId, String>) -> Self {
        Self::new(id, names.get(&id).cloned().unwrap_or_default())
    }
}
