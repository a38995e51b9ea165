//! `[smp.web]`: the pages for people with browsers.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Pages for people with browsers: about this server, and for the links that apps make, which name
/// it. `[web]` says where they are served.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebConfig {
    /// Whether there are pages at all. Apps do not need them.
    #[schemars(extend("x-reload" = true))]
    pub enabled: bool,

    /// Whether search engines are asked to stay away.
    #[schemars(extend("x-reload" = true))]
    pub hide_from_search_engines: bool,

    /// What the pages call this server.
    #[schemars(extend("x-reload" = true))]
    pub title: String,

    /// A folder with files that replace built-in ones: `style.css`, `favicon.svg`, `link.js`,
    /// `qr.js`, `copy.js`, and any other file a theme needs; and `header.html` and `footer.html`,
    /// which are put into every page. Read once, at start and on a reload. Nothing is fetched from
    /// elsewhere by the pages, and browsers are told to refuse it.
    #[schemars(extend("x-example" = "/etc/relayd/smp-theme", "x-reload" = true))]
    pub theme_dir: Option<PathBuf>,

    /// A folder into which the pages are written too, at start and on a reload, for a web server of
    /// your own: it serves them at the top of its site. Other files there are left alone.
    #[schemars(extend("x-example" = "/var/www/smp", "x-reload" = true))]
    pub static_dir: Option<PathBuf>,
}

impl Default for WebConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            hide_from_search_engines: true,
            title: "SimpleX relay".to_owned(),
            theme_dir: None,
            static_dir: None,
        }
    }
}
