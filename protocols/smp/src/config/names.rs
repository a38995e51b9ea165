//! `[smp.names]`: names of people and groups, resolved by another service.

use std::path::PathBuf;

use relay_core::config::{ByteSize, Secret, Span};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check::{Problem, zero};
use crate::names::{Authorization, Endpoint, Limits, Names, Resolver, Trust};

/// Names of people and groups, which apps of v7 ask this server for. It asks an HTTP service in
/// turn, such as snrc-resolve; without one, no name is resolved.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct NamesConfig {
    /// Address of the service that resolves names, `http://` or `https://`. It is asked for
    /// `/resolve/NAME`, and for `/health` at start.
    #[schemars(extend("x-example" = "http://127.0.0.1:8000"))]
    pub resolver: Option<String>,

    /// What shows the service that it may answer: `bearer TOKEN` or `basic USER:PASSWORD`. Sent
    /// over `https://` only, or to this machine.
    #[schemars(extend("x-example" = "bearer 0123456789abcdef"))]
    pub authorization: Option<Secret>,

    /// Authorities (PEM) whose certificates a service with `https://` may have, instead of those
    /// that browsers know.
    #[schemars(extend("x-example" = "/etc/relayd/names-ca.pem"))]
    pub ca_file: Option<PathBuf>,

    /// How long an answer may take.
    pub timeout: Span,

    /// How large an answer may be; 16000 bytes fit into a block.
    pub max_response: ByteSize,

    /// Names of one client on their way at the same time. Those that another server passes on
    /// count together.
    pub concurrency: u32,
}

impl Default for NamesConfig {
    fn default() -> Self {
        Self {
            resolver: None,
            authorization: None,
            ca_file: None,
            timeout: Span::millis(3000),
            max_response: ByteSize::bytes(16_000),
            concurrency: 1000,
        }
    }
}

impl NamesConfig {
    /// What cannot work.
    pub(super) fn problem(&self) -> Option<Problem> {
        let of = |key, reason: &str| Some((key, reason.to_owned()));
        if !(1000..=16_000).contains(&self.max_response.get()) {
            return of("names.max_response", "must be from 1000 to 16000 bytes");
        }
        if self.timeout < Span::millis(100) || self.timeout > Span::secs(60) {
            return of("names.timeout", "must be from 100ms to 60s");
        }
        if let Some(problem) = zero([("names.concurrency", u64::from(self.concurrency))]) {
            return Some(problem);
        }
        let endpoint = match self.endpoint()? {
            Ok(endpoint) => endpoint,
            Err(reason) => return of("names.resolver", reason),
        };
        match self.authorization()? {
            Err(reason) => of("names.authorization", reason),
            Ok(_) if !endpoint.keeps_secrets() => of(
                "names.resolver",
                "must be https:// where smp.names.authorization is set: everybody on the way could read it",
            ),
            Ok(_) => None,
        }
    }

    /// Who resolves names; the error is one line for the operator.
    pub(crate) fn open(&self) -> Result<Names, String> {
        let wrong = |reason: &str| format!("smp.names: {reason}");
        let Some(endpoint) = self.endpoint() else {
            return Ok(Names::default());
        };
        let endpoint = endpoint.map_err(wrong)?;
        let authorization = self.authorization().transpose().map_err(wrong)?;
        let size = |bytes| usize::try_from(bytes).unwrap_or(usize::MAX);
        let limits = Limits {
            time: self.timeout.get(),
            size: size(self.max_response.get()),
        };
        let trust = self.ca_file.as_deref().map_or(Trust::Web, Trust::File);
        let resolver = Resolver::new(endpoint, authorization, limits, trust);
        let resolver = resolver.map_err(|reason| wrong(&reason))?;
        Ok(Names::by(resolver, size(self.concurrency.into())))
    }

    fn endpoint(&self) -> Option<Result<Endpoint, &'static str>> {
        self.resolver.as_deref().map(Endpoint::parse)
    }

    fn authorization(&self) -> Option<Result<Authorization, &'static str>> {
        let secret = self.authorization.as_ref()?;
        Some(Authorization::parse(secret.reveal()))
    }
}
