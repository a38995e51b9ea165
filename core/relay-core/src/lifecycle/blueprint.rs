//! The first two steps of a start: understand the whole configuration, and find conflicts
//! between its parts. Nothing is opened, bound or written yet.

use std::path::PathBuf;
use std::sync::Arc;

use relay_config::{ConfigError, Loaded, SectionSpec, Sources};
use relay_storage::{Migrations, StorageOptions};

use crate::audit;
use crate::failure::Failure;
use crate::net::{AcceptOptions, BindOptions, ConnectionLimits, ListenAddr, ServerTls, TlsError};
use crate::protocol::{Plan, Port, Protocol};
use crate::settings::{AdminSettings, LimitSettings, LogSettings, MetricsSettings, Settings};
use crate::telemetry::logs;
use crate::web::{self, settings::WebSettings};

/// Everything the configuration says, understood.
pub struct Blueprint {
    /// Top-level keys.
    pub settings: Settings,
    /// `[log]`.
    pub log: LogSettings,
    /// `[admin]`.
    pub admin: AdminSettings,
    /// `[metrics]`.
    pub metrics: MetricsSettings,
    /// `[limits]`.
    pub limits: LimitSettings,
    /// `[web]`.
    pub web: WebSettings,
    /// `[storage]`, its path below the data dir.
    pub storage: StorageOptions,
    /// The protocols switched on, by name.
    pub plans: Vec<(&'static str, Box<dyn Plan>)>,
    /// As loaded, to find out later what a reload changes.
    pub loaded: Loaded,
}

impl std::fmt::Debug for Blueprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let plans: Vec<_> = self.plans.iter().map(|(name, _)| name).collect();
        f.debug_struct("Blueprint")
            .field("settings", &self.settings)
            .field("plans", &plans)
            .finish_non_exhaustive()
    }
}

/// Every section there is: core's own, the store's, the protocols'.
pub fn sections(protocols: &[Box<dyn Protocol>]) -> Vec<SectionSpec> {
    let mut sections = vec![
        SectionSpec::of::<Settings>(),
        SectionSpec::of::<LogSettings>(),
        SectionSpec::of::<StorageOptions>(),
        SectionSpec::of::<AdminSettings>(),
        SectionSpec::of::<MetricsSettings>(),
        SectionSpec::of::<LimitSettings>(),
        SectionSpec::of::<WebSettings>(),
    ];
    sections.extend(protocols.iter().map(|protocol| protocol.section()));
    sections
}

/// Everybody's tables, those of protocols that are switched off included.
pub fn owners(protocols: &[Box<dyn Protocol>]) -> Vec<Migrations> {
    let mut owners = vec![relay_storage::MIGRATIONS, audit::MIGRATIONS];
    owners.extend(protocols.iter().map(|protocol| protocol.migrations()));
    owners
}

/// What belongs to a backup, below the data dir.
pub fn files(protocols: &[Box<dyn Protocol>]) -> Vec<PathBuf> {
    let theirs = protocols.iter().flat_map(|protocol| protocol.files());
    theirs.chain(web::files()).collect()
}

impl Blueprint {
    /// Reads and understands the configuration, and checks that its parts agree.
    pub fn draw(sources: &Sources, protocols: &[Box<dyn Protocol>]) -> Result<Self, Failure> {
        let loaded = relay_config::load(sources, &sections(protocols))?;
        let blueprint = Self::of(loaded, protocols)?;
        blueprint.check_ports()?;
        Ok(blueprint)
    }

    fn of(loaded: Loaded, protocols: &[Box<dyn Protocol>]) -> Result<Self, ConfigError> {
        let settings: Settings = loaded.section()?;
        let mut storage: StorageOptions = loaded.section()?;
        storage.url = storage.url.below(&settings.data_dir);
        let log: LogSettings = loaded.section()?;
        logs::check(&log.level).map_err(|error| loaded.error_at("log.level", error))?;
        let metrics: MetricsSettings = loaded.section()?;
        check_tls_pair(&loaded, &metrics)?;
        let web: WebSettings = loaded.section()?;
        web.check(&loaded)?;
        let mut plans = Vec::new();
        for protocol in protocols {
            plans.extend(protocol.plan(&loaded)?.map(|plan| (protocol.name(), plan)));
        }
        Ok(Self {
            settings,
            log,
            admin: loaded.section()?,
            metrics,
            limits: loaded.section()?,
            web,
            storage,
            plans,
            loaded,
        })
    }

    /// Every address that will be bound: the daemon's own, then the clients'.
    pub fn ports(&self) -> Vec<Port> {
        let mut ports = vec![self.admin_port(), self.metrics_port(None)];
        ports.extend(self.client_ports());
        ports
    }

