//! A request, and the two ways it travels: as HTTP, or sealed in an onion request (version 4).

use anyhow::{Context, bail};
use bytes::Bytes;
use data_encoding::HEXLOWER;
use hyper::Method;
use rand::CryptoRng;
use relay_sogs::crypto::SealKey;
use relay_sogs::crypto::client::Client;
use relay_sogs::wire::bencode;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::app::App;

/// Where onion requests go.
pub(crate) const ONION: &str = "/oxen/v4/lsrpc";

/// What is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    /// Path and query.
    pub(crate) endpoint: String,
    pub(crate) content_type: Option<&'static str>,
    pub(crate) body: Bytes,
}

/// What came back, whichever way.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Bytes,
}

#[derive(Deserialize)]
struct Metadata {
    code: u16,
}

impl Request {
    pub(crate) fn get(endpoint: impl Into<String>) -> Self {
        Self {
            method: Method::GET,
            endpoint: endpoint.into(),
            content_type: None,
            body: Bytes::new(),
        }
    }

    pub(crate) fn post_json(endpoint: impl Into<String>, body: &Value) -> Self {
        Self {
            method: Method::POST,
            endpoint: endpoint.into(),
            content_type: Some("application/json"),
            body: body.to_string().into(),
        }
    }

    pub(crate) fn post_octets(endpoint: impl Into<String>, body: Bytes) -> Self {
        Self {
            method: Method::POST,
            endpoint: endpoint.into(),
            content_type: Some("application/octet-stream"),
            body,
        }
    }

    /// All these, in one.
    pub(crate) fn batch(paths: &[String]) -> Self {
        let parts = paths
            .iter()
            .map(|path| json!({"method": "GET", "path": path}));
        Self::post_json("/batch", &parts.collect())
    }

    /// What is sealed.
    fn plaintext(&self, signed: &[(&str, String)]) -> Vec<u8> {
        let pairs = signed
            .iter()
            .map(|(name, value)| ((*name).to_owned(), json!(value)));
        let mut headers: Map<String, Value> = pairs.collect();
        if let Some(content_type) = self.content_type {
            headers.insert("Content-Type".to_owned(), json!(content_type));
        }
        let metadata = json!({
            "method": self.method.as_str(), "endpoint": self.endpoint, "headers": headers,
        });
        bencode::write_strings(&[metadata.to_string().as_bytes(), &self.body])
    }

    /// The body of an onion request, and the key its reply opens with.
    pub(crate) fn seal(
        &self,
        signed: &[(&str, String)],
        server: &[u8; 32],
        app: App,
        rng: &mut impl CryptoRng,
    ) -> anyhow::Result<(Bytes, SealKey)> {
        let mut ephemeral = [0; 32];
        rng.fill_bytes(&mut ephemeral);
        let (key, public) = Client::onion_key(&ephemeral, app.encryption(), server)
            .context("no key to seal with")?;
        let blob = key
            .seal(&self.plaintext(signed), rng)
            .context("not sealed")?;
        let mut metadata = json!({"ephemeral_key": HEXLOWER.encode(&public)});
        if let Some(name) = app.enc_type() {
            metadata["enc_type"] = json!(name);
        }
        let length = u32::try_from(blob.len())?.to_le_bytes();
        let body = [&length, blob.as_slice(), metadata.to_string().as_bytes()].concat();
        Ok((body.into(), key))
    }
}

/// Opens the reply to an onion request.
pub(crate) fn open(key: &SealKey, sealed: &[u8]) -> anyhow::Result<Answer> {
    let text = Bytes::from(key.open(sealed).context("a reply that does not open")?);
    let strings = bencode::parse_strings(&text, 2).context("a reply that is no list")?;
    let [metadata, body] = strings[..] else {
        bail!("a reply without metadata and body");
    };
    let metadata: Metadata = serde_json::from_slice(metadata)?;
    Ok(Answer {
        status: metadata.code,
        body: text.slice_ref(body),
    })
}
