//! In the making.
pub(super) fn configure(_: &mut actix_web::web::ServiceConfig) {}