    /// Where clients connect: to the protocols, and to what these serve together. An address that
    /// a protocol shares with `web.tls_listen` is one port, the latter.
    pub(crate) fn client_ports(&self) -> Vec<Port> {
        let [plain, mut tls] = web::ports(&self.web);
        let mut ports = Vec::new();
        for (_, plan) in &self.plans {
            for mut port in plan.ports() {
                if plan.unnamed_tls_port() == Some(port.name) {
                    web::share(&mut port, &mut tls);
                }
                ports.push(port);
            }
        }
        ports.extend([plain, tls]);
        ports
    }

    /// The admin socket.
    pub(crate) fn admin_port(&self) -> Port {
        let socket = ListenAddr::Unix(self.admin.socket_in(&self.settings.data_dir));
        let bind = BindOptions {
            mode: self.admin.mode.0,
            owner: self.admin.owner.clone(),
            group: self.admin.group.clone(),
            ..BindOptions::new("admin.socket")
        };
        let accept = AcceptOptions::default();
        Port {
            name: "admin",
            key: "admin.socket".into(),
            listen: vec![socket].into(),
            accept,
            bind,
        }
    }

    /// The listeners for monitoring.
    pub(crate) fn metrics_port(&self, tls: Option<Arc<ServerTls>>) -> Port {
        let accept = AcceptOptions {
            tls,
            ..AcceptOptions::behind(&self.metrics.proxy_protocol_from)
        };
        Port {
            name: "metrics",
            key: "metrics.listen".into(),
            listen: self.metrics.listen.clone(),
            accept,
            bind: BindOptions::new("metrics.listen"),
        }
    }

    /// Loads the certificate of the metrics listeners, if they have one.
    pub(crate) fn metrics_tls(&self) -> Result<Option<Arc<ServerTls>>, TlsError> {
        let (Some(certificate), Some(key)) = (&self.metrics.tls_certificate, &self.metrics.tls_key)
        else {
            return Ok(None);
        };
        ServerTls::load(certificate, key, &[b"http/1.1"])
            .map(Arc::new)
            .map(Some)
    }

    fn check_ports(&self) -> Result<(), ConfigError> {
        let ports = self.ports();
        let wanted: Vec<(&Port, &ListenAddr)> = ports
            .iter()
            .flat_map(|port| port.listen.iter().map(move |addr| (port, addr)))
            .collect();
        for (at, (port, addr)) in wanted.iter().enumerate() {
            if let Some((other, taken)) =
                wanted[..at].iter().find(|(_, taken)| taken.overlaps(addr))
            {
                let key = &other.key;
                let mut reason = format!(
                    "{addr} is wanted by {key} ({taken}) too; give one of them another address"
                );
                if self.may_share(port, other) {
                    reason += ", or both the same to share it";
                }
                return Err(self.loaded.error_at(&port.key, reason));
            }
        }
        Ok(())
    }

    /// Whether these are the shared port for TLS and one that may be it.
    fn may_share(&self, a: &Port, b: &Port) -> bool {
        let unnamed = self
            .plans
            .iter()
            .filter_map(|(_, plan)| plan.unnamed_tls_port());
        let names = [a.name, b.name];
        names.contains(&web::TLS) && unnamed.into_iter().any(|name| names.contains(&name))
    }
}

fn check_tls_pair(loaded: &Loaded, metrics: &MetricsSettings) -> Result<(), ConfigError> {
    match (&metrics.tls_certificate, &metrics.tls_key) {
        (Some(_), None) => {
            Err(loaded.error_at("metrics.tls_certificate", "needs metrics.tls_key beside it"))
        }
        (None, Some(_)) => {
            Err(loaded.error_at("metrics.tls_key", "needs metrics.tls_certificate beside it"))
        }
        _ => Ok(()),
    }
}

impl LimitSettings {
    /// The limits for clients' connections.
    pub(crate) fn for_clients(&self) -> ConnectionLimits {
        ConnectionLimits {
            max_connections: self.max_connections,
            max_connections_per_address: self.max_connections_per_address,
            handshake_timeout: self.handshake_timeout.get(),
            exempt: self
                .unlimited_from
                .iter()
                .map(|network| network.get())
                .collect(),
            exempt_unix: true,
        }
    }

    /// The limits for operators' connections, which clients cannot use up.
    pub(crate) fn for_operators(&self) -> ConnectionLimits {
        ConnectionLimits {
            max_connections: 256,
            ..self.for_clients()
        }
    }
}
