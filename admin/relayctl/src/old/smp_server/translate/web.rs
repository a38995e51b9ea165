//! `[WEB]`: pages over plain HTTP, over HTTPS, or over a port shared with the relay.

use std::path::{Path, PathBuf};

use super::reader::{Reader, Refused};
use super::{Config, Transport};

const SECTION: &str = "WEB";

/// What is served to browsers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Web {
    /// The port of HTTPS that is asked for.
    pub(crate) https: Option<u16>,
    /// Why HTTPS is not served although it is asked for.
    pub(crate) trouble: Option<String>,
    /// The folder of pages.
    pub(crate) folder: Option<PathBuf>,
}

pub(super) fn translate(
    reader: &mut Reader<'_>,
    transport: &Transport,
    config: &mut Config,
) -> Result<Web, Refused> {
    let folder = reader.text(SECTION, "static_path").map(PathBuf::from);
    let http = reader.number::<u16>(SECTION, "http")?;
    let https = reader.number::<u16>(SECTION, "https")?;
    let certificate = reader.text(SECTION, "cert");
    let key = reader.text(SECTION, "key");
    if let Some(port) = http {
        config.put("web.listen", format!("[::]:{port}"));
        // As the older program: pages are the same over both.
        config.put("web.redirect", false);
    }
    let mut web = Web {
        https,
        trouble: None,
        folder,
    };
    let (Some(port), Some(certificate), Some(key)) = (https, certificate, key) else {
        return Ok(web);
    };
    web.trouble = unreadable(certificate).or_else(|| unreadable(key));
    if web.trouble.is_none() {
        config.put("web.tls_listen", format!("[::]:{port}"));
        config.put("web.certificate", certificate);
        config.put("web.key", key);
    } else if !transport.ports.contains(&port) {
        let why = "HTTPS is not served without its certificate and key";
        reader.drop(SECTION, "https", why);
    }
    Ok(web)
}

fn unreadable(file: &str) -> Option<String> {
    let opened = std::fs::File::open(Path::new(file));
    opened.err().map(|error| format!("{file}: {error}"))
}
