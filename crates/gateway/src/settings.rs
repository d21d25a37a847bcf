//! Every setting: from the command line, else from the environment, else as it is by default.

mod database_url;
mod public_url;

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use clap::{ArgAction, Args, ValueEnum, builder::TypedValueParser as _};
use secrecy::{ExposeSecret as _, SecretString};

pub use database_url::DatabaseUrl;
pub use public_url::PublicUrl;

/// A secret shorter than this could be guessed.
pub const SECRET_BYTES: usize = 32;

/// How log lines look.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line, for machines.
    Json,
}

/// What whoever runs the platform decides. docs/OPERATIONS.md explains each.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Settings")]
pub struct Settings {
    /// The PostgreSQL to use, as postgresql://…; without it, a private one is started
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, global = true)]
    pub database_url: Option<DatabaseUrl>,

    /// Let the database be on another host without TLS
    #[arg(long, env = "GIGDESK_ALLOW_PLAINTEXT_DATABASE", global = true, action = ArgAction::SetTrue)]
    pub allow_plaintext_database: bool,

    /// Connections to the database that this node holds at most
    #[arg(
        long, env = "GIGDESK_POOL_SIZE", global = true, default_value_t = 16,
        value_parser = clap::value_parser!(u32).range(2..=500)
    )]
    pub pool_size: u32,

    /// Where the private PostgreSQL, its secret and the outbox live
    #[arg(long, env = "GIGDESK_DATA_DIR", global = true)]
    pub data_dir: Option<PathBuf>,

    /// The address to listen on
    #[arg(
        long,
        env = "GIGDESK_BIND",
        global = true,
        default_value = "127.0.0.1:8080"
    )]
    pub bind: SocketAddr,

    /// The address people use; https, unless it is this machine
    #[arg(
        long,
        env = "GIGDESK_PUBLIC_URL",
        global = true,
        default_value = "http://127.0.0.1:8080"
    )]
    pub public_url: PublicUrl,

    /// Listen to other machines although the public URL is this one, as in a container
    #[arg(long, env = "GIGDESK_ALLOW_OPEN_BIND", global = true, action = ArgAction::SetTrue)]
    pub allow_open_bind: bool,

    /// Believe X-Forwarded-For, which a proxy of ours sets
    #[arg(long, env = "GIGDESK_TRUST_PROXY", global = true, action = ArgAction::SetTrue)]
    pub trust_proxy: bool,

    /// Streams of events that this node serves at the same time, at most
    #[arg(
        long,
        env = "GIGDESK_MAX_STREAMS",
        global = true,
        default_value_t = 5_000
    )]
    pub max_streams: usize,

    /// What whoever reads /metrics from another machine shows as a bearer token
    #[arg(
        long, env = "GIGDESK_METRICS_TOKEN", hide_env_values = true, global = true,
        value_parser = secret_parser()
    )]
    pub metrics_token: Option<SecretString>,

    /// What all keys are derived from: at least 32 bytes; must be the same on all nodes
    #[arg(
        long, env = "GIGDESK_SECRET", hide_env_values = true, global = true,
        value_parser = secret_parser()
    )]
    pub secret: Option<SecretString>,

    /// What the company signs invitations with; by default derived from the secret
    #[arg(
        long, env = "GIGDESK_INVITATION_SECRET", hide_env_values = true, global = true,
        value_parser = secret_parser()
    )]
    pub invitation_secret: Option<SecretString>,

    /// Where letters go, as smtp://… or smtps://…; by default into files in the data directory
    #[arg(long, env = "GIGDESK_MAIL_URL", hide_env_values = true, global = true, value_parser = text_parser())]
    pub mail_url: Option<SecretString>,

    /// Whom letters come from
    #[arg(
        long,
        env = "GIGDESK_MAIL_FROM",
        global = true,
        default_value = "Gigdesk <gigdesk@localhost>"
    )]
    pub mail_from: String,

    /// The e-mail address of the first admin, made when there is none
    #[arg(
        long,
        env = "GIGDESK_ADMIN_EMAIL",
        global = true,
        requires = "admin_password"
    )]
    pub admin_email: Option<String>,

    /// The password of the first admin
    #[arg(
        long, env = "GIGDESK_ADMIN_PASSWORD", hide_env_values = true, global = true,
        value_parser = text_parser()
    )]
    pub admin_password: Option<SecretString>,

    /// How log lines look
    #[arg(
        long,
        env = "GIGDESK_LOG_FORMAT",
        global = true,
        value_enum,
        default_value = "text"
    )]
    pub log_format: LogFormat,
}

