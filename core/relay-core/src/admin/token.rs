//! The token: what whoever asks the admin API over TCP has to know.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use data_encoding::BASE64URL_NOPAD;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::data_dir::{SecretError, write_secret};
use crate::entropy::Entropy;

/// Its file in the data dir, unless another is configured.
pub const FILE: &str = "admin.token";

/// A shorter one could be guessed.
const SHORTEST: usize = 32;
/// So much is read of a file that may be anything.
const LONGEST: u64 = 1024;

/// A secret text, compared in constant time and shown nowhere.
pub struct AdminToken(Zeroizing<String>);

impl AdminToken {
    /// Reads it, or makes it when there is no file yet: with mode 0600, on the disk before this
    /// returns.
    pub fn load_or_create(path: &Path, entropy: &Entropy) -> Result<Self, SecretError> {
        match read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => create(path, entropy),
            Err(error) => Err(wrong(path, format!("cannot be read: {error}"))),
            Ok(text) => Self::parse(&text).ok_or_else(|| {
                let reason = format!(
                    "must hold one line of {SHORTEST} or more letters and digits; remove it to get a new token"
                );
                wrong(path, reason)
            }),
        }
    }

    /// Reads the one a client is to show.
    pub fn load(path: &Path) -> Result<Self, SecretError> {
        let text = read(path).map_err(|error| wrong(path, format!("cannot be read: {error}")))?;
        Self::parse(&text).ok_or_else(|| {
            wrong(
                path,
                "holds no token; copy the daemon's admin.token_file here".to_owned(),
            )
        })
    }

    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let is_fine = text.len() >= SHORTEST && text.bytes().all(|byte| byte.is_ascii_graphic());
        is_fine.then(|| Self(Zeroizing::new(text.to_owned())))
    }

    /// Whether this is it.
    pub fn is(&self, shown: &str) -> bool {
        self.0.as_bytes().ct_eq(shown.as_bytes()).into()
    }

    /// The token itself, to be shown to a server.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for AdminToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AdminToken")
    }
}

fn create(path: &Path, entropy: &Entropy) -> Result<AdminToken, SecretError> {
    let secret = Zeroizing::new(entropy.bytes::<32>());
    let text = Zeroizing::new(BASE64URL_NOPAD.encode(&secret[..]));
    let line = Zeroizing::new(format!("{}\n", &*text));
    write_secret(path, line.as_bytes())
        .map_err(|error| wrong(path, format!("cannot be made: {error}")))?;
    Ok(AdminToken(text))
}

fn read(path: &Path) -> io::Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::new());
    if fs::metadata(path)?.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    File::open(path)?.take(LONGEST).read_to_string(&mut text)?;
    Ok(text)
}

fn wrong(path: &Path, reason: String) -> SecretError {
    SecretError {
        path: PathBuf::from(path),
        reason,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn it_is_made_once_kept_private_and_compared_whole() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join(FILE);
        let made = AdminToken::load_or_create(&path, &Entropy::seeded(1)).expect("made");
        let again = AdminToken::load_or_create(&path, &Entropy::seeded(2)).expect("read");
        assert!(again.is(made.reveal()));
        assert!(!again.is(&made.reveal()[1..]) && !again.is(""));
        let permissions = path.metadata().expect("there").permissions();
        assert_eq!(permissions.mode() & 0o777, 0o600);
        assert_eq!(format!("{made:?}"), "AdminToken");
    }

    #[test]
    fn what_could_be_guessed_is_refused_and_kept() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join(FILE);
        for text in [
            "",
            "short",
            "a line of more than thirty-two\nletters and another",
        ] {
            fs::write(&path, text).expect("written");
            let refused = AdminToken::load_or_create(&path, &Entropy::seeded(1));
            let line = refused.expect_err("refused").to_string();
            assert!(line.contains("remove it to get a new token"), "{line}");
            assert_eq!(fs::read_to_string(&path).expect("there"), text);
        }
    }
}
