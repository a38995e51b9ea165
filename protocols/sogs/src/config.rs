//! The `[sogs]` section: everything an operator can set about this server.
//!
//! The doc comments are the manual: `relayctl config example` prints them. What the parser of the
//! configuration takes fits its type; [`SogsConfig::check`] finds what is wrong between keys.

mod auth;
mod base_url;
mod cache;
mod check;
mod current;
mod direct_messages;
mod files;
mod filter;
mod jobs;
mod limits;
mod messages;
mod rate;
mod rooms;
mod web;

use std::collections::BTreeMap;
use std::time::Duration;

use relay_core::config::{OneOrMany, Section, Span};
use relay_core::net::{AcceptOptions, BindOptions, ListenAddr, Network};
use relay_core::protocol::Port;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::auth::AuthConfig;
pub use self::base_url::{BaseUrl, NotABaseUrl, Reach};
pub use self::cache::CacheConfig;
pub use self::current::Current;
pub use self::direct_messages::{DirectMessageConfig, RefuseBanned};
pub use self::files::FileConfig;
pub use self::filter::{AlphabetName, FilterConfig, ReplyConfig, Unreadable};
pub use self::jobs::JobConfig;
pub use self::limits::{LimitConfig, NewUserConfig};
pub use self::messages::{ActivityConfig, MessageConfig, SignatureCheck};
pub use self::rate::{NotARate, Rate};
pub use self::rooms::RoomConfig;
pub use self::web::WebConfig;

/// The Session Open Group Server: "communities" of the Session messengers, over HTTP.
///
/// Settings of single rooms stand in tables of their own, `[sogs.rooms.TOKEN]`.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct SogsConfig {
    /// Whether this relay runs.
    pub enabled: bool,

    /// Addresses to listen on for HTTP, `IP:PORT` or `unix:/path`. Session apps reach the server
    /// through onion requests, which are encrypted up to here: HTTPS is not needed.
    pub listen: OneOrMany<ListenAddr>,

    /// The URL under which Session apps reach this server, without a path: the join links of the
    /// rooms begin with it. Guessed from `listen` when not set, and warned about at start if it
    /// cannot be reached from outside.
    #[schemars(extend("x-reload" = true, "x-example" = "https://sogs.example.org"))]
    pub base_url: Option<BaseUrl>,

    /// Networks of load balancers that send a PROXY protocol header (v1 or v2); connections
    /// from there must begin with one, from elsewhere none is read.
    pub proxy_protocol_from: Vec<Network>,

    /// How long it is kept who moderated what (`relayctl sogs log`); `0s` is for ever.
    #[schemars(extend("x-reload" = true))]
    pub moderation_log_expiry: Span,

    /// Who callers are, and that requests are not repeated.
    pub auth: AuthConfig,

    /// Messages and their reactions.
    #[schemars(extend("x-reload" = true))]
    pub messages: MessageConfig,

    /// Who counts as active in a room.
    #[schemars(extend("x-reload" = true))]
    pub activity: ActivityConfig,

    /// Uploaded files. They are kept below `sogs/files` in the data dir.
    #[schemars(extend("x-reload" = true))]
    pub files: FileConfig,

    /// Messages from user to user.
    #[schemars(extend("x-reload" = true))]
    pub direct_messages: DirectMessageConfig,

    /// How often things may be done. A rate is written `COUNT/TIME`, such as `"5/16s"`, or
    /// `"off"`; who does more hears 429 for a while. Admins of a room are not limited in it.
    #[schemars(extend("x-reload" = true))]
    pub limits: LimitConfig,

    /// What users may do when this server has not known them for long. Moderators, and users to
    /// whom a room gives a permission by name, are not held up there. Every wait is off at `0s`.
    #[schemars(extend("x-reload" = true))]
    pub new_users: NewUserConfig,

    /// Messages that are not wanted: by their script, or by their words.
    #[schemars(extend("x-reload" = true))]
    pub filter: FilterConfig,

    /// The pages for people with browsers.
    #[schemars(extend("x-reload" = true))]
    pub web: WebConfig,

    /// How often background jobs run. `relayctl worker run NAME` runs one at once.
    pub jobs: JobConfig,

    /// Memory for what is asked often. More of it changes nothing but the speed.
    pub cache: CacheConfig,

    /// Settings of single rooms, each in a table of its own: `[sogs.rooms.TOKEN]` with any of
    /// `alphabets`, `alphabet_silent`, `profanity`, `profanity_silent`, `slow_mode`, `posts`,
    /// `room_posts`, `max_file_size`, `file_expiry`, `retention`. They replace those of the server.
    #[schemars(extend("x-reload" = true))]
    pub rooms: BTreeMap<String, RoomConfig>,
}

impl Default for SogsConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            listen: OneOrMany::one(ListenAddr::Tcp(([127, 0, 0, 1], 8080).into())),
            base_url: None,
            proxy_protocol_from: Vec::new(),
            moderation_log_expiry: Span::secs(365 * 24 * 60 * 60),
            auth: AuthConfig::default(),
            messages: MessageConfig::default(),
            activity: ActivityConfig::default(),
            files: FileConfig::default(),
            direct_messages: DirectMessageConfig::default(),
            limits: LimitConfig::default(),
            new_users: NewUserConfig::default(),
            filter: FilterConfig::default(),
            web: WebConfig::default(),
            jobs: JobConfig::default(),
            cache: CacheConfig::default(),
            rooms: BTreeMap::new(),
        }
    }
}

impl Section for SogsConfig {
    const NAME: &'static str = "sogs";
}

impl SogsConfig {
    /// Where it listens.
    pub(crate) fn port(&self) -> Port {
        Port {
            name: "sogs",
            key: "sogs.listen".to_owned(),
            listen: self.listen.clone(),
            accept: AcceptOptions::behind(&self.proxy_protocol_from),
            bind: BindOptions::new("sogs.listen"),
        }
    }

    /// The URL clients reach this server under: the one configured, or guessed from the addresses
    /// that are listened on.
    pub fn public_url(&self) -> BaseUrl {
        let guess = || BaseUrl::guess(&self.listen, base_url::host_name().as_deref());
        self.base_url.clone().unwrap_or_else(guess)
    }

    /// How long it is kept who moderated what; for ever if `None`.
    pub fn moderation_log_lifetime(&self) -> Option<Duration> {
        check::unless_zero(self.moderation_log_expiry)
    }

    /// What is set for a room alone; the token's case does not matter.
    pub fn room(&self, token: &str) -> Option<&RoomConfig> {
        let same = |name: &String| name.eq_ignore_ascii_case(token);
        self.rooms
            .iter()
            .find_map(|(name, room)| same(name).then_some(room))
    }
}
