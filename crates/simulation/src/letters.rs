//! The letters that our people receive: the platform leaves them in a directory, one file each,
//! and a person reads the code they were sent.

use std::{collections::HashSet, path::PathBuf, time::Duration};

use anyhow::{Context as _, bail};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use tokio::{fs, time::Instant};

/// Letters leave by a job, so they take a moment; a worker that restarts takes a little longer.
const LONGEST_DELIVERY: Duration = Duration::from_mins(1);
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);
/// How long a code may be, in digits.
const CODE: std::ops::RangeInclusive<usize> = 6..=8;

/// The directory of letters.
#[derive(Clone, Debug)]
pub(crate) struct Outbox {
    directory: PathBuf,
}

impl Outbox {
    pub(crate) fn new(directory: PathBuf) -> Self {
        Self { directory }
    }

    /// The letters there are now. Those that a person finds later are new.
    pub(crate) async fn letters(&self) -> anyhow::Result<HashSet<PathBuf>> {
        let mut letters = HashSet::new();
        if !fs::try_exists(&self.directory).await? {
            return Ok(letters);
        }
        let mut entries = fs::read_dir(&self.directory).await?;
        while let Some(entry) = entries.next_entry().await? {
            let path = entry.path();
            if path.extension().is_some_and(|ending| ending == "eml") {
                letters.insert(path);
            }
        }
        Ok(letters)
    }

    /// The code in a new letter to this address. The letter is added to `seen`, so that a second
    /// call finds the next one. A letter that is still being written is simply read again.
    pub(crate) async fn code(
        &self,
        address: &str,
        seen: &mut HashSet<PathBuf>,
    ) -> anyhow::Result<String> {
        let deadline = Instant::now() + LONGEST_DELIVERY;
        while Instant::now() < deadline {
            for path in self.letters().await? {
                if seen.contains(&path) {
                    continue;
                }
                let letter = fs::read(&path).await.context("a letter cannot be read")?;
                let letter = String::from_utf8_lossy(&letter);
                let code = is_to(&letter, address)
                    .then(|| code_in(&text(&letter)))
                    .flatten();
                if let Some(code) = code {
                    seen.insert(path);
                    return Ok(code);
                }
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
        bail!(
            "no letter with a code for {address} arrived in {} within {} seconds: is the worker running?",
            self.directory.display(),
            LONGEST_DELIVERY.as_secs()
        )
    }
}

/// The headers, and what comes after them.
fn split(part: &str) -> (&str, &str) {
    let part = part.trim_start_matches(['\r', '\n']);
    let ends = ["\r\n\r\n", "\n\n"];
    let end = ends
        .iter()
        .filter_map(|end| part.find(end).map(|at| (at, at + end.len())))
        .min();
    end.map_or((part, ""), |(head, body)| (&part[..head], &part[body..]))
}

/// One header's value, unfolded.
fn header(head: &str, name: &str) -> Option<String> {
    let unfolded = head
        .replace("\r\n", "\n")
        .replace("\n ", " ")
        .replace("\n\t", " ");
    unfolded.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.trim()
            .eq_ignore_ascii_case(name)
            .then(|| value.trim().to_owned())
    })
}

fn is_to(letter: &str, address: &str) -> bool {
    let (head, _) = split(letter);
    header(head, "To").is_some_and(|to| {
        let to = to.to_lowercase();
        to.trim_end_matches('>').rsplit('<').next() == Some(&address.to_lowercase())
    })
}

/// What the letter says, as plain text where there is a choice.
fn text(part: &str) -> String {
    let (head, body) = split(part);
    let kind = header(head, "Content-Type").unwrap_or_default();
    if let Some(boundary) = boundary(&kind) {
        let parts: Vec<&str> = body.split(&format!("--{boundary}")).skip(1).collect();
        let plain = parts.iter().find(|part| {
            let kind = header(split(part).0, "Content-Type").unwrap_or_default();
            kind.to_lowercase().starts_with("text/plain")
        });
        return plain
            .or(parts.first())
            .map(|part| text(part))
            .unwrap_or_default();
    }
    let encoding = header(head, "Content-Transfer-Encoding").unwrap_or_default();
    let bytes = match encoding.to_lowercase().as_str() {
        "base64" => {
            let packed: String = body.split_whitespace().collect();
            STANDARD.decode(packed).unwrap_or_default()
        }
        "quoted-printable" => unquoted(body),
        _ => return body.to_owned(),
    };
    String::from_utf8_lossy(&bytes).into_owned()
}

