//! Signing in to the pages, and out again.

use actix_web::{
    HttpRequest, HttpResponse,
    cookie::time::Duration,
    get,
    http::StatusCode,
    post,
    web::{Data, Query, ServiceConfig},
};
use askama::Template;
use chrono::TimeDelta;
use identity::{SessionKind, SignIn};
use secrecy::SecretString;
use serde::Deserialize;

use super::{
    COOKIE, Faults, Layout, PageResult, home_of, html, html_with_status, see_other,
    see_other_with_notice, strict_cookie,
};
use crate::{
    extract::{Form, SignedIn},
    problem::ApiResult,
    sign_in::{client_address, sign_in},
    state::State,
};

/// How long a page session lasts.
const HOURS: i64 = 12;

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(sign_in_page)
        .service(send_sign_in)
        .service(sign_out);
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    layout: Layout,
    faults: Faults,
    email: String,
    next: String,
}

#[derive(Deserialize)]
struct Onward {
    #[serde(default)]
    next: String,
}

#[derive(Deserialize)]
struct SignInForm {
    email: String,
    password: SecretString,
    #[serde(default)]
    next: String,
}

/// The way to the sign-in page, and from there to `next`.
pub(super) fn sign_in_path(next: Option<&str>) -> String {
    match next {
        Some(next) if next != "/" => format!("/sign-in?next={}", percent_encoded(next)),
        _ => "/sign-in".to_owned(),
    }
}

/// RFC 3986, section 2.3: letters, digits and four marks stay as they are.
fn percent_encoded(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

/// A path of ours, and nothing that a browser could take for another site.
fn is_ours(path: &str) -> bool {
    path.starts_with('/')
        && !path.starts_with("//")
        && !path.contains(|c: char| c == '\\' || c.is_control())
}

#[get("/sign-in")]
async fn sign_in_page(
    layout: Layout,
    caller: Option<SignedIn>,
    onward: Query<Onward>,
) -> PageResult {
    if let Some(caller) = caller {
        return Ok(see_other(home_of(caller.role)));
    }
    html(&SignInPage {
        layout: layout.titled("Sign in"),
        faults: Faults::default(),
        email: String::new(),
        next: onward.into_inner().next,
    })
}

#[post("/sign-in")]
async fn send_sign_in(
    state: Data<State>,
    layout: Layout,
    request: HttpRequest,
    form: Form<SignInForm>,
) -> PageResult {
    let Form(SignInForm {
        email,
        password,
        next,
    }) = form;
    let address = client_address(&request, state.settings.trust_proxy);
    let signed_in = sign_in(&state, email.clone(), password, address, SessionKind::Page).await;
    let (status, faults) = match signed_in {
        Ok(SignIn::Welcome(session)) => return Ok(welcome(&state, &session, &next)?),
        Ok(SignIn::Refused) => (
            StatusCode::UNAUTHORIZED,
            Faults::whole(
                "This e-mail address and password do not belong together. Please try again.",
            ),
        ),
        Err(refusal) => {
            let faults = Faults::of(refusal)?;
            (faults.status(), faults)
        }
    };
    html_with_status(
        status,
        &SignInPage {
            layout: layout.titled("Sign in"),
            faults,
            email,
            next,
        },
    )
}

/// Sets the cookie and sends the person to where they wanted to go.
pub(super) fn welcome(
    state: &State,
    session: &identity::SignedIn,
    next: &str,
) -> ApiResult<HttpResponse> {
    let identity::SignedIn {
        account, session, ..
    } = session;
    let lifetime = TimeDelta::hours(HOURS);
    let token = state
        .tokens
        .issue(session, account, state.db.now(), lifetime)?;
    let mut response = see_other(if is_ours(next) {
        next
    } else {
        home_of(account.role)
    });
    // A token of ours always fits into a header.
    let _ = response.add_cookie(&strict_cookie(COOKIE, token, Duration::hours(HOURS)));
    Ok(response)
}

#[post("/sign-out")]
async fn sign_out(caller: SignedIn) -> PageResult {
    let session = caller.session_id;
    caller
        .acting_db()
        .write("sign_out", move |tx| workflows::sign_out(tx, session))
        .await?;
    let mut response = see_other_with_notice("/sign-in", "You are signed out.");
    let mut cookie = strict_cookie(COOKIE, String::new(), Duration::ZERO);
    cookie.make_removal();
    // As above.
    let _ = response.add_cookie(&cookie);
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_signing_in_nobody_is_sent_to_another_site() {
        for ours in ["/desk", "/ops/agents?status=submitted"] {
            assert!(is_ours(ours), "{ours}");
        }
        for other in [
            "",
            "desk",
            "//evil.example",
            "/\\evil.example",
            "https://x",
            "/\n/x",
        ] {
            assert!(!is_ours(other), "{other}");
        }
    }

    #[test]
    fn the_way_back_survives_the_query() {
        assert_eq!(
            sign_in_path(Some("/ops?a=b&c=d")),
            "/sign-in?next=%2Fops%3Fa%3Db%26c%3Dd"
        );
        assert_eq!(sign_in_path(Some("/")), "/sign-in");
    }
}
