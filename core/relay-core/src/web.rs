//! One port for everything: pages and endpoints of all relays over HTTP and HTTPS, and apps that
//! speak another protocol over TLS on the same port.
//!
//! - A relay gives its [`Site`]s: a router, and the hosts it is for. Which site answers is decided
//!   by the host of a request, and where several sites have the same host, by the path.
//! - On `web.tls_listen` a connection that names a host (SNI) is HTTPS. One that names none goes
//!   to the relay that has [`unnamed_tls`](crate::protocol::Relay::unnamed_tls), whatever it
//!   offers by ALPN; without such a relay it is HTTPS too.
//! - The certificate comes from files, which are read again when they change, or from an authority
//!   that speaks ACME. There always is one, if need be one that signs itself.
//!
//! See [`settings`] for what an operator can configure.

mod acme;
mod certificate;
mod door;
mod files;
mod host;
mod metrics;
pub mod settings;
mod shared;
mod site;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use relay_config::OneOrMany;

use self::acme::Acme;
use self::certificate::Certificates;
use self::door::{Door, Policy};
use self::files::Files;
use self::metrics::WebMetrics;
use self::settings::WebSettings;
use self::shared::SharedPort;
use crate::clock::SharedClock;
use crate::failure::Failure;
use crate::net::{AcceptOptions, BindOptions, Http, ListenAddr, Service, TlsError};
use crate::protocol::Port;
use crate::telemetry::metrics::Metrics;
use crate::worker::{Job, Worker};

pub use self::certificate::{CertificateFacts, Source};
pub use self::site::{Claim, Site};

/// The name of the listeners for plain HTTP.
pub(crate) const PLAIN: &str = "web";
/// The name of the shared listeners for TLS.
pub(crate) const TLS: &str = "web-tls";
/// The worker that has and renews certificates.
pub(crate) const ACME_WORKER: &str = "web.acme";

/// How often it is looked whether certificate files have changed.
const LOOK: Duration = Duration::from_secs(5);
/// How often it is looked whether a certificate is to be renewed.
const TEND: Duration = Duration::from_mins(1);

/// What of it belongs to a backup, below the data dir.
pub(crate) fn files() -> Vec<PathBuf> {
    vec![PathBuf::from(acme::FOLDER)]
}

/// Where it listens: in clear, and over TLS.
pub(crate) fn ports(settings: &WebSettings) -> [Port; 2] {
    let port = |name, key: &str, listen: &OneOrMany<ListenAddr>| Port {
        name,
        key: key.to_owned(),
        listen: listen.clone(),
        accept: AcceptOptions::behind(&settings.proxy_protocol_from),
        bind: BindOptions::new(key),
    };
    [
        port(PLAIN, "web.listen", &settings.listen),
        port(TLS, "web.tls_listen", &settings.tls_listen),
    ]
}

/// Leaves the addresses that both listen on to `tls`, with the proxies that either believes.
pub(crate) fn share(port: &mut Port, tls: &mut Port) {
    let shared = |address: &&ListenAddr| tls.listen.contains(address);
    if !port.listen.iter().any(|address| shared(&address)) {
        return;
    }
    let own = port.listen.iter().filter(|address| !shared(address));
    port.listen = own.cloned().collect();
    let proxies = port.accept.proxy_protocol_from.iter().copied();
    tls.accept.proxy_protocol_from.extend(proxies);
}

/// Everything the relays serve together.
#[derive(Debug)]
pub struct Web {
    door: Arc<Door>,
    /// There if anything is served over TLS.
    tls: Option<Tls>,
    metrics: WebMetrics,
}

#[derive(Debug)]
struct Tls {
    certificates: Arc<Certificates>,
    files: Option<Arc<Files>>,
    acme: Option<Arc<Acme>>,
}

impl Web {
    /// Finds out whether what the settings name can be used, before anything else is done.
    pub(crate) fn check(settings: &WebSettings) -> Result<(), Failure> {
        if settings.tls_listen.is_empty() {
            return Ok(());
        }
        let files = settings.files().map(Files::new);
        let files = files.map_or(Ok(()), |files| files.check());
        files.map_err(|error| Failure::Usage(format!("web: {error}")))?;
        Acme::check(&settings.acme)
    }

