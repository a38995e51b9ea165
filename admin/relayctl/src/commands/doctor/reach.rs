//! The relays as clients reach them: by their public names, over the network, to the end.
//!
//! What is tried goes to our own addresses only, and leaves nothing behind: SOGS is asked in an
//! onion request what it can do; on the SMP relay a queue is made, secured and deleted, as apps do
//! when they test a server. Without a running daemon there is nothing to reach.

mod dial;
mod smp;
mod sogs;
mod tor;

use std::time::Duration;

use relay_admin::client::Client;

use super::ground::Ground;
use super::report::Section;
use crate::cli::Global;

/// For each step: a name to be found, a connection, an answer.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) async fn check(ground: &Ground, global: &Global, found: &mut Section<'_>) {
    if ground.daemon.is_err() {
        return;
    }
    let Ok(daemon) = global.daemon() else { return };
    let daemon: Client = daemon.within(Some(PATIENCE));
    if runs(ground, "sogs") {
        sogs::check(&daemon, found).await;
    }
    if runs(ground, "smp") {
        smp::check(&daemon, found).await;
    }
}

fn runs(ground: &Ground, relay: &str) -> bool {
    let status = ground.daemon.as_ref();
    status.is_ok_and(|status| status.parts.iter().any(|part| part.name == relay))
}
