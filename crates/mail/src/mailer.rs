//! The ways a letter can go.

use std::{
    fmt,
    fs::{DirBuilder, OpenOptions},
    io::Write as _,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use lettre::{SmtpTransport, Transport as _, message::Mailbox};

use crate::{Error, Letter, compose::compose};

/// How long the mail server may take for each of its answers.
const SMTP_TIMEOUT: Duration = Duration::from_secs(5);

/// How many letters the memory keeps.
const MEMORY_LETTERS: usize = 10_000;

/// Where letters go, and from whom they come. `from` is an address or `Name <address>`.
#[derive(Clone)]
pub enum Settings {
    /// To a mail server.
    Smtp {
        /// `smtps://user:password@host:port`, or `smtp://…?tls=required` for STARTTLS, or plain
        /// `smtp://…` for a server next door. User and password are percent-encoded.
        url: String,
        /// The sender.
        from: String,
    },
    /// Into a directory, one `.eml` file for each letter, for development.
    Files {
        /// The directory; made, for its owner only, if it is not there.
        dir: PathBuf,
        /// The sender.
        from: String,
    },
    /// Into memory, for tests.
    Memory {
        /// The sender.
        from: String,
    },
}

impl fmt::Debug for Settings {
    /// Leaves the URL out, which holds a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Smtp { from, .. } => f
                .debug_struct("Smtp")
                .field("from", from)
                .finish_non_exhaustive(),
            Self::Files { dir, from } => f
                .debug_struct("Files")
                .field("dir", dir)
                .field("from", from)
                .finish(),
            Self::Memory { from } => f.debug_struct("Memory").field("from", from).finish(),
        }
    }
}

/// Sends letters. Cheap to clone.
#[derive(Clone)]
pub struct Mailer {
    from: Mailbox,
    route: Route,
}

#[derive(Clone)]
enum Route {
    Smtp(SmtpTransport),
    Files(PathBuf),
    Memory(Arc<Mutex<Vec<Letter>>>),
}

impl Mailer {
    /// Prepares the route. A mail server is not called before the first letter.
    pub fn new(settings: &Settings) -> Result<Self, Error> {
        let (from, route) = match settings {
            Settings::Smtp { url, from } => (from, Route::Smtp(smtp(url)?)),
            Settings::Files { dir, from } => {
                DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
                (from, Route::Files(dir.clone()))
            }
            Settings::Memory { from } => (from, Route::Memory(Arc::default())),
        };
        let from = from
            .parse()
            .map_err(|error| Error::Settings(format!("'{from}' is not a sender: {error}")))?;
        Ok(Self { from, route })
    }

    /// Sends the letter, and returns when the next hop has taken it. Blocks. Sent again under the
    /// same `id`, it can be recognised by its Message-ID.
    pub fn send(&self, letter: &Letter, id: &str) -> Result<(), Error> {
        let message = compose(&self.from, letter, id)?;
        match &self.route {
            Route::Smtp(server) => {
                #[expect(clippy::disallowed_methods, reason = "this is where letters leave")]
                server.send(&message)?;
            }
            Route::Files(dir) => store(dir, id, &message.formatted())?,
            Route::Memory(sent) => {
                let mut sent = sent.lock().unwrap_or_else(PoisonError::into_inner);
                if sent.len() >= MEMORY_LETTERS {
                    sent.remove(0);
                }
                sent.push(letter.clone());
            }
        }
        tracing::debug!(id, "a letter was sent");
        Ok(())
    }

    /// The letters in memory, oldest first; none with any other transport.
    pub fn sent(&self) -> Vec<Letter> {
        match &self.route {
            Route::Memory(sent) => sent.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            Route::Smtp(_) | Route::Files(_) => Vec::new(),
        }
    }
}

fn smtp(url: &str) -> Result<SmtpTransport, Error> {
    let server =
        SmtpTransport::from_url(url).map_err(|error| Error::Settings(error.to_string()))?;
    if url.starts_with("smtp:") && !url.contains("tls=required") {
        tracing::warn!("letters travel to the mail server without assured encryption");
    }
    Ok(server.timeout(Some(SMTP_TIMEOUT)).build())
}

/// Writes the file beside its place and moves it there, so that nobody ever reads half a letter.
fn store(dir: &Path, id: &str, message: &[u8]) -> Result<(), Error> {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let number = COUNTER.fetch_add(1, Ordering::Relaxed);
    let draft = dir.join(format!(".{id}.{}-{number}.tmp", std::process::id()));
    let mut options = OpenOptions::new();
    let written = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&draft)
        .and_then(|mut file| file.write_all(message))
        .and_then(|()| std::fs::rename(&draft, dir.join(format!("{id}.eml"))));
    if written.is_err() {
        // The first error tells more than one about a draft that was never made.
        let _ = std::fs::remove_file(&draft);
    }
    Ok(written?)
}
