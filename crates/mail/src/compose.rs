//! From a letter to a message as RFC 5322 has it.

use lettre::{
    Address, Message,
    message::{
        Mailbox, MultiPart,
        header::{HeaderName, HeaderValue},
    },
};

use crate::{Error, Letter};

const ID_BYTES: usize = 100;

/// Refuses what could end a header's line and begin another.
pub(crate) fn check_line(what: &'static str, text: &str) -> Result<(), Error> {
    let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    if text.contains(breaks) {
        Err(Error::NotOneLine(what))
    } else {
        Ok(())
    }
}

/// The id becomes part of a header and the name of a file.
fn check_id(id: &str) -> Result<(), Error> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
    if (1..=ID_BYTES).contains(&id.len()) && id.bytes().all(plain) {
        Ok(())
    } else {
        Err(Error::Id)
    }
}

/// Puts the message together. The same id gives the same Message-ID.
pub(crate) fn compose(from: &Mailbox, letter: &Letter, id: &str) -> Result<Message, Error> {
    check_id(id)?;
    check_line("the address", &letter.to)?;
    check_line("the subject", &letter.subject)?;
    let to: Address = letter.to.parse()?;
    // Tells programs that answer letters, such as absence notes, not to answer this one (RFC 3834).
    let automatic = HeaderValue::new(
        HeaderName::new_from_ascii_str("Auto-Submitted"),
        "auto-generated".to_owned(),
    );
    Ok(Message::builder()
        .from(from.clone())
        .to(to.into())
        .subject(letter.subject.clone())
        .message_id(Some(format!("<{id}@{}>", from.email.domain())))
        .raw_header(automatic)
        .multipart(MultiPart::alternative_plain_html(
            letter.text.clone(),
            letter.html.clone(),
        ))?)
}