impl Settings {
    /// Where the platform keeps what is not in the database.
    pub fn data_dir(&self) -> PathBuf {
        self.data_dir
            .clone()
            .unwrap_or_else(local_postgres::default_data_dir)
    }

    /// Where letters go while nobody said where; none when they leave by SMTP.
    pub fn outbox(&self) -> Option<PathBuf> {
        self.mail_url
            .is_none()
            .then(|| self.data_dir().join("outbox"))
    }

    /// What jobs may reach outside this process.
    pub fn outside(&self) -> Result<workflows::Outside, String> {
        let from = self.mail_from.clone();
        let mail = match &self.mail_url {
            Some(url) => mail::Settings::Smtp {
                url: url.expose_secret().to_owned(),
                from,
            },
            None => mail::Settings::Files {
                dir: self.data_dir().join("outbox"),
                from,
            },
        };
        let mailer =
            mail::Mailer::new(&mail).map_err(|error| format!("GIGDESK_MAIL_URL: {error}"))?;
        Ok(workflows::Outside {
            mailer: Arc::new(mailer),
            public_url: self.public_url.to_string(),
        })
    }

    /// Refuses settings that do not go together.
    pub fn check(&self) -> Result<(), String> {
        let is_open = !self.bind.ip().is_loopback() && self.public_url.is_loopback();
        if is_open && !self.allow_open_bind {
            return Err(format!(
                "GIGDESK_BIND {} listens to other machines, but GIGDESK_PUBLIC_URL is this one. Put \
                 a TLS proxy in front and set GIGDESK_PUBLIC_URL=https://…; in a container whose \
                 port only this machine reaches, set GIGDESK_ALLOW_OPEN_BIND=true",
                self.bind
            ));
        }
        let Some(database) = &self.database_url else {
            return Ok(());
        };
        database.check_privacy(cfg!(feature = "pg-tls"), self.allow_plaintext_database)?;
        if self.secret.is_none() {
            return Err(
                "with DATABASE_URL, GIGDESK_SECRET must be set: at least 32 bytes, the same \
                        on all nodes, such as the output of: openssl rand -base64 32"
                    .to_owned(),
            );
        }
        Ok(())
    }
}

fn text_parser() -> impl clap::builder::TypedValueParser<Value = SecretString> {
    clap::builder::NonEmptyStringValueParser::new().map(SecretString::from)
}

fn secret_parser() -> impl clap::builder::TypedValueParser<Value = SecretString> {
    text_parser().try_map(|secret| {
        if secret.expose_secret().len() >= SECRET_BYTES {
            Ok(secret)
        } else {
            Err(format!(
                "must have at least {SECRET_BYTES} bytes, such as: openssl rand -base64 32"
            ))
        }
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        settings: Settings,
    }

    fn settings(arguments: &[&str]) -> Result<Settings, String> {
        let line = ["gigdesk"].iter().chain(arguments);
        Line::try_parse_from(line)
            .map(|line| line.settings)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_short_secret_is_refused() {
        let refused = settings(&["--secret", "correct horse"]).unwrap_err();
        assert!(refused.contains("at least 32 bytes"), "{refused}");
    }

    #[test]
    fn a_shared_database_needs_a_shared_secret() {
        let alone = settings(&["--database-url", "postgresql:///gigdesk"]).unwrap();
        assert!(alone.check().unwrap_err().contains("GIGDESK_SECRET"));

        let secret = "an example of thirty-two bytes..";
        let both = [
            "--database-url",
            "postgresql:///gigdesk",
            "--secret",
            secret,
        ];
        assert_eq!(settings(&both).unwrap().check(), Ok(()));
    }

    #[test]
    fn a_public_address_without_tls_is_refused() {
        let refused = settings(&["--public-url", "http://desk.example"]).unwrap_err();
        assert!(refused.contains("TLS proxy"), "{refused}");
    }

    #[test]
    fn an_open_port_needs_a_public_address() {
        let open = settings(&["--bind", "0.0.0.0:8080"]).unwrap();
        assert!(open.check().unwrap_err().contains("GIGDESK_PUBLIC_URL"));
        let container = settings(&["--bind", "0.0.0.0:8080", "--allow-open-bind"]).unwrap();
        assert_eq!(container.check(), Ok(()));
    }

    #[test]
    fn letters_stay_in_files_until_somebody_says_otherwise() {
        let quiet = settings(&["--data-dir", "/srv/desk"]).unwrap();
        assert_eq!(quiet.outbox(), Some("/srv/desk/outbox".into()));
        let smtp = settings(&["--mail-url", "smtp://localhost:1025"]).unwrap();
        assert_eq!(smtp.outbox(), None);
    }
}
