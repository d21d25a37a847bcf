//! What can go wrong with a letter.

/// Why a letter cannot be written or sent.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The settings name no transport that could be used.
    #[error("the mail settings are not right: {0}")]
    Settings(String),
    /// A part of the letter would not stay within its place.
    #[error("{0} must be one line without control characters")]
    NotOneLine(&'static str),
    /// The id has characters that have a meaning in file names or headers, or is too long.
    #[error("a letter's id must be 1 to 100 letters, digits, '_' and '-'")]
    Id,
    /// No letter can be sent to this address.
    #[error("this is not an address that a letter can be sent to: {0}")]
    Address(#[from] lettre::address::AddressError),
    /// The letter cannot be put together.
    #[error("the letter cannot be put together: {0}")]
    Compose(#[from] lettre::error::Error),
    /// A template failed.
    #[error("the letter cannot be written: {0}")]
    Template(#[from] askama::Error),
    /// The mail server did not take the letter.
    #[error("the mail server did not take the letter: {0}")]
    Smtp(#[from] lettre::transport::smtp::Error),
    /// The letter cannot be stored as a file.
    #[error("the letter cannot be stored: {0}")]
    File(#[from] std::io::Error),
}

/// Replies about us rather than the letter: authentication required, too weak or failed
/// (RFC 4954). Whoever runs the platform can put that right.
const AUTHENTICATION_REPLIES: [u16; 4] = [530, 534, 535, 538];

impl Error {
    /// Whether trying again cannot help, because the letter itself is at fault.
    pub fn is_permanent(&self) -> bool {
        match self {
            Self::NotOneLine(_)
            | Self::Id
            | Self::Address(_)
            | Self::Compose(_)
            | Self::Template(_) => true,
            Self::Smtp(error) => error
                .status()
                .map(u16::from)
                .is_some_and(|code| code >= 500 && !AUTHENTICATION_REPLIES.contains(&code)),
            Self::Settings(_) | Self::File(_) => false,
        }
    }
}
