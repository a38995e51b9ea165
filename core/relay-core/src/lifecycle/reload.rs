//! Taking over a changed configuration while serving.

use std::sync::Arc;
use std::time::Duration;

use relay_config::{Change, Loaded, Sources, diff};

use super::blueprint::Blueprint;
use crate::core::{Core, Reloaded};
use crate::net::{Gate, ServerTls};
use crate::protocol::Protocol;
use crate::systemd;

/// What can be changed in a running daemon, and where the configuration comes from.
pub(super) struct Reloader {
    pub(super) core: Arc<Core>,
    pub(super) sources: Sources,
    pub(super) protocols: Vec<Box<dyn Protocol>>,
    pub(super) clients: Gate,
    /// Apart from the operators', who must get in when the metrics port is flooded.
    pub(super) monitoring: Gate,
    pub(super) operators: Gate,
    pub(super) metrics_tls: Option<Arc<ServerTls>>,
    pub(super) drain_timeout: Duration,
}

impl Reloader {
    /// Reads the configuration again. All of it must be right, or none of it is taken over.
    pub(super) fn reload(&mut self) -> Result<Reloaded, String> {
        systemd::reloading();
        let outcome = self.try_reload();
        systemd::ready();
        match &outcome {
            Ok(reloaded) => log(reloaded),
            Err(reason) => tracing::error!("reload refused, going on as before: {reason}"),
        }
        outcome
    }

    fn try_reload(&mut self) -> Result<Reloaded, String> {
        let new = Blueprint::draw(&self.sources, &self.protocols)
            .map_err(|failure| failure.to_string())?;
        self.reload_tls()?;
        let certificate = self.core.web.reload_certificate();
        certificate.map_err(|error| format!("web: {error}"))?;
        for (name, relay) in self.core.relays() {
            relay
                .reload(&new.loaded)
                .map_err(|error| format!("{name}: {error}"))?;
        }
        self.core.web.replace(self.core.sites(), &new.web);
        self.core
            .log
            .set(&new.log.level)
            .map_err(|error| error.to_string())?;
        self.clients.set_limits(new.limits.for_clients());
        self.monitoring.set_limits(new.limits.for_operators());
        self.operators.set_limits(new.limits.for_operators());
        self.drain_timeout = new.settings.drain_timeout.get();
        let reloaded = self.changes(&new.loaded);
        self.core.reloaded.store(Arc::new(new.loaded));
        Ok(reloaded)
    }

    fn reload_tls(&self) -> Result<(), String> {
        self.metrics_tls.as_ref().map_or(Ok(()), |tls| {
            tls.reload().map_err(|error| error.to_string())
        })
    }

    /// Applied: what differs from the last load. Needing a restart: what differs from the start.
    fn changes(&self, new: &Loaded) -> Reloaded {
        let reloadable = |change: &Change| change.reloadable;
        let applied = diff(&self.core.reloaded.load(), new, &self.core.sections)
            .into_iter()
            .filter(reloadable)
            .collect();
        let since_start = diff(&self.core.loaded, new, &self.core.sections);
        let need_restart = since_start
            .into_iter()
            .filter(|change| !change.reloadable)
            .collect();
        Reloaded {
            applied,
            need_restart,
        }
    }
}

fn log(reloaded: &Reloaded) {
    let keys = |changes: &[Change]| {
        changes
            .iter()
            .map(|change| change.key.clone())
            .collect::<Vec<_>>()
            .join(", ")
    };
    tracing::info!(
        "configuration reloaded; changed: {}",
        or_nothing(keys(&reloaded.applied))
    );
    if !reloaded.need_restart.is_empty() {
        tracing::warn!(
            "these changes need a restart: {}",
            keys(&reloaded.need_restart)
        );
    }
}

fn or_nothing(keys: String) -> String {
    if keys.is_empty() {
        "nothing".to_owned()
    } else {
        keys
    }
}
