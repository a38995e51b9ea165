//! The pages as files, for a web server of the operator's own, the same as we serve them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use axum::body::{Body, Bytes, to_bytes};
use axum::http::{Request, StatusCode};
use tower::ServiceExt;

use super::{BUILT_IN, Web, link, well_known};

/// No page is larger.
const LARGEST: usize = 4 << 20;

impl Web {
    /// Writes every page into this folder. Files that are as they should be are not touched, and
    /// others than ours are left alone.
    pub(crate) async fn export(&self, folder: &Path) -> io::Result<()> {
        let mut files = Vec::new();
        for (path, file) in self.exported() {
            if let Some(content) = self.content(&path).await {
                files.push((folder.join(file), content));
            }
        }
        let written = tokio::task::spawn_blocking(move || {
            let mut each = files.iter();
            each.try_for_each(|(file, content)| write(file, content))
        });
        written.await.map_err(io::Error::other)?
    }

    /// Paths as they are asked for, and files below the folder.
    fn exported(&self) -> Vec<(String, PathBuf)> {
        let index = |path: &str| (path.to_owned(), below(path).join("index.html"));
        let same = |path: &str| (path.to_owned(), below(path));
        let theme = self.theme.load();
        let media = theme
            .names()
            .map(|name| format!("{}/{name}", BUILT_IN.prefix));
        let media: Vec<String> = media.collect();
        let links = link::PATHS.iter().filter(|(path, _)| path.ends_with('/'));
        let mut all = vec![index("/"), same("/robots.txt")];
        all.extend(links.map(|(path, _)| index(path)));
        all.extend(well_known::PATHS.iter().map(|path| same(path)));
        all.extend(media.iter().map(|path| same(path)));
        all
    }

    async fn content(&self, path: &str) -> Option<Bytes> {
        let request = Request::get(path).body(Body::empty()).ok()?;
        let response = self.router().oneshot(request).await.ok()?;
        if response.status() != StatusCode::OK {
            return None;
        }
        to_bytes(response.into_body(), LARGEST).await.ok()
    }
}

fn below(path: &str) -> PathBuf {
    PathBuf::from(path.trim_matches('/'))
}

/// Whole or not at all: somebody may be reading it.
fn write(file: &Path, content: &[u8]) -> io::Result<()> {
    if fs::read(file).is_ok_and(|present| present == content) {
        return Ok(());
    }
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut partial = file.as_os_str().to_owned();
    partial.push(".new");
    fs::write(&partial, content)?;
    fs::rename(&partial, file)
}
