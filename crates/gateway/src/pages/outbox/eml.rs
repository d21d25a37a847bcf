//! Reads what our own letters look like on disk: as much of RFC 5322, 2045 and 2047 as they use.

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// What a person wants to see of a letter.
#[derive(Debug, Default, Eq, PartialEq)]
pub(super) struct Letter {
    pub to: String,
    pub subject: String,
    pub text: String,
}

impl Letter {
    /// Reads the head and the first part that is plain text.
    pub fn parse(message: &[u8]) -> Self {
        let message = String::from_utf8_lossy(message).replace("\r\n", "\n");
        let part = Part::split(&message);
        Self {
            to: words(&part.header("to")),
            subject: words(&part.header("subject")),
            text: part.plain_text().unwrap_or_default(),
        }
    }
}

/// A head and a body.
struct Part<'m> {
    head: String,
    body: &'m str,
}

impl<'m> Part<'m> {
    fn split(text: &'m str) -> Self {
        let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
        // A line that begins with a blank goes on with the one before.
        Self {
            head: head.replace("\n ", " ").replace("\n\t", " "),
            body,
        }
    }

    fn header(&self, name: &str) -> String {
        let value = self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        });
        value.unwrap_or_default().to_owned()
    }

    fn plain_text(&self) -> Option<String> {
        let media_type = self.header("content-type");
        let is_multipart = media_type.to_ascii_lowercase().starts_with("multipart/");
        if let Some(boundary) = media_type
            .split("boundary=")
            .nth(1)
            .filter(|_| is_multipart)
        {
            let boundary = boundary.trim_matches(|c| c == '"' || c == ';');
            let marker = format!("--{boundary}\n");
            let mut parts = self.body.split(&marker).skip(1).map(Part::split);
            return parts.find_map(|part| part.plain_text());
        }
        if !(media_type.is_empty() || media_type.to_ascii_lowercase().starts_with("text/plain")) {
            return None;
        }
        let body = self.body.split("\n--").next().unwrap_or_default();
        let bytes = match self
            .header("content-transfer-encoding")
            .to_ascii_lowercase()
            .as_str()
        {
            "base64" => STANDARD.decode(body.replace('\n', "")).unwrap_or_default(),
            "quoted-printable" => quoted_printable(&body.replace("=\n", "")),
            _ => body.as_bytes().to_vec(),
        };
        Some(
            String::from_utf8_lossy(&bytes)
                .replace("\r\n", "\n")
                .trim()
                .to_owned(),
        )
    }
}

/// A header's value with its encoded words decoded.
fn words(value: &str) -> String {
    let mut text = String::new();
    let mut rest = value;
    while let Some((before, encoded)) = rest.split_once("=?") {
        // Blanks between two encoded words are not part of the text.
        if text.is_empty() || !before.trim().is_empty() {
            text.push_str(before);
        }
        let mut parts = encoded.splitn(4, '?');
        let (Some(_), Some(way), Some(word), Some(after)) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return value.to_owned();
        };
        let bytes = if way.eq_ignore_ascii_case("b") {
            STANDARD.decode(word).unwrap_or_default()
        } else {
            quoted_printable(&word.replace('_', " "))
        };
        text.push_str(&String::from_utf8_lossy(&bytes));
        rest = after.strip_prefix('=').unwrap_or(after);
    }
    text + rest
}

fn quoted_printable(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let byte = match after {
            [high, low, ..] if *first == b'=' => hex(*high).zip(hex(*low)),
            _ => None,
        };
        if let Some((high, low)) = byte {
            bytes.push(high * 16 + low);
            rest = after.get(2..).unwrap_or_default();
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    bytes
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_of_ours_can_be_read_again() {
        let letter = mail::Letter {
            to: "ada@example.com".to_owned(),
            subject: "Ihr Code für Gigdesk – und ein langer Betreff, der umbrochen wird".to_owned(),
            text: "Hello Ada,\n\nyour code is 123456 – it’s good for 30 minutes.\n".to_owned(),
            html: "<p>Hello</p>".to_owned(),
        };
        let directory = tempfile::tempdir().unwrap();
        let settings = mail::Settings::Files {
            dir: directory.path().to_owned(),
            from: "Gigdesk <gigdesk@localhost>".to_owned(),
        };
        mail::Mailer::new(&settings)
            .unwrap()
            .send(&letter, "job_1")
            .unwrap();

        let read = Letter::parse(&std::fs::read(directory.path().join("job_1.eml")).unwrap());

        assert_eq!(read.to, letter.to);
        assert_eq!(read.subject, letter.subject);
        assert_eq!(read.text, letter.text.trim());
    }

    #[test]
    fn a_broken_letter_is_shown_as_far_as_it_goes() {
        assert_eq!(Letter::parse(b""), Letter::default());
        assert_eq!(Letter::parse(b"Subject: =?utf-8?b?").subject, "=?utf-8?b?");
        assert_eq!(Letter::parse(b"Subject: a\n\n=E2=80").text, "=E2=80");
    }
}
