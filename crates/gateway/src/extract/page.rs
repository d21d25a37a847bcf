//! Which part of a list is wanted.

use kernel::PageRequest;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

/// Which part of a list is wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PageQuery<K: ToSchema> {
    /// The `next` of the page before.
    after: Option<K>,
    /// 1 to 100; 50 when not given.
    limit: Option<i64>,
}

impl<K: ToSchema> PageQuery<K> {
    /// The part, with the limit kept within its bounds.
    pub fn request(self) -> PageRequest<K> {
        PageRequest::new(self.after, self.limit)
    }
}
