//! `[smp.control]`: the control port of smp-server.

use relay_core::config::{OneOrMany, Secret};
use relay_core::net::ListenAddr;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check::Problem;

/// The control port of smp-server, for scripts that use it: commands in lines of text, `auth
/// PASSWORD` first. `relayctl smp` does the same and more.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ControlConfig {
    /// Addresses to listen on, `IP:PORT` or `unix:/path`; smp-server has it on 127.0.0.1:5224. Off
    /// when empty.
    #[schemars(extend("x-example" = ["127.0.0.1:5224"]))]
    pub listen: OneOrMany<ListenAddr>,

    /// Who knows this may do everything that can be done there.
    #[schemars(extend("x-reload" = true))]
    pub admin_password: Option<Secret>,

    /// Who knows this may look at statistics and at queues, and block queues.
    #[schemars(extend("x-reload" = true))]
    pub user_password: Option<Secret>,

    /// Whether other machines may reach it. Nothing is encrypted there, passwords included.
    pub allow_remote: bool,
}

impl ControlConfig {
    pub(super) fn problem(&self) -> Option<Problem> {
        let remote = |address: &&ListenAddr| match address {
            ListenAddr::Tcp(tcp) => !tcp.ip().is_loopback(),
            ListenAddr::Unix(_) => false,
        };
        if self.listen.is_empty() {
            return None;
        }
        if let Some(address) = self.listen.iter().find(remote)
            && !self.allow_remote
        {
            let reason = format!(
                "other machines could reach {address}, where passwords are sent in clear; use 127.0.0.1, or set smp.control.allow_remote"
            );
            return Some(("control.listen", reason));
        }
        let secrets = [&self.admin_password, &self.user_password];
        if secrets.iter().all(|secret| secret.is_none()) {
            let reason = "nobody could do anything there; set smp.control.admin_password";
            return Some(("control.listen", reason.to_owned()));
        }
        self.password_problem()
    }

    /// The first word after `auth` is the password.
    fn password_problem(&self) -> Option<Problem> {
        let reason = "must be one or more printable ASCII characters other than space";
        let typable = |secret: &Secret| {
            let text = secret.reveal();
            !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
        };
        [
            ("control.admin_password", &self.admin_password),
            ("control.user_password", &self.user_password),
        ]
        .into_iter()
        .find(|(_, secret)| secret.as_ref().is_some_and(|secret| !typable(secret)))
        .map(|(key, _)| (key, reason.to_owned()))
    }
}
