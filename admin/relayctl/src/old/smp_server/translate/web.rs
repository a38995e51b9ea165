//! `[WEB]`: pages over plain HTTP, over HTTPS, or over a port shared with the relay.

use relay_core::net::ServerTls;

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
}

pub(super) fn translate(
    reader: &mut Reader<'_>,
    transport: &Transport,
    config: &mut Config,
) -> Result<Web, Refused> {
    let folder = reader.text(SECTION, "static_path");
    let http = reader.number::<u16>(SECTION, "http")?;
    let https = reader.number::<u16>(SECTION, "https")?;
    let certificate = reader.text(SECTION, "cert");
    let key = reader.text(SECTION, "key");
    let Some(folder) = folder else {
        if http.or(https).is_some() {
            reader.drop(SECTION, "static_path", "without it there are no pages");
        }
        return Ok(Web::default());
    };
    config.put("smp.web.static_dir", folder);
    if let Some(port) = http {
        config.put("web.listen", format!("[::]:{port}"));
        // As the older program: pages are the same over both.
        config.put("web.redirect", false);
    }
    let mut web = Web {
        https,
        trouble: None,
    };
    let (Some(port), Some(certificate), Some(key)) = (https, certificate, key) else {
        return Ok(web);
    };
    let loaded = ServerTls::load(certificate, key, &[]);
    web.trouble = loaded.err().map(|error| error.to_string());
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
