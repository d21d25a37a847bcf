//! What is wrong with a path or a query.

use actix_web::{
    HttpRequest,
    error::{PathError, QueryPayloadError},
    web::{PathConfig, QueryConfig},
};
use kernel::FieldError;

use super::refuse;
use crate::problem::ApiError;

/// A path whose id is malformed leads nowhere.
pub(crate) fn path_config() -> PathConfig {
    PathConfig::default().error_handler(|error: PathError, request: &HttpRequest| {
        refuse(
            request,
            ApiError::not_found(format!("there is nothing at this address: {error}")),
        )
    })
}

/// A query whose parameters are not what we expect.
pub(crate) fn query_config() -> QueryConfig {
    QueryConfig::default().error_handler(|error: QueryPayloadError, request: &HttpRequest| {
        let fault = FieldError {
            field: "query".to_owned(),
            message: error.to_string(),
        };
        refuse(request, ApiError::invalid(vec![fault]))
    })
}
