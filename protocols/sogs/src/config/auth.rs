//! `[sogs.auth]`: who callers are, and that requests are not repeated.

use relay_core::config::Span;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::identity::Naming;
use crate::wire::auth::KeyPolicy;

/// `[sogs.auth]`.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct AuthConfig {
    /// Whether users appear only under an id that is theirs on this server alone. Switched off,
    /// apps use their real Session ids, and the old API of 2021 is open to its clients. Read at
    /// start only.
    pub require_blinded_ids: bool,

    /// Whether requests signed under ids of the second blinding (`25…`) are taken. No app sends
    /// such requests today. While on, what is set by a real Session id (`05…`) holds for both of
    /// its blinded ids; a role, permission or ban set by a blinded id holds for that id alone.
    /// Switched on later, it reaches those who have not come blinded yet; name the others by
    /// their real id again. Read at start only.
    pub accept_blinded_v2: bool,

    /// How far the clock of a client may be off.
    #[schemars(extend("x-reload" = true))]
    pub clock_tolerance: Span,

    /// How long a request that changes something cannot be repeated. Not less than twice
    /// `clock_tolerance`, else a request could be repeated while its time is still good.
    #[schemars(extend("x-reload" = true))]
    pub nonce_expiry: Span,

    /// How long a request that only reads cannot be repeated. Remembered in memory only, since
    /// repeating it changes nothing.
    #[schemars(extend("x-reload" = true))]
    pub read_nonce_expiry: Span,

    /// Most of those remembered, about 40 bytes each; the oldest are forgotten first.
    #[schemars(extend("x-reload" = true))]
    pub read_nonces: usize,
}

impl Default for AuthConfig {
    fn default() -> Self {
        Self {
            require_blinded_ids: true,
            accept_blinded_v2: false,
            clock_tolerance: Span::secs(24 * 60 * 60),
            nonce_expiry: Span::secs(48 * 60 * 60),
            read_nonce_expiry: Span::secs(5 * 60),
            read_nonces: 65_536,
        }
    }
}

impl AuthConfig {
    /// By which ids people are known.
    pub const fn naming(&self) -> Naming {
        match (self.require_blinded_ids, self.accept_blinded_v2) {
            (false, _) => Naming::Unblinded,
            (true, false) => Naming::Blinded15,
            (true, true) => Naming::BlindedEither,
        }
    }

    /// Whose signatures are taken.
    pub const fn key_policy(&self) -> KeyPolicy {
        KeyPolicy {
            require_blinded: self.require_blinded_ids,
            accept_25: self.accept_blinded_v2,
        }
    }
}
