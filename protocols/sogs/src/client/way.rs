//! The ways in which requests come: each wraps a request, and unwraps its reply.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{As, Fresh, Reply, Request, Sealed, Sealing};
use crate::crypto::Encryption;
use crate::crypto::client::Client;
use crate::private::private_debug;
use crate::wire::{JSON, decode_base64, encode_base64};

/// How a request comes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Way {
    /// Over HTTP.
    Plain,
    /// In an onion, AES-GCM, as Desktop's and Android's.
    Aes,
    /// In an onion, XChaCha20, as iOS's.
    XChaCha,
    /// As the part of a batch in an onion, as everything of Android's.
    Batch,
}

/// Who asks whom, and when.
#[derive(Clone, Copy)]
pub struct Asking<'a> {
    /// The server's key.
    pub server: &'a [u8; 32],
    /// Who signs; nobody is anonymous.
    pub who: Option<(&'a Client, As)>,
    /// For the signature, and the key an onion is sealed with.
    pub fresh: Fresh,
}

/// A request as it is sent over HTTP.
pub struct Wrapped {
    /// Upper case.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// To be sent along.
    pub headers: Vec<(&'static str, String)>,
    /// May be empty.
    pub body: Vec<u8>,
    sealed: Option<Sealed>,
    batched: bool,
}

impl Way {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Plain, Self::Aes, Self::XChaCha, Self::Batch];

    /// Wraps a request; `None` only if the server's key is none.
    pub fn wrap(self, request: Request<'_>, asking: Asking<'_>) -> Option<Wrapped> {
        match self {
            Self::Plain => Some(Wrapped {
                method: request.method.to_owned(),
                target: request.target.to_owned(),
                headers: asking.headers(request),
                body: request.body.to_vec(),
                sealed: None,
                batched: false,
            }),
            Self::Aes => asking.onion(request, Encryption::AesGcm),
            Self::XChaCha => asking.onion(request, Encryption::XChaCha20),
            Self::Batch => {
                let body = batch(request);
                let batch = Request {
                    method: "POST",
                    target: "/batch",
                    body: body.as_bytes(),
                };
                let wrapped = asking.onion(batch, Encryption::AesGcm)?;
                Some(Wrapped {
                    batched: true,
                    ..wrapped
                })
            }
        }
    }
}

impl Asking<'_> {
    fn headers(&self, request: Request<'_>) -> Vec<(&'static str, String)> {
        let sign = |(client, signs)| {
            request
                .sign(client, signs, self.server, self.fresh)
                .to_vec()
        };
        self.who.map(sign).unwrap_or_default()
    }

    fn onion(&self, request: Request<'_>, encryption: Encryption) -> Option<Wrapped> {
        let mut ephemeral = [1; 32];
        ephemeral[..16].copy_from_slice(&self.fresh.nonce);
        let sealing = Sealing {
            encryption,
            server: *self.server,
            ephemeral,
        };
        let mut sealed = request.onion(&self.headers(request), &sealing)?;
        Some(Wrapped {
            method: "POST".to_owned(),
            target: "/oxen/v4/lsrpc".to_owned(),
            headers: Vec::new(),
            body: std::mem::take(&mut sealed.body),
            sealed: Some(sealed),
            batched: false,
        })
    }
}

impl Wrapped {
    /// Unwraps what came back over HTTP. What was refused outside is given as it is.
    pub fn unwrap(&self, outer: Reply) -> Option<Reply> {
        let Some(sealed) = self.sealed.as_ref().filter(|_| outer.status == 200) else {
            return Some(outer);
        };
        let reply = sealed.open(&outer.body)?;
        if self.batched && reply.status == 200 {
            return part(&reply);
        }
        Some(reply)
    }
}

fn batch(request: Request<'_>) -> String {
    let mut part = json!({"method": request.method, "path": request.target});
    if ["POST", "PUT"].contains(&request.method) {
        match serde_json::from_slice::<Value>(request.body) {
            Ok(body) => part["json"] = body,
            Err(_) => part["b64"] = encode_base64(request.body).into(),
        }
    }
    json!([part]).to_string()
}

fn part(batch: &Reply) -> Option<Reply> {
    let parts: Value = serde_json::from_slice(&batch.body).ok()?;
    let part = &parts[0];
    let headers: BTreeMap<String, String> = serde_json::from_value(part["headers"].clone()).ok()?;
    let is_json = headers.get("content-type").is_some_and(|it| it == JSON);
    let body = match part["body"].as_str() {
        Some(text) if !is_json => decode_base64(text)?,
        _ => part["body"].to_string().into_bytes(),
    };
    Some(Reply {
        status: u16::try_from(part["code"].as_u64()?).ok()?,
        headers,
        body,
    })
}

private_debug!(Asking<'_>, Wrapped);
