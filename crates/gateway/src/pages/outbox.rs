//! The letters of a platform that sends none: for trying it out on one's own machine.

mod eml;

use std::{fs, io, path::Path, time::SystemTime};

use actix_web::{
    get,
    web::{Data, ServiceConfig},
};
use askama::Template;
use chrono::{DateTime, Utc};
use tokio::task::spawn_blocking;

use super::{Layout, PageResult, html};
use crate::{problem::ApiError, state::State};
use eml::Letter;

/// How many letters the page shows.
const LETTERS: usize = 30;
/// No letter of ours is larger.
const LETTER_BYTES: u64 = 256 << 10;

pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(outbox);
}

#[derive(Template)]
#[template(path = "outbox.html")]
struct OutboxPage {
    layout: Layout,
    letters: Vec<Written>,
}

/// A letter, and when it was written.
struct Written {
    at: DateTime<Utc>,
    letter: Letter,
}

#[get("/dev/outbox")]
async fn outbox(state: Data<State>, layout: Layout) -> PageResult {
    let is_private = state.settings.public_url.is_loopback();
    let Some(directory) = state.settings.outbox().filter(|_| is_private) else {
        return Err(ApiError::not_found("there is nothing at this address").into());
    };
    let letters = spawn_blocking(move || newest(&directory))
        .await
        .map_err(ApiError::internal)?;
    let letters = letters.map_err(ApiError::internal)?;
    html(&OutboxPage {
        layout: layout.titled("Outbox"),
        letters,
    })
}

/// The newest letters in the directory, newest first.
fn newest(directory: &Path) -> io::Result<Vec<Written>> {
    let mut files: Vec<(SystemTime, _)> = match fs::read_dir(directory) {
        Ok(entries) => entries
            .filter_map(|entry| {
                let entry = entry.ok()?;
                let metadata = entry.metadata().ok()?;
                let path = entry.path();
                let is_letter = path.extension().is_some_and(|extension| extension == "eml");
                (is_letter && metadata.len() <= LETTER_BYTES)
                    .then_some((metadata.modified().ok()?, path))
            })
            .collect(),
        // No letter was ever written.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error),
    };
    files.sort_by(|one, other| other.cmp(one));
    files.truncate(LETTERS);
    files
        .into_iter()
        .map(|(at, path)| {
            Ok(Written {
                at: at.into(),
                letter: Letter::parse(&fs::read(path)?),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_letter_comes_first() {
        let directory = tempfile::tempdir().unwrap();
        for (name, seconds) in [("old.eml", 1), ("new.eml", 2), (".draft.tmp", 3)] {
            let path = directory.path().join(name);
            fs::write(&path, format!("Subject: {name}\r\n\r\nHello")).unwrap();
            let at = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
            fs::File::options()
                .write(true)
                .open(&path)
                .unwrap()
                .set_modified(at)
                .unwrap();
        }
        let subjects: Vec<String> = newest(directory.path())
            .unwrap()
            .into_iter()
            .map(|w| w.letter.subject)
            .collect();
        assert_eq!(subjects, ["new.eml", "old.eml"]);
    }

    #[test]
    fn before_the_first_letter_there_is_none() {
        assert!(newest(Path::new("/nonexistent/outbox")).unwrap().is_empty());
    }
}
