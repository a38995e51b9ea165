//! `relayctl smp`: the SimpleX SMP relay.

mod address;
mod cert;
pub(super) mod qr;
mod queue;
mod stats;

use relay_config::SectionSpec;
use relay_core::settings::Settings;
use relay_smp::SmpConfig;
use relay_smp::identity::{Folder, IdentityError};

use super::{Context, Outcome, Verdict};
use crate::cli::Smp;
use crate::failure::Failure;

pub(super) async fn run(command: Smp, context: &Context) -> Outcome {
    match command {
        Smp::Address(wanted) => address::show(&wanted, context).await,
        Smp::Fingerprint => address::fingerprint(context).await,
        Smp::Cert(command) => cert::run(command, context).await,
        Smp::Queue(command) => queue::run(command, context).await,
        Smp::Stats => stats::show(context).await,
    }
}

/// What is known without a daemon: the relay's section, and where its identity is.
struct Offline {
    config: SmpConfig,
    folder: Folder,
}

impl Offline {
    /// Reads no more of the configuration than is needed.
    fn look(context: &Context) -> Result<Self, Failure> {
        let specs = [
            SectionSpec::of::<Settings>(),
            SectionSpec::of::<SmpConfig>(),
        ];
        let loaded = relay_config::load_only(&context.global.sources(), &specs)?;
        let (settings, config): (Settings, SmpConfig) = (loaded.section()?, loaded.section()?);
        let folder = Folder::at(config.identity.folder_in(&settings.data_dir));
        Ok(Self { config, folder })
    }

    /// Why files do not answer either; `asked` says why the daemon did not.
    fn neither(&self, error: &IdentityError, asked: &Failure) -> Failure {
        if self.folder.is_empty() {
            let folder = self.folder.path().display();
            return Failure::Unreachable(format!(
                "there is no identity in {folder} yet; start relayd once, which makes it ({asked})"
            ));
        }
        Failure::Refused(error.to_string())
    }
}
