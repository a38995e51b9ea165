//! The configuration as the daemon would see it, and everything that is wrong with it.

use relay_config::{Loaded, SectionSpec, Sources};
use relay_core::lifecycle::{Blueprint, sections};
use relay_core::net::ServerTls;
use relay_core::protocol::Protocol;

/// Every section this build knows.
pub(crate) fn all_sections() -> Vec<SectionSpec> {
    sections(&relayd::protocols())
}

/// A configuration, right or wrong.
pub(crate) struct Configuration {
    /// The whole of it, if a daemon would start with it.
    pub(crate) blueprint: Option<Blueprint>,
    /// One line each: where, what, and what to do.
    pub(crate) problems: Vec<String>,
}

impl Configuration {
    /// Reads it. Conflicts between values are looked for when every value is right by itself.
    pub(crate) fn read(sources: &Sources) -> Self {
        let protocols = relayd::protocols();
        let loaded = match relay_config::load(sources, &sections(&protocols)) {
            Ok(loaded) => loaded,
            Err(errors) => {
                let problems = errors.all().iter().map(ToString::to_string).collect();
                return Self {
                    blueprint: None,
                    problems,
                };
            }
        };
        match Blueprint::draw(sources, &protocols) {
            Ok(blueprint) => Self {
                problems: certificates(&blueprint),
                blueprint: Some(blueprint),
            },
            Err(failure) => Self {
                problems: conflicts(failure.to_string(), &loaded, &protocols),
                blueprint: None,
            },
        }
    }
}

/// The daemon stops at the first conflict; each relay is asked for its own as well.
fn conflicts(first: String, loaded: &Loaded, protocols: &[Box<dyn Protocol>]) -> Vec<String> {
    let mut all = vec![first];
    for error in protocols.iter().filter_map(|p| p.plan(loaded).err()) {
        let line = error.to_string();
        if !all.contains(&line) {
            all.push(line);
        }
    }
    all
}

fn certificates(blueprint: &Blueprint) -> Vec<String> {
    let metrics = &blueprint.metrics;
    let pair = metrics
        .tls_certificate
        .as_ref()
        .zip(metrics.tls_key.as_ref());
    let loaded = pair.map(|(certificate, key)| ServerTls::load(certificate, key, &[]));
    let refused = loaded.and_then(Result::err);
    refused.iter().map(ToString::to_string).collect()
}
