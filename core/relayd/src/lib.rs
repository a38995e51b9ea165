//! The static list of protocols, which the daemon runs and relayctl reads.

mod args;

pub use args::Args;
use relay_core::protocol::Protocol;

/// Every protocol this binary was built with. Adding one is one line here.
pub fn protocols() -> Vec<Box<dyn Protocol>> {
    vec![
        #[cfg(feature = "sogs")]
        Box::new(relay_sogs::Sogs),
        #[cfg(feature = "smp")]
        Box::new(relay_smp::Smp),
    ]
}
