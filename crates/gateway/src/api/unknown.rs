//! What is answered where there is no operation.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web::Data,
};
use utoipa::openapi::{OpenApi, PathItem};

use crate::{extract::refuse, problem::ApiError};

/// 405 where the address is known and the method is not, else 404.
pub(crate) async fn unknown(request: HttpRequest, document: Data<OpenApi>) -> HttpResponse {
    let Some(pattern) = request.resource_map().match_pattern(request.path()) else {
        let refusal = ApiError::not_found("there is nothing at this address");
        return refuse(&request, refusal).error_response();
    };
    let detail = format!("{} is not possible here", request.method());
    let refusal = ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail);
    let mut response = refuse(&request, refusal).error_response();
    let allowed = match document.paths.paths.get(&pattern) {
        Some(operations) => methods(operations),
        // A page: it is read, or it is a form.
        None => "GET, POST".to_owned(),
    };
    if let Ok(allowed) = allowed.try_into() {
        response.headers_mut().insert(header::ALLOW, allowed);
    }
    response
}

fn methods(operations: &PathItem) -> String {
    let known = [
        ("GET", &operations.get),
        ("PUT", &operations.put),
        ("POST", &operations.post),
        ("DELETE", &operations.delete),
        ("PATCH", &operations.patch),
    ];
    let names = known
        .iter()
        .filter(|(_, operation)| operation.is_some())
        .map(|(name, _)| *name);
    names.collect::<Vec<_>>().join(", ")
}
