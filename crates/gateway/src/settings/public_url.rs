//! The address under which people reach the platform.

use std::{fmt, net::IpAddr, str::FromStr};

use actix_web::http::Uri;

/// Where people's browsers find us: a scheme and a host, without a path. It is `https`, or it is
/// this machine: browsers keep our `__Host-` cookie nowhere else.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PublicUrl {
    origin: String,
    is_https: bool,
    is_loopback: bool,
}

impl PublicUrl {
    /// The scheme and the host, such as `https://desk.example`.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The full address of one of our paths, which begin with a slash.
    pub fn to(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    /// Whether people come to us by TLS.
    pub const fn is_https(&self) -> bool {
        self.is_https
    }

    /// Whether a Host header, with or without a port, names the machine it was sent to.
    pub fn names_this_machine(host: &str) -> bool {
        host.parse::<actix_web::http::uri::Authority>()
            .is_ok_and(|authority| is_loopback(authority.host()))
    }

    /// Whether only people on this machine can come to us.
    pub const fn is_loopback(&self) -> bool {
        self.is_loopback
    }
}

impl FromStr for PublicUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("'{text}' is not an address such as https://desk.example");
        let uri: Uri = text.parse().map_err(|_| wrong())?;
        let scheme = uri.scheme_str().ok_or_else(wrong)?;
        let authority = uri.authority().ok_or_else(wrong)?;
        if !matches!(scheme, "http" | "https") || authority.as_str().contains('@') {
            return Err(wrong());
        }
        if uri
            .path_and_query()
            .is_some_and(|rest| rest.as_str() != "/")
        {
            return Err(format!(
                "'{text}' has a path; the platform needs a host of its own"
            ));
        }
        let (is_https, is_loopback) = (scheme == "https", is_loopback(authority.host()));
        if !is_https && !is_loopback {
            return Err(format!(
                "'{text}' is neither https nor this machine. People sign in with a __Host- cookie, \
                 which browsers keep over TLS only: put a TLS proxy in front of the platform and \
                 set GIGDESK_PUBLIC_URL=https://{authority}"
            ));
        }
        let origin = format!("{scheme}://{authority}").to_ascii_lowercase();
        Ok(Self {
            origin,
            is_https,
            is_loopback,
        })
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.origin)
    }
}

/// Whether this host is always the machine itself.
pub(super) fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.eq_ignore_ascii_case("localhost")
        || bare
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_this_machine_only() {
        for local in [
            "http://127.0.0.1:8080",
            "http://localhost",
            "http://[::1]:80/",
        ] {
            assert!(local.parse::<PublicUrl>().unwrap().is_loopback(), "{local}");
        }
        let refused = "http://desk.example".parse::<PublicUrl>().unwrap_err();
        assert!(
            refused.contains("GIGDESK_PUBLIC_URL=https://desk.example"),
            "{refused}"
        );
        assert!(
            "http://127.0.0.1.desk.example"
                .parse::<PublicUrl>()
                .is_err()
        );
    }

    #[test]
    fn a_public_address_is_an_origin() {
        let url: PublicUrl = "https://Desk.Example/".parse().unwrap();
        assert_eq!(url.to("/join"), "https://desk.example/join");
        for wrong in [
            "desk.example",
            "https://desk.example/app",
            "ftp://x",
            "https://u@x",
            "",
        ] {
            assert!(wrong.parse::<PublicUrl>().is_err(), "{wrong}");
        }
    }
}
