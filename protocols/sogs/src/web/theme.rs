//! What pages look like: the built-in files, and those of an operator's folder in their place.
//!
//! Read whole at start and on a reload, so that no request touches the folder and no name in a
//! request becomes a path.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path as InPath, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::problem::Problem;
use super::{Source, Web};

const MAX_FILES: usize = 64;
const MAX_FILE: u64 = 2 << 20;

/// Addresses of files change with them.
const FOR_LONG: &str = "public, max-age=604800, immutable";

const BUILT_IN: [(&str, &[u8]); 3] = [
    ("style.css", include_bytes!("../../static/style.css")),
    ("room.js", include_bytes!("../../static/room.js")),
    ("favicon.svg", include_bytes!("../../static/favicon.svg")),
];

/// The looks of all pages.
#[derive(Clone, Debug)]
pub struct Theme {
    /// Put into the head of every page.
    pub(super) header: String,
    /// Put into the foot of every page.
    pub(super) footer: String,
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

impl Default for Theme {
    fn default() -> Self {
        let files = BUILT_IN.iter().filter_map(|(name, content)| {
            let asset = Asset::new(name, Bytes::from_static(content))?;
            Some(((*name).to_owned(), asset))
        });
        Self {
            header: String::new(),
            footer: String::new(),
            files: files.collect(),
        }
    }
}

impl Theme {
    /// The built-in one, with the files of a folder in place of its own.
    pub fn load(folder: Option<&Path>) -> Result<Self, ThemeError> {
        let mut theme = Self::default();
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
    pub(super) fn url(&self, name: &str) -> String {
        let version = self.files.get(name).map_or("", |asset| &asset.version);
        format!("/static/{name}?v={version}")
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

pub(super) async fn asset<S: Source>(
    State(web): State<Arc<Web<S>>>,
    InPath(name): InPath<String>,
) -> Response {
    match web.theme().files.get(&name) {
        None => web.problem(Problem::NotFound),
        Some(asset) => {
            let headers = [
                (CONTENT_TYPE, asset.content_type),
                (CACHE_CONTROL, FOR_LONG),
            ];
            (headers, asset.content.clone()).into_response()
        }
    }
}
