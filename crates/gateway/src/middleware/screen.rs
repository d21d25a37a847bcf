//! Turns away what no handler should see.

use actix_web::{
    Error, HttpRequest,
    body::{BoxBody, EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{StatusCode, header},
    middleware::Next,
    web::Data,
};

use crate::{
    extract::{is_api, is_sent_unasked, refuse},
    problem::ApiError,
    settings::PublicUrl,
    state::State,
};

/// The longest path with its query.
const TARGET_BYTES: usize = 4096;

/// Refuses addresses that are too long or hold a NUL, and writes that another site may have
/// made a browser send.
pub(crate) async fn screen<B: MessageBody + 'static>(
    state: Data<State>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, Error> {
    let public_url = &state.settings.public_url;
    let verdict = check_target(request.request())
        .and_then(|()| check_host(request.request(), public_url))
        .and_then(|()| check_origin(request.request(), public_url));
    match verdict {
        Ok(()) => Ok(next.call(request).await?.map_into_left_body()),
        Err(refusal) => {
            let response = refuse(request.request(), refusal).error_response();
            Ok(request.into_response(response).map_into_right_body())
        }
    }
}

/// On a platform for this machine only, a page elsewhere whose name was made to lead here (DNS
/// rebinding) is told that it is wrong. Behind a proxy, hosts are the proxy's concern.
fn check_host(request: &HttpRequest, public_url: &PublicUrl) -> Result<(), ApiError> {
    let host = request
        .headers()
        .get(header::HOST)
        .and_then(|value| value.to_str().ok());
    let is_ours = host.is_none_or(PublicUrl::names_this_machine);
    if is_ours || !public_url.is_loopback() {
        return Ok(());
    }
    let detail = "this platform serves its own machine only, under the name localhost";
    Err(ApiError::new(
        StatusCode::MISDIRECTED_REQUEST,
        "wrong_host",
        detail,
    ))
}

fn check_target(request: &HttpRequest) -> Result<(), ApiError> {
    let target = request
        .uri()
        .path_and_query()
        .map_or("/", |target| target.as_str());
    if target.len() > TARGET_BYTES {
        let detail = format!("the address may have at most {TARGET_BYTES} bytes");
        return Err(ApiError::new(
            StatusCode::URI_TOO_LONG,
            "address_too_long",
            detail,
        ));
    }
    if target.contains("%00") {
        let detail = "the address contains a NUL character";
        return Err(ApiError::new(
            StatusCode::BAD_REQUEST,
            "malformed_address",
            detail,
        ));
    }
    Ok(())
}

/// A write by a browser must come from a page of ours. Programs that show a bearer token, and
/// strangers who call the API, have nothing that a browser would add unasked.
fn check_origin(request: &HttpRequest, public_url: &PublicUrl) -> Result<(), ApiError> {
    let is_at_risk = !is_api(request.path()) || is_sent_unasked(request);
    if request.method().is_safe() || !is_at_risk || is_same_origin(request, public_url) {
        return Ok(());
    }
    Err(ApiError::new(
        StatusCode::FORBIDDEN,
        "cross_site_request",
        "this request does not come from one of our pages; please open the page and try again",
    ))
}

/// By what the browser says of the request; old browsers say the page's origin only.
fn is_same_origin(request: &HttpRequest, public_url: &PublicUrl) -> bool {
    let text = |name: &str| {
        request
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    if let Some(site) = text("sec-fetch-site") {
        return matches!(site, "same-origin" | "none");
    }
    let Some(origin) = text(header::ORIGIN.as_str()) else {
        return false;
    };
    let host = origin.split_once("://").map(|(_, host)| host);
    origin == public_url.origin() || (host.is_some() && host == text(header::HOST.as_str()))
}
