//! `[PROXY]`: messages passed on to other servers. What cannot be understood here is refused: to go
//! on without a SOCKS proxy, say, would show this server's address to others.

use super::Config;
use super::accepted::takes;
use super::reader::{Reader, Refused};

const SECTION: &str = "PROXY";

pub(super) fn translate(reader: &mut Reader<'_>, config: &mut Config) -> Result<(), Refused> {
    text(reader, config, "host_mode", "must be `public` or `onion`")?;
    let socks_proxy = reader.text(SECTION, "socks_proxy");
    let usual_host = socks_proxy.and_then(|proxy| proxy.strip_prefix(':'));
    let socks_proxy = match (usual_host, socks_proxy) {
        (Some(port), _) => Some(format!("localhost:{port}")),
        (None, proxy) => proxy.map(str::to_owned),
    };
    if let Some(proxy) = socks_proxy {
        if !takes(&[("proxy.socks_proxy", &proxy)]) {
            let reason = "must be HOST:PORT or USER:PASSWORD@HOST:PORT, like localhost:9050";
            return Err(Refused::new(SECTION, "socks_proxy", reason));
        }
        config.put("smp.proxy.socks_proxy", proxy);
        text(reader, config, "socks_mode", "must be `onion` or `always`")?;
    } else if reader.text(SECTION, "socks_mode") == Some("always") {
        return Err(Refused::new(
            SECTION,
            "socks_mode",
            "`always` needs socks_proxy; add it",
        ));
    }
    if let Some(is_required) = reader.switch(SECTION, "required_host_mode")? {
        config.put("smp.proxy.required_host_mode", is_required);
    }
    if let Some(domains) = reader.text(SECTION, "own_server_domains") {
        let domains = domains
            .split([' ', ','])
            .filter(|domain| !domain.is_empty());
        let domains: Vec<String> = domains.map(str::to_owned).collect();
        config.put("smp.proxy.own_server_domains", domains);
    }
    match reader.number::<u32>(SECTION, "client_concurrency")? {
        Some(0) => Err(Refused::new(
            SECTION,
            "client_concurrency",
            "must be 1 or more",
        )),
        Some(count) => {
            config.put("smp.proxy.client_concurrency", i64::from(count));
            Ok(())
        }
        None => Ok(()),
    }
}

fn text(
    reader: &mut Reader<'_>,
    config: &mut Config,
    key: &str,
    expected: &str,
) -> Result<(), Refused> {
    let Some(value) = reader.text(SECTION, key) else {
        return Ok(());
    };
    // By itself `always` is refused for want of a proxy.
    let name = format!("proxy.{key}");
    if !takes(&[(&name, value), ("proxy.socks_proxy", "localhost:9050")]) {
        return Err(Refused::new(SECTION, key, expected));
    }
    config.put(&format!("smp.{name}"), value);
    Ok(())
}
