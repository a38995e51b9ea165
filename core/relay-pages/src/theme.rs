//! What pages look like: the built-in files, and those of an operator's folder in their place.
//!
//! Read whole at start and on a reload, so that no request touches the folder and no name in a
//! request becomes a path.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

use axum::body::Bytes;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

const MAX_FILES: usize = 64;
const MAX_FILE: u64 = 2 << 20;

/// Addresses of files change with them.
const FOR_LONG: &str = "public, max-age=604800, immutable";

/// The files that all relays' pages share.
const SHARED: [(&str, &[u8]); 2] = [
    ("style.css", include_bytes!("../static/style.css")),
    ("copy.js", include_bytes!("../static/copy.js")),
];

/// What a relay brings itself.
#[derive(Clone, Copy, Debug)]
pub struct BuiltIn {
    /// The path below which its files are, its own: such as `/static`.
    pub prefix: &'static str,
    /// Its files; `favicon.svg` is one.
    pub files: &'static [(&'static str, &'static [u8])],
}

/// The looks of all pages of a relay.
#[derive(Clone, Debug)]
pub struct Theme {
    prefix: &'static str,
    /// Put into the head of every page.
    pub(crate) header: String,
    /// Put into the foot of every page.
    pub(crate) footer: String,
    files: HashMap<String, Asset>,
}

#[derive(Clone, Debug)]
struct Asset {
    content: Bytes,
    content_type: &'static str,
    version: String,
}

/// Why a folder is no theme.
#[derive(Debug, thiserror::Error)]
pub enum ThemeError {
    /// The operating system says no.
    #[error("cannot read {0}: {1}")]
    Read(PathBuf, #[source] io::Error),
    /// More than is reasonable.
    #[error("{0} has more than 64 files, or one of more than 2 MiB; a theme needs less")]
    TooMuch(PathBuf),
    /// A file that browsers would not know what to do with.
    #[error(
        "{0} is nothing for a web page; known are css, js, svg, png, jpg, webp, gif, ico, woff2, txt, and header.html and footer.html"
    )]
    UnknownKind(PathBuf),
    /// Markup that is not text.
    #[error("{0} is not UTF-8")]
    NotText(PathBuf),
}

impl Theme {
    /// The built-in one, with the files of a folder in place of its own.
    pub fn load(built_in: &BuiltIn, folder: Option<&Path>) -> Result<Self, ThemeError> {
        let mut theme = Self::built_in(built_in);
        let Some(folder) = folder else {
            return Ok(theme);
        };
        let failed = |error| ThemeError::Read(folder.to_owned(), error);
        let entries: Result<Vec<_>, _> = std::fs::read_dir(folder).map_err(failed)?.collect();
        let entries = entries.map_err(failed)?;
        if entries.len() > MAX_FILES {
            return Err(ThemeError::TooMuch(folder.to_owned()));
        }
        for entry in entries {
            theme.take(&entry.path())?;
        }
        Ok(theme)
    }

    fn built_in(built_in: &BuiltIn) -> Self {
        let files = SHARED.iter().chain(built_in.files);
        let files = files.filter_map(|(name, content)| {
            let asset = Asset::new(name, Bytes::from_static(content))?;
            Some(((*name).to_owned(), asset))
        });
        Self {
            prefix: built_in.prefix,
            header: String::new(),
            footer: String::new(),
            files: files.collect(),
        }
    }

    fn take(&mut self, path: &Path) -> Result<(), ThemeError> {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let failed = |error| ThemeError::Read(path.to_owned(), error);
        let metadata = path.metadata().map_err(failed)?;
        // What editors leave beside a file, and folders, are no part of a theme.
        if name.starts_with('.') || name.ends_with('~') || metadata.is_dir() {
            return Ok(());
        }
        if metadata.len() > MAX_FILE {
            return Err(ThemeError::TooMuch(path.to_owned()));
        }
        let content = std::fs::read(path).map_err(failed)?;
        let text =
            |content| String::from_utf8(content).map_err(|_| ThemeError::NotText(path.to_owned()));
        match name.as_str() {
            "header.html" => self.header = text(content)?,
            "footer.html" => self.footer = text(content)?,
            _ => {
                let asset = Asset::new(&name, content.into());
                let asset = asset.ok_or_else(|| ThemeError::UnknownKind(path.to_owned()))?;
                self.files.insert(name, asset);
            }
        }
        Ok(())
    }

    /// The address of a file, as it is now.
    pub fn url(&self, name: &str) -> String {
        let version = self.files.get(name).map_or("", |asset| &asset.version);
        format!("{}/{name}?v={version}", self.prefix)
    }

    /// The names of all files.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// A file, if there is one of this name.
    pub fn asset(&self, name: &str) -> Option<Response> {
        let asset = self.files.get(name)?;
        let headers = [
            (CONTENT_TYPE, asset.content_type),
            (CACHE_CONTROL, FOR_LONG),
        ];
        Some((headers, asset.content.clone()).into_response())
    }
}

impl Asset {
    fn new(name: &str, content: Bytes) -> Option<Self> {
        let (_, extension) = name.rsplit_once('.')?;
        let content_type = match extension {
            "css" => "text/css; charset=utf-8",
            "js" => "text/javascript; charset=utf-8",
            "svg" => "image/svg+xml",
            "png" => "image/png",
            "jpg" | "jpeg" => "image/jpeg",
            "webp" => "image/webp",
            "gif" => "image/gif",
            "ico" => "image/x-icon",
            "woff2" => "font/woff2",
            "txt" => "text/plain; charset=utf-8",
            _ => return None,
        };
        let hash = Sha256::digest(&content);
        Some(Self {
            version: HEXLOWER.encode(hash.get(..4)?),
            content,
            content_type,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_shared_comes_from_elsewhere() {
        for (name, content) in SHARED {
            let text = String::from_utf8_lossy(content);
            for loads in ["url(", "@import", "http:", "https:"] {
                assert!(!text.contains(loads), "{name} has {loads}");
            }
        }
    }

    #[test]
    fn a_folder_replaces_files_and_refuses_what_is_no_theme() {
        let built_in = BuiltIn {
            prefix: "/media",
            files: &[("favicon.svg", b"<svg/>")],
        };
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, content: &[u8]| {
            std::fs::write(folder.path().join(name), content).unwrap();
        };
        write("favicon.svg", b"<svg></svg>");
        write("footer.html", b"<p>Imprint</p>");
        write(".favicon.svg.swp", b"left behind");
        let before = Theme::load(&built_in, None).unwrap();
        let theme = Theme::load(&built_in, Some(folder.path())).unwrap();
        assert_ne!(before.url("favicon.svg"), theme.url("favicon.svg"));
        assert_eq!(before.url("style.css"), theme.url("style.css"));
        assert_eq!(theme.footer, "<p>Imprint</p>");
        assert!(theme.asset(".favicon.svg.swp").is_none());
        for (name, content, reason) in [
            ("page.php", &b"<?php"[..], "page.php"),
            ("header.html", &b"\xff"[..], "UTF-8"),
        ] {
            write(name, content);
            let refused = Theme::load(&built_in, Some(folder.path())).unwrap_err();
            assert!(refused.to_string().contains(reason), "{refused}");
            std::fs::remove_file(folder.path().join(name)).unwrap();
        }
    }
}
