//! The keys of the platform, each derived from one secret.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretSlice};
use sha2::Sha256;

use crate::settings::{SECRET_BYTES, Settings};

/// What is derived from the one secret. A key is good for its one use only.
#[derive(Clone, Debug)]
pub struct Secrets {
    root: SecretSlice<u8>,
    invitations: Option<SecretSlice<u8>>,
}

impl Secrets {
    /// The secret that was set; else the one kept in the data directory, made when missing.
    pub fn load(settings: &Settings) -> Result<Self, String> {
        let bytes = |secret: &secrecy::SecretString| {
            SecretSlice::from(secret.expose_secret().as_bytes().to_vec())
        };
        let root = match &settings.secret {
            Some(secret) => bytes(secret),
            None => kept(&settings.data_dir().join("secret"))?,
        };
        Ok(Self {
            root,
            invitations: settings.invitation_secret.as_ref().map(bytes),
        })
    }

    /// Signs access tokens and page cookies.
    pub fn tokens(&self) -> [u8; 32] {
        self.derive("tokens")
    }

    /// Signs invitations: the company's own key, where it set one.
    pub fn invitations(&self) -> Vec<u8> {
        match &self.invitations {
            Some(secret) => secret.expose_secret().to_vec(),
            None => self.derive("invitations").to_vec(),
        }
    }

    /// Signs the links with which customers reach their conversation.
    pub fn conversations(&self) -> [u8; 32] {
        self.derive("conversations")
    }

    /// Encrypts bank details at rest.
    pub fn vault(&self) -> [u8; 32] {
        self.derive("vault")
    }

    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    fn derive(&self, label: &str) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.root.expose_secret())
            .expect("a key of any length will do");
        mac.update(b"gigdesk/");
        mac.update(label.as_bytes());
        mac.finalize().into_bytes().into()
    }
}

/// The secret in this file, which only its owner can read.
fn kept(path: &Path) -> Result<SecretSlice<u8>, String> {
    let attempt = |error: io::Error| format!("the secret at {}: {error}", path.display());
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory).map_err(attempt)?;
    }
    make(path).map_err(attempt)?;
    let secret = fs::read(path).map_err(attempt)?;
    if secret.len() < SECRET_BYTES {
        return Err(format!(
            "the secret at {} is too short; remove it",
            path.display()
        ));
    }
    Ok(SecretSlice::from(secret))
}

/// Makes the file unless it is there. It appears whole or not at all, and the first one wins.
fn make(path: &Path) -> io::Result<()> {
    if path.exists() {
        return Ok(());
    }
    let draft = path.with_extension(format!("draft-{}", std::process::id()));
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&draft)?;
    file.write_all(&kernel::random::bytes::<SECRET_BYTES>())?;
    file.sync_all()?;
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn secrets(root: &[u8]) -> Secrets {
        Secrets {
            root: SecretSlice::from(root.to_vec()),
            invitations: None,
        }
    }

    #[test]
    fn each_use_has_a_key_of_its_own() {
        let one = secrets(b"an example of thirty-two bytes..");
        let keys = [one.tokens(), one.conversations(), one.vault()];
        assert_ne!(keys[0], keys[1]);
        assert_ne!(keys[1], keys[2]);
        assert_ne!(one.invitations(), one.tokens());
        assert_ne!(
            one.tokens(),
            secrets(b"another example of 32 bytes long").tokens()
        );
    }

    #[test]
    fn a_made_secret_is_kept_and_private() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("deeper").join("secret");
        let first = kept(&path).unwrap();
        let second = kept(&path).unwrap();
        assert_eq!(first.expose_secret(), second.expose_secret());
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn a_truncated_secret_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secret");
        fs::write(&path, "short").unwrap();
        assert!(kept(&path).unwrap_err().contains("too short"));
    }
}
