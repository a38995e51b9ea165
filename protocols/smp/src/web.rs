//! The pages for people with browsers: about this server, and for the links that apps make.
//!
//! Promises: the server's password is on no page; what a link is good for stands behind its `#` and
//! never reaches us, whether the visitor's browser runs scripts or not; nothing is loaded from
//! elsewhere.
//!
//! | Path | |
//! |---|---|
//! | `/`, `/smp` | about the server, with its address as a QR code |
//! | `/contact`, `/a` … | a link: see [`link::Kind`] |
//! | `/.well-known/…` | by which phones know that the app may open such links |
//! | `/media/…`, `/robots.txt` | |

mod export;
mod facts;
mod information;
mod link;
mod well_known;

#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use arc_swap::{ArcSwap, ArcSwapOption};
use axum::Router;
use axum::extract::{Path as InPath, Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::get;
use relay_core::web::Site;
use relay_pages::{BuiltIn, Frame, Problem, Robots, Theme, ThemeError, robots_txt, secure};

use self::information::DrawnAddress;
use crate::admin::Desk;
use crate::config::{Settings, SmpConfig};

const BUILT_IN: BuiltIn = BuiltIn {
    prefix: "/media",
    files: &[
        ("favicon.svg", include_bytes!("../static/favicon.svg")),
        ("link.js", include_bytes!("../static/link.js")),
        ("qr.js", include_bytes!("../static/qr.js")),
    ],
};

/// The last line of every page.
const FOOT: &str = r#"<p>Messages are written and read with <a href="https://simplex.chat" rel="noopener noreferrer">SimpleX Chat</a>, a private messenger.</p>"#;

/// What all pages stand on. Every clone is the same.
#[derive(Clone, Debug)]
pub(crate) struct Web {
    settings: Settings,
    desk: Desk,
    theme: Arc<ArcSwap<Theme>>,
    drawn: Arc<ArcSwapOption<DrawnAddress>>,
}

/// The built-in theme, with the files of a folder in place of its own.
pub(crate) fn load_theme(config: &SmpConfig) -> Result<Theme, ThemeError> {
    Theme::load(&BUILT_IN, config.web.theme_dir.as_deref().map(Path::new))
}

impl Web {
    pub(crate) fn new(settings: Settings, desk: Desk, theme: Theme) -> Self {
        Self {
            settings,
            desk,
            theme: Arc::new(ArcSwap::from_pointee(theme)),
            drawn: Arc::default(),
        }
    }

    /// Shows pages in another theme from now on.
    pub(crate) fn set_theme(&self, theme: Theme) {
        self.theme.store(Arc::new(theme));
    }

    /// For the names of this server, and for whoever comes by another: an IP address, an old name.
    pub(crate) fn sites(&self) -> Vec<Site> {
        let named = site_hosts(&self.settings.now());
        let rest = Site::new("smp", Vec::new(), self.router());
        if named.is_empty() {
            return vec![rest];
        }
        vec![Site::new("smp", named, self.router()), rest]
    }

    /// Everything that is answered to browsers, `404` included.
    pub(crate) fn router(&self) -> Router {
        let pages = Router::new()
            .route("/", get(information::page))
            .route("/smp", get(information::page))
            .route("/media/{file}", get(asset))
            .route("/robots.txt", get(robots))
            .merge(link::routes())
            .merge(well_known::routes());
        pages
            .fallback(not_found)
            .layer(from_fn_with_state(self.clone(), keep_to_itself))
            .with_state(self.clone())
    }

    fn robots(&self) -> Robots {
        Robots::hidden(self.settings.now().web.hide_from_search_engines)
    }

    fn frame(&self, config: &SmpConfig, path: &str) -> Frame {
        let onion = onion_host(config).map(|host| format!("http://{host}{path}"));
        Frame::new(&self.theme.load(), &config.web.title, self.robots())
            .foot(FOOT)
            .onion(onion)
    }

    fn scripts(&self, names: &[&str]) -> Vec<String> {
        let theme = self.theme.load();
        names.iter().map(|name| theme.url(name)).collect()
    }

    fn nothing(&self) -> Response {
        let problem = Problem {
            heading: "Nothing here",
            text: "There is no page at this address.",
        };
        let frame = self.frame(&self.settings.now(), "/");
        problem.answer(frame, StatusCode::NOT_FOUND)
    }
}

/// Names, as browsers ask for them. Who comes by an IP address names no site.
fn site_hosts(config: &SmpConfig) -> Vec<String> {
    let names = config.hosts.iter();
    names
        .filter(|host| host.parse::<std::net::IpAddr>().is_err())
        .map(|host| host.to_ascii_lowercase())
        .collect()
}

fn onion_host(config: &SmpConfig) -> Option<&String> {
    let mut hosts = config.hosts.iter();
    hosts.find(|host| host.to_ascii_lowercase().ends_with(".onion"))
}

/// An operator who wants no pages has none, whatever is asked for.
async fn keep_to_itself(State(web): State<Web>, request: Request, next: Next) -> Response {
    let asset = request.uri().path().starts_with("/media/");
    let mut response = if web.settings.now().web.enabled || asset {
        next.run(request).await
    } else {
        web.nothing()
    };
    secure(&mut response, web.robots());
    response
}

async fn asset(State(web): State<Web>, InPath(name): InPath<String>) -> Response {
    let asset = web.theme.load().asset(&name);
    asset.unwrap_or_else(|| web.nothing())
}

async fn robots(State(web): State<Web>) -> Response {
    robots_txt(web.robots())
}

async fn not_found(State(web): State<Web>) -> Response {
    web.nothing()
}
