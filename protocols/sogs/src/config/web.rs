//! `[sogs.web]`: the pages for people with browsers.

use std::path::PathBuf;

use relay_core::config::Span;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `[sogs.web]`.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebConfig {
    /// Whether there are pages at all. Apps do not need them.
    pub enabled: bool,

    /// Whether the front page lists the rooms that are open to everybody.
    pub index: bool,

    /// Whether the page of a room shows its recent messages. They are readable for everybody who
    /// asks the API in any case, if the room is.
    pub recent_messages: bool,

    /// How often the page of a room looks for new messages.
    pub refresh: Span,

    /// Whether messages of people without a name show the beginning of their id.
    pub show_ids: bool,

    /// Whether search engines are asked to stay away.
    pub hide_from_search_engines: bool,

    /// What the pages call this server.
    pub title: String,

    /// A folder with files that replace built-in ones: `style.css`, `copy.js`, `room.js`,
    /// `favicon.svg`, and any other file a theme needs; and `header.html` and `footer.html`, which
    /// are put into every page. Read once, at start and on a reload. Nothing is fetched from
    /// elsewhere by the pages, and browsers are told to refuse it.
    #[schemars(extend("x-example" = "/etc/relayd/sogs-theme"))]
    pub theme_dir: Option<PathBuf>,
}

impl Default for WebConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            index: true,
            recent_messages: true,
            refresh: Span::secs(5),
            show_ids: false,
            hide_from_search_engines: true,
            title: "Session communities".to_owned(),
            theme_dir: None,
        }
    }
}
