//! The daemon, and the static list of protocols that it runs and relayctl reads.
//!
//! `relayctl` is the daemon too when it is called `relayd`: packages install one file for both.

mod args;
mod daemon;

pub use args::Args;
pub use daemon::main;
use relay_core::protocol::Protocol;

/// Idle connections are many and small, and are left behind by handshakes, which are large: it
/// gives back what those took. How soon is set where it is built, in `.cargo/config.toml`. Here,
/// so that the daemon has it under every name.
#[cfg(feature = "jemalloc")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Every protocol this binary was built with. Adding one is one line here.
pub fn protocols() -> Vec<Box<dyn Protocol>> {
    vec![
        #[cfg(feature = "sogs")]
        Box::new(relay_sogs::Sogs),
        #[cfg(feature = "smp")]
        Box::new(relay_smp::Smp),
    ]
}