fn boundary(kind: &str) -> Option<&str> {
    let (_, rest) = kind.split_once("boundary=")?;
    match rest.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next(),
        None => rest.split(';').next().map(str::trim),
    }
}

/// Undoes quoted-printable (RFC 2045, 6.7).
fn unquoted(body: &str) -> Vec<u8> {
    let body = body.replace("=\r\n", "").replace("=\n", "");
    let mut parts = body.split('=');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let byte = part
            .get(..2)
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match byte {
            Some(byte) => {
                bytes.push(byte);
                bytes.extend(&part.as_bytes()[2..]);
            }
            None => bytes.extend(format!("={part}").as_bytes()),
        }
    }
    bytes
}

/// The first run of digits that is as long as a code and stands by itself.
fn code_in(text: &str) -> Option<String> {
    text.split_whitespace()
        .map(|word| word.trim_matches(|sign: char| !sign.is_alphanumeric()))
        .find(|word| CODE.contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_digit()))
        .map(ToOwned::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &str = "From: Gigdesk <hello@gigdesk.example>\r\nTo: Ada Lind <ada@demo.example>\r\n\
        Subject: Your code\r\nContent-Transfer-Encoding: 7bit\r\n\r\nHello Ada,\r\n\r\n\
        your code is 042137. It is valid for 15 minutes.\r\n";

    #[test]
    fn a_code_is_found_in_a_plain_letter() {
        assert_eq!(code_in(&text(PLAIN)).as_deref(), Some("042137"));
    }

    #[test]
    fn a_letter_is_read_only_by_the_one_it_is_for() {
        assert!(is_to(PLAIN, "Ada@demo.example"));
        assert!(!is_to(PLAIN, "da@demo.example"));
        assert!(is_to("To: ben@demo.example\n\nHello", "ben@demo.example"));
    }

    #[test]
    fn quoted_printable_is_undone() {
        let letter = "To: a@b.example\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
            Gr=C3=BC=C3=9Fe, a =3D b, soft =\r\nbreak";
        assert_eq!(text(letter), "Grüße, a = b, soft break");
    }

    #[test]
    fn base64_is_undone() {
        let letter = "To: a@b.example\nContent-Transfer-Encoding: base64\n\nWW91ciBjb2RlIGlz\nIDEyMzQ1Ng==\n";
        assert_eq!(code_in(&text(letter)).as_deref(), Some("123456"));
    }

    #[test]
    fn the_plain_part_is_preferred() {
        let letter = "To: a@b.example\r\nContent-Type: multipart/alternative;\r\n boundary=\"xyz\"\r\n\r\n\
            --xyz\r\nContent-Type: text/html\r\n\r\n<p>000000</p>\r\n\
            --xyz\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nCode: 654321\r\n--xyz--\r\n";
        assert_eq!(code_in(&text(letter)).as_deref(), Some("654321"));
    }

    #[test]
    fn years_amounts_and_links_are_no_codes() {
        let text = "In 2026 you paid 12345 for order AB123456: https://x.example/123456789.";
        assert_eq!(code_in(text), None);
    }

    #[tokio::test]
    async fn only_new_letters_to_the_address_count() {
        let directory = tempfile::tempdir().unwrap();
        let outbox = Outbox::new(directory.path().to_owned());
        let write = |name: &str, to: &str, code: &str| {
            let letter = format!("To: {to}\n\nYour code is {code}.\n");
            std::fs::write(directory.path().join(name), letter).unwrap();
        };
        write("old.eml", "ada@demo.example", "111111");
        let mut seen = outbox.letters().await.unwrap();
        write("other.eml", "ben@demo.example", "222222");
        write("note.txt", "ada@demo.example", "333333");
        write("new.eml", "ada@demo.example", "444444");
        let code = outbox.code("ada@demo.example", &mut seen).await.unwrap();
        assert_eq!(code, "444444");
    }
}
