//! SOGS: an onion request through the base URL, as the last node of a path sends it.

use std::collections::BTreeMap;

use data_encoding::HEXLOWER;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use relay_admin::client::{Client, Connection};
use relay_core::clock::{Clock as _, SystemClock};
use relay_core::entropy::Entropy;
use relay_core::net::ClientTls;
use relay_sogs::admin::paths;
use relay_sogs::admin::types::Links;
use relay_sogs::client::{Asking, Fresh, Reply, Request, Way, Wrapped};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::super::certificates;
use super::super::report::Section;
use super::{PATIENCE, dial};

/// More than any answer to what is asked here.
const LARGEST: usize = 1 << 20;

const ADVICE: &str =
    "have whatever answers at sogs.base_url pass requests on to sogs.listen, path and all";

pub(super) async fn check(daemon: &Client, found: &mut Section<'_>) {
    let Ok(links) = daemon.get::<Links>(paths::LINKS).await else {
        return found.warning("sogs does not say its links", "look into the log of relayd");
    };
    if let Some(warning) = &links.warning {
        let (what, advice) = warning
            .rsplit_once("; ")
            .unwrap_or((warning, "set sogs.base_url"));
        found.warning(what, advice);
    }
    let Some((tls, host, port)) = parts(&links.base_url) else {
        return;
    };
    let Some(tcp) = dial::dial(host, port, "sogs.base_url", found).await else {
        return;
    };
    let Some(stream) = secured(tls, host, tcp, found).await else {
        return;
    };
    let asked = timeout(PATIENCE, ask(stream, host, &links.public_key)).await;
    match asked.unwrap_or_else(|_| Err("no answer in time".to_owned())) {
        Ok(()) => found.ok(format!(
            "sogs works at {}: an onion request was answered",
            links.base_url
        )),
        Err(reason) => found.problem(
            format!(
                "sogs does not answer onion requests at {}: {reason}",
                links.base_url
            ),
            ADVICE,
        ),
    }
}

/// Whether it is HTTPS, the host and the port.
fn parts(url: &str) -> Option<(bool, &str, u16)> {
    let (scheme, authority) = url.split_once("://")?;
    let tls = scheme == "https";
    let usual = if tls { 443 } else { 80 };
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => Some((tls, host, port.parse().ok()?)),
        _ => Some((tls, authority, usual)),
    }
}

/// Shakes hands if it is HTTPS, and looks at the certificate.
async fn secured(
    tls: bool,
    host: &str,
    tcp: TcpStream,
    found: &mut Section<'_>,
) -> Option<Box<dyn Connection>> {
    if !tls {
        return Some(Box::new(tcp));
    }
    let believing = ClientTls::of_the_web().ok()?;
    let shaken = timeout(PATIENCE, believing.connect(host, tcp)).await;
    let reason = match shaken {
        Ok(Ok(secured)) => {
            certificates::judge(host, &secured.certificate, found);
            return Some(Box::new(secured.stream));
        }
        Ok(Err(error)) => error.to_string(),
        Err(_) => "no answer in time".to_owned(),
    };
    found.problem(
        format!("{host} has no HTTPS that browsers and apps believe: {reason}"),
        format!("get a certificate for {host} from an authority they know, or use http:// in sogs.base_url: what apps send is encrypted already"),
    );
    None
}

async fn ask(stream: Box<dyn Connection>, host: &str, public_key: &str) -> Result<(), String> {
    let server: [u8; 32] = HEXLOWER
        .decode(public_key.as_bytes())
        .ok()
        .and_then(|key| key.try_into().ok())
        .ok_or("its public key is none")?;
    let wrapped = onion(&server).ok_or("its public key is none")?;
    let outer = exchange(stream, host, &wrapped).await?;
    let status = outer.status;
    let reply = wrapped.unwrap(outer);
    match reply {
        Some(reply) if status == 200 && reply.json()["capabilities"].is_array() => Ok(()),
        Some(reply) if status == 200 => Err(format!("answered with status {}", reply.status)),
        None => Err("the answer is not sealed with this server's key".to_owned()),
        Some(_) => Err(format!("answered with status {status}")),
    }
}

/// What can you do? Asked by nobody.
fn onion(server: &[u8; 32]) -> Option<Wrapped> {
    let request = Request {
        method: "GET",
        target: "/capabilities",
        body: b"",
    };
    let fresh = Fresh {
        nonce: Entropy::system().ok()?.bytes(),
        timestamp: SystemClock.now().secs(),
    };
    let asking = Asking {
        server,
        who: None,
        fresh,
    };
    Way::Aes.wrap(request, asking)
}

async fn exchange(
    stream: Box<dyn Connection>,
    host: &str,
    wrapped: &Wrapped,
) -> Result<Reply, String> {
    let text = |error: hyper::Error| error.to_string();
    let request = hyper::Request::builder()
        .method(wrapped.method.as_str())
        .uri(&wrapped.target)
        .header("host", host)
        .body(Full::new(Bytes::from(wrapped.body.clone())))
        .map_err(|error| error.to_string())?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(text)?;
    let exchange = async {
        let response = sender.send_request(request).await.map_err(text)?;
        let status = response.status().as_u16();
        let body = Limited::new(response.into_body(), LARGEST).collect().await;
        let body = body.map_err(|error| error.to_string())?;
        Ok(Reply {
            status,
            headers: BTreeMap::new(),
            body: body.to_bytes().to_vec(),
        })
    };
    tokio::pin!(connection);
    tokio::pin!(exchange);
    tokio::select! {
        done = &mut exchange => done,
        _ = &mut connection => exchange.await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_urls_have_parts() {
        for (url, expected) in [
            ("https://a.example", (true, "a.example", 443)),
            ("http://a.example:8080", (false, "a.example", 8080)),
            ("http://[::1]", (false, "[::1]", 80)),
            ("http://[::1]:7", (false, "[::1]", 7)),
        ] {
            assert_eq!(parts(url), Some(expected));
        }
    }
}
