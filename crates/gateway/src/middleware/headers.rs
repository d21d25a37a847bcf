//! The headers of every answer.

use actix_web::{
    Error, HttpMessage as _,
    body::MessageBody,
    cookie::Cookie,
    dev::{ServiceRequest, ServiceResponse},
    http::header::{self, HeaderMap, HeaderName, HeaderValue},
    middleware::Next,
    web::Data,
};
use tracing_actix_web::RequestId;

use crate::{pages::NOTICE_COOKIE, state::State};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Nothing but our own files, and nobody may frame us.
const POLICY: &str = "default-src 'self'; base-uri 'none'; form-action 'self'; \
                      frame-ancestors 'none'; object-src 'none'";
/// The viewer of the API's description styles itself.
const DOCS_POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; \
                           img-src 'self' data:; frame-ancestors 'none'; object-src 'none'";
const FEATURES: &str = "camera=(), geolocation=(), microphone=(), payment=(), usb=()";

/// Adds what makes browsers careful, and the request's id.
pub(crate) async fn add_headers<B: MessageBody>(
    state: Data<State>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let id = request
        .extensions()
        .get::<RequestId>()
        .map(ToString::to_string);
    let policy = if request.path().starts_with("/api/docs") {
        DOCS_POLICY
    } else {
        POLICY
    };
    let had_notice = request.request().cookie(NOTICE_COOKIE).is_some();

    let mut response = next.call(request).await?;

    let headers = response.headers_mut();
    set(headers, header::CONTENT_SECURITY_POLICY, policy);
    set(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(headers, header::REFERRER_POLICY, "same-origin");
    set(headers, header::PERMISSIONS_POLICY, FEATURES);
    set(
        headers,
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    );
    if state.settings.public_url.is_https() {
        set(
            headers,
            header::STRICT_TRANSPORT_SECURITY,
            "max-age=31536000",
        );
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        set(headers, header::CACHE_CONTROL, "no-store");
    }
    if let Some(id) = id.and_then(|id| HeaderValue::try_from(id).ok()) {
        headers.insert(REQUEST_ID, id);
    }
    // A page has shown the notice; the next one should not.
    if had_notice && is_page(response.headers()) {
        forget_notice(&mut response);
    }
    Ok(response)
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers.insert(name, HeaderValue::from_static(value));
}

fn is_page(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"text/html"))
}

fn forget_notice<B>(response: &mut ServiceResponse<B>) {
    let mut cookie = Cookie::build(NOTICE_COOKIE, "")
        .path("/")
        .secure(true)
        .finish();
    cookie.make_removal();
    // Our own cookie always fits into a header.
    let _ = response.response_mut().add_cookie(&cookie);
}
