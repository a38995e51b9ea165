//! Where the bytes of a file are: what its row says.

use std::fmt;
use std::path::{Component, Path, PathBuf};
use std::str::FromStr;

/// A path relative to the folder of uploads, such as `3f/3f2a…`. It never leads out of there.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct FilePath(String);

/// The text is no such path.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not a path of a file below the folder of uploads")]
pub struct NotAFilePath;

impl FilePath {
    /// Of new bytes: folders stay small when names spread over 256 of them.
    pub(super) fn of(name: &str) -> Self {
        let shard = name.get(..2).unwrap_or("00");
        Self(format!("{shard}/{name}"))
    }

    /// As its row has it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn below(&self, folder: &Path) -> PathBuf {
        folder.join(&self.0)
    }
}

impl FromStr for FilePath {
    type Err = NotAFilePath;

    fn from_str(text: &str) -> Result<Self, NotAFilePath> {
        let path = Path::new(text);
        let parts = path.components().count();
        let plain = |part: Component<'_>| matches!(part, Component::Normal(_));
        let incoming = path.starts_with(super::INCOMING);
        let fits = parts >= 2 && path.components().all(plain) && !incoming && !text.contains('\0');
        fits.then(|| Self(text.to_owned())).ok_or(NotAFilePath)
    }
}

impl fmt::Display for FilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn paths_do_not_lead_elsewhere() {
        for bad in [
            "",
            "a",
            "/etc/passwd",
            "../x/y",
            "a/../../b",
            "incoming/x",
            "a/b\0",
            "./a",
        ] {
            assert_eq!(bad.parse::<FilePath>(), Err(NotAFilePath), "{bad}");
        }
        assert!("lounge/7_photo.jpg".parse::<FilePath>().is_ok());
        assert_eq!(FilePath::of("3f2a"), "3f/3f2a".parse().expect("a path"));
    }

    proptest! {
        #[test]
        fn whatever_is_a_path_stays_below(text: String) {
            if let Ok(path) = text.parse::<FilePath>() {
                prop_assert!(path.below(Path::new("/files")).starts_with("/files"));
                prop_assert!(!path.as_str().split('/').any(|part| part == ".."));
            }
        }
    }
}
