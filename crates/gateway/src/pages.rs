//! The pages: server-rendered, and useful without a script.
//!
//! A file holds the pages of one purpose, their templates' structs and their forms. A handler takes
//! a [`Layout`] and a caller, and answers with [`html`] or, after a form, with [`see_other`]. An
//! error becomes a page by `?`: see [`PageError`].

mod admin;
mod assets;
mod contacts;
mod conversation;
mod desk;
mod earnings;
mod error;
mod fields;
mod figures;
mod finance;
mod form;
mod home;
mod join;
mod layout;
mod ops;
mod outbox;
mod shifts;
mod sign_in;
mod wording;

use actix_web::{
    HttpResponse,
    cookie::{Cookie, SameSite, time::Duration},
    http::{StatusCode, header},
    web::ServiceConfig,
};
use askama::Template;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

pub(crate) use assets::ASSETS;
pub use assets::asset;
pub use error::{PageError, PageResult};
pub use form::Faults;
pub use home::home_of;
pub use layout::Layout;

use crate::problem::ApiError;

/// Holds a page session's token. The prefix makes browsers insist on TLS (or loopback), on our
/// host and on the whole site.
pub(crate) const COOKIE: &str = "__Host-gigdesk";
/// Holds what the next page tells the person, once.
pub(crate) const NOTICE_COOKIE: &str = "__Host-gigdesk-notice";

/// Registers the pages.
pub(crate) fn configure(config: &mut ServiceConfig) {
    config
        .configure(home::configure)
        .configure(sign_in::configure)
        .configure(outbox::configure)
        .configure(join::configure)
        .configure(desk::configure)
        .configure(shifts::configure)
        .configure(contacts::configure)
        .configure(earnings::configure)
        .configure(conversation::configure)
        .configure(ops::configure)
        .configure(admin::configure)
        .configure(finance::configure)
        .service(assets::serve);
}

/// A page.
pub fn html(page: &impl Template) -> PageResult {
    html_with_status(StatusCode::OK, page)
}

/// A page with another status than 200: a form that was not accepted, mostly.
pub fn html_with_status(status: StatusCode, page: &impl Template) -> PageResult {
    let body = page
        .render()
        .map_err(|error| PageError::from_refusal(ApiError::internal(error)))?;
    Ok(HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .body(body))
}

/// Sends the browser on, as after every form.
pub fn see_other(path: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((header::LOCATION, path))
        .finish()
}

/// Sends the browser on to a page that will say this, once.
pub fn see_other_with_notice(path: &str, notice: &str) -> HttpResponse {
    let value = URL_SAFE_NO_PAD.encode(notice);
    let cookie = strict_cookie(NOTICE_COOKIE, value, Duration::minutes(1));
    HttpResponse::SeeOther()
        .insert_header((header::LOCATION, path))
        .cookie(cookie)
        .finish()
}

fn strict_cookie(name: &str, value: String, max_age: Duration) -> Cookie<'_> {
    Cookie::build(name, value)
        .path("/")
        .secure(true)
        .http_only(true)
        .same_site(SameSite::Lax)
        .max_age(max_age)
        .finish()
}
