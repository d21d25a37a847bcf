//! Where the database is, and whether the way there is private.

use std::str::FromStr;

use secrecy::{ExposeSecret as _, SecretString};

use super::public_url::is_loopback;

/// A libpq URL. It holds a password, so it is shown nowhere.
#[derive(Clone, Debug)]
pub struct DatabaseUrl {
    url: SecretString,
    is_local: bool,
    demands_tls: bool,
}

impl DatabaseUrl {
    /// The URL with its password, for the database door.
    pub fn expose(&self) -> &str {
        self.url.expose_secret()
    }

    /// Refuses a way over the network that others could read. Without TLS compiled in, or without
    /// `sslmode`, libpq goes there in plain text and does not say so.
    pub fn check_privacy(&self, has_tls: bool, allow_plaintext: bool) -> Result<(), String> {
        if self.is_local || allow_plaintext || (has_tls && self.demands_tls) {
            return Ok(());
        }
        let way_on = if has_tls {
            "add sslmode=verify-full (or require) to DATABASE_URL"
        } else {
            "build gigdesk with --features pg-tls and add sslmode=verify-full to DATABASE_URL"
        };
        Err(format!(
            "DATABASE_URL names another host, and the connection would not be encrypted: {way_on}; \
             or, where the network is trusted, set GIGDESK_ALLOW_PLAINTEXT_DATABASE=true"
        ))
    }
}

impl FromStr for DatabaseUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let rest = text
            .strip_prefix("postgresql://")
            .or_else(|| text.strip_prefix("postgres://"))
            .ok_or("must begin with postgresql://")?;
        let (base, query) = rest.split_once('?').unwrap_or((rest, ""));
        let authority = base.split('/').next().unwrap_or_default();
        let hosts = authority.rsplit('@').next().unwrap_or_default();
        let parameter = |name: &str| {
            query
                .split('&')
                .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
        };
        // As libpq has it: the parameters win over the authority, and an address over a name.
        let hosts = parameter("hostaddr")
            .or_else(|| parameter("host"))
            .unwrap_or(hosts);
        let demands_tls = matches!(
            parameter("sslmode"),
            Some("require" | "verify-ca" | "verify-full")
        );
        let is_local = hosts.split(',').all(is_local);
        Ok(Self {
            url: SecretString::from(text),
            is_local,
            demands_tls,
        })
    }
}

/// Whether a host of a libpq URL, with or without a port, is this machine.
fn is_local(host: &str) -> bool {
    let is_socket = host.is_empty() || host.starts_with('/') || host.starts_with("%2F");
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    is_socket || is_loopback(name) || is_loopback(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(url: &str) -> Result<(), String> {
        url.parse::<DatabaseUrl>()
            .unwrap()
            .check_privacy(false, false)
    }

    #[test]
    fn a_database_on_this_machine_needs_no_tls() {
        for url in [
            "postgresql://gigdesk@/gigdesk?host=/run/postgresql",
            "postgres://gigdesk@%2Frun%2Fpostgresql/gigdesk",
            "postgresql://gigdesk:secret@localhost:5432/gigdesk",
            "postgresql://127.0.0.1/gigdesk",
            "postgresql://[::1]:5432/gigdesk",
            "postgresql:///gigdesk",
        ] {
            assert_eq!(plain(url), Ok(()), "{url}");
        }
    }

    #[test]
    fn a_database_elsewhere_is_reached_by_tls_or_on_purpose() {
        for url in [
            "postgresql://gigdesk@db.example/gigdesk",
            "postgresql://localhost,db.example/gigdesk",
            "postgresql://localhost/gigdesk?hostaddr=10.0.0.7",
            "postgresql://gigdesk@db.example/gigdesk?sslmode=require",
        ] {
            assert!(plain(url).unwrap_err().contains("pg-tls"), "{url}");
        }
        let parse = |url: &str| url.parse::<DatabaseUrl>().unwrap();
        let prefer = parse("postgresql://db.example/gigdesk?sslmode=prefer");
        assert!(
            prefer
                .check_privacy(true, false)
                .unwrap_err()
                .contains("sslmode")
        );
        assert_eq!(prefer.check_privacy(false, true), Ok(()));
        let verified = parse("postgresql://db.example/gigdesk?sslmode=verify-full");
        assert_eq!(verified.check_privacy(true, false), Ok(()));
    }

    #[test]
    fn a_password_is_not_shown() {
        let url: DatabaseUrl = "postgresql://gigdesk:hunter2@localhost/gigdesk"
            .parse()
            .unwrap();
        assert!(!format!("{url:?}").contains("hunter2"));
    }
}
