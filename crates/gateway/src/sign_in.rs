//! Signing in, as the API and the pages do it.

use actix_web::HttpRequest;
use identity::{SessionKind, SignIn};
use secrecy::{ExposeSecret as _, SecretString};

use crate::{problem::ApiResult, state::State};

/// Reads who it may be, compares the password outside of any transaction, opens the session.
pub(crate) async fn sign_in(
    state: &State,
    email: String,
    password: SecretString,
    address: String,
    kind: SessionKind,
) -> ApiResult<SignIn> {
    let now = state.db.now();
    let read = state
        .db
        .read(move |conn| identity::candidate(conn, &email, &address, now));
    let password = password.expose_secret().to_owned();
    let checked = state.verify_password(read.await?, password).await?;
    let write = state
        .db
        .write("sign_in", move |tx| workflows::sign_in(tx, &checked, kind));
    Ok(write.await?)
}

/// Where a request comes from. The last entry of X-Forwarded-For is what our own proxy saw; the
/// ones before it are whatever the client wrote.
pub(crate) fn client_address(request: &HttpRequest, trust_proxy: bool) -> String {
    let forwarded = || {
        let header = request.headers().get_all("x-forwarded-for").last()?;
        Some(header.to_str().ok()?.rsplit(',').next()?.trim().to_owned())
    };
    let peer = || request.peer_addr().map(|address| address.ip().to_string());
    let believed = if trust_proxy { forwarded() } else { None };
    believed.or_else(peer).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn only_our_own_proxy_is_believed() {
        let request = TestRequest::default()
            .peer_addr("192.0.2.1:4000".parse().unwrap())
            .insert_header(("x-forwarded-for", "203.0.113.9, 198.51.100.7"))
            .to_http_request();
        assert_eq!(client_address(&request, false), "192.0.2.1");
        assert_eq!(client_address(&request, true), "198.51.100.7");
    }

    #[test]
    fn without_a_forwarding_proxy_the_peer_counts() {
        let request = TestRequest::default()
            .peer_addr("192.0.2.1:4000".parse().unwrap())
            .to_http_request();
        assert_eq!(client_address(&request, true), "192.0.2.1");
    }
}
