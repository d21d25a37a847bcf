//! Letters as files.

use std::{collections::BTreeSet, os::unix::fs::PermissionsExt as _, path::Path, thread};

use mail::{Error, Mailer, Settings};

use crate::support::{letter, sender};

fn mailer(dir: &Path) -> Mailer {
    Mailer::new(&Settings::Files {
        dir: dir.to_owned(),
        from: sender(),
    })
    .unwrap()
}

fn names(dir: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(dir).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_letter_becomes_a_file_that_only_its_owner_can_read() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("deep/outbox");
    let mailer = mailer(&dir);
    mailer.send(&letter(), "job_01").unwrap();
    assert_eq!(names(&dir), ["job_01.eml".to_owned()].into());
    assert_eq!((mode(&dir), mode(&dir.join("job_01.eml"))), (0o700, 0o600));
    let text = std::fs::read_to_string(dir.join("job_01.eml")).unwrap();
    for line in [
        "From: Gigdesk <desk@gigdesk.example>\r\n",
        "To: ada@example.org\r\n",
        "Subject: 493817 is your code\r\n",
        "Message-ID: <job_01@gigdesk.example>\r\n",
        "Auto-Submitted: auto-generated\r\n",
        "Content-Type: text/plain; charset=utf-8\r\n",
        "Content-Type: text/html; charset=utf-8\r\n",
    ] {
        assert!(text.contains(line), "{line:?} is not in {text}");
    }
    assert!(mailer.sent().is_empty());
}

#[test]
fn a_letter_sent_again_is_the_same_file() {
    let dir = tempfile::tempdir().unwrap();
    let mailer = mailer(dir.path());
    for id in ["job_02", "job_01", "job_02"] {
        mailer.send(&letter(), id).unwrap();
    }
    let sorted: Vec<String> = names(dir.path()).into_iter().collect();
    assert_eq!(sorted, ["job_01.eml", "job_02.eml"]);
}

#[test]
fn nobody_ever_reads_half_a_letter() {
    let dir = tempfile::tempdir().unwrap();
    let mut long = letter();
    long.text = "A line of a long letter.\n".repeat(20_000);
    let whole = {
        let mailer = mailer(dir.path());
        mailer.send(&long, "job_01").unwrap();
        std::fs::metadata(dir.path().join("job_01.eml"))
            .unwrap()
            .len()
    };
    thread::scope(|scope| {
        let writers: Vec<_> = (0..3)
            .map(|_| {
                let mailer = mailer(dir.path());
                let long = &long;
                scope.spawn(move || {
                    for _ in 0..10 {
                        mailer.send(long, "job_01").unwrap();
                    }
                })
            })
            .collect();
        while !writers.iter().all(thread::ScopedJoinHandle::is_finished) {
            let read = std::fs::read(dir.path().join("job_01.eml")).unwrap();
            assert_eq!(u64::try_from(read.len()).unwrap(), whole);
        }
    });
    assert_eq!(names(dir.path()).len(), 1, "a draft was left behind");
}

#[test]
fn a_directory_that_went_away_is_worth_another_try() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("outbox");
    let mailer = mailer(&dir);
    std::fs::remove_dir(&dir).unwrap();
    let error = mailer.send(&letter(), "job_01").unwrap_err();
    assert!(
        matches!(error, Error::File(_)) && !error.is_permanent(),
        "{error:?}"
    );
}