    /// Has a certificate ready. It must not touch the network.
    pub(crate) fn start(
        settings: &WebSettings,
        data_dir: &Path,
        clock: &SharedClock,
        metrics: &Metrics,
    ) -> Result<Self, Failure> {
        let metrics = WebMetrics::new(metrics);
        let tls = if settings.tls_listen.is_empty() {
            None
        } else {
            Some(Tls::start(settings, data_dir, clock, &metrics)?)
        };
        let door = Door::new(
            Policy::of(settings),
            tls.as_ref().map(|tls| Arc::clone(&tls.certificates)),
            tls.as_ref()
                .and_then(|tls| tls.acme.as_ref().map(|acme| acme.tokens())),
        );
        Ok(Self {
            door: Arc::new(door),
            tls,
            metrics,
        })
    }

    /// Who serves the listeners of this name.
    pub(crate) fn service(
        &self,
        port: &str,
        unnamed: Option<Arc<dyn Service>>,
    ) -> Option<Arc<dyn Service>> {
        match (port, &self.tls) {
            (PLAIN, _) => Some(Arc::new(Http::new(self.door.router(false)))),
            (TLS, Some(tls)) => Some(Arc::new(SharedPort {
                certificates: Arc::clone(&tls.certificates),
                https: Http::new(self.door.router(true)),
                unnamed,
                metrics: self.metrics.clone(),
            })),
            _ => None,
        }
    }

    pub(crate) fn workers(&self) -> Vec<Worker> {
        let Some(tls) = &self.tls else {
            return Vec::new();
        };
        let files = tls.files.clone().map(|files| {
            let certificates = Arc::clone(&tls.certificates);
            let look = move || {
                let (files, certificates) = (Arc::clone(&files), Arc::clone(&certificates));
                async move { files.look(&certificates) }.boxed()
            };
            Worker {
                name: "web.certificate",
                every: LOOK,
                job: Arc::new(look) as Arc<dyn Job>,
            }
        });
        let acme = tls.acme.clone().map(|acme| {
            let tend = move || {
                let acme = Arc::clone(&acme);
                async move { acme.tend(TEND).await }.boxed()
            };
            Worker {
                name: ACME_WORKER,
                every: TEND,
                job: Arc::new(tend) as Arc<dyn Job>,
            }
        });
        files.into_iter().chain(acme).collect()
    }

    /// Whether [`ACME_WORKER`] has work to do now.
    pub(crate) fn wants_certificate(&self) -> bool {
        let acme = self.tls.as_ref().and_then(|tls| tls.acme.as_ref());
        acme.is_some_and(|acme| acme.is_due())
    }

    /// Reads certificate files again; keeps what it has on error.
    pub(crate) fn reload_certificate(&self) -> Result<(), TlsError> {
        let Some(Tls {
            certificates,
            files: Some(files),
            ..
        }) = &self.tls
        else {
            return Ok(());
        };
        files.reload(certificates)
    }

    /// Serves these sites from now on, by these settings.
    pub(crate) fn replace(&self, sites: Vec<Site>, settings: &WebSettings) {
        self.door.replace(sites, Policy::of(settings));
    }

    /// The certificate that browsers are shown, if anything is served over TLS.
    pub fn certificate(&self) -> Option<CertificateFacts> {
        self.tls.as_ref().map(|tls| tls.certificates.facts())
    }
}

impl Tls {
    fn start(
        settings: &WebSettings,
        data_dir: &Path,
        clock: &SharedClock,
        metrics: &WebMetrics,
    ) -> Result<Self, Failure> {
        let failed = |error: TlsError| Failure::Usage(format!("web: {error}"));
        let certificates = Certificates::new(&settings.acme.hosts, metrics.clone());
        let certificates = Arc::new(certificates.map_err(failed)?);
        let files = settings.files().map(Files::new);
        if let Some(files) = &files {
            files.first(&certificates).map_err(failed)?;
        }
        let acme = settings.acme.enabled.then(|| {
            Acme::start(
                settings,
                data_dir,
                Arc::clone(&certificates),
                Arc::clone(clock),
            )
        });
        Ok(Self {
            certificates,
            files: files.map(Arc::new),
            acme: acme.transpose()?.map(Arc::new),
        })
    }
}
