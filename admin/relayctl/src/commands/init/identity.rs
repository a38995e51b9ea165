//! The relays' identities, made as a first start makes them; those that are there stay.

use std::sync::Arc;

use relay_config::{SectionSpec, Sources};
use relay_core::clock::SystemClock;
use relay_core::data_dir::DataDir;
use relay_core::entropy::Entropy;
use relay_smp::SmpConfig;
use relay_smp::admin::show;
use relay_smp::admin::types::Address;
use relay_smp::identity::Folder;

use super::wanted::{Smp, Wanted};
use crate::failure::Failure;

/// By what clients know the relays.
#[derive(Debug)]
pub(super) struct Identities {
    /// The public key of SOGS, in hex.
    pub(super) sogs: Option<String>,
    pub(super) smp: Option<(Address, Folder)>,
}

impl Identities {
    pub(super) fn make(wanted: &Wanted) -> Result<Self, Failure> {
        let refused = |error: &dyn std::fmt::Display| Failure::Refused(error.to_string());
        let entropy = Entropy::system().map_err(|error| refused(&error))?;
        DataDir::create(&wanted.data_dir).map_err(|failure| refused(&failure))?;
        let sogs = wanted.sogs.as_ref().map(|_| {
            let key = relay_sogs::server_key(&wanted.data_dir, &entropy);
            key.map(|key| key.public_hex())
                .map_err(|error| refused(&error))
        });
        let smp = wanted
            .smp
            .as_ref()
            .map(|smp| smp_identity(smp, wanted, entropy.clone()));
        Ok(Self {
            sogs: sogs.transpose()?,
            smp: smp.transpose()?,
        })
    }
}

fn smp_identity(
    smp: &Smp,
    wanted: &Wanted,
    entropy: Entropy,
) -> Result<(Address, Folder), Failure> {
    let refused = |error: relay_smp::identity::IdentityError| Failure::Refused(error.to_string());
    let config = section(smp)?;
    let clock = Arc::new(SystemClock);
    let keeper = relay_smp::open_identity(&config, &wanted.data_dir, clock, entropy);
    let folder = keeper.map_err(refused)?.folder().clone();
    let address = show::address(&config, &folder).map_err(refused)?;
    Ok((address, folder))
}

/// The relay's section as the new configuration has it.
fn section(smp: &Smp) -> Result<SmpConfig, Failure> {
    let set = |key: &str, value: String| (format!("RELAYD__SMP__{key}"), value);
    let list = |list: &[String]| toml::Value::from(list.to_vec()).to_string();
    let mut env = vec![
        set("HOSTS", list(&smp.hosts)),
        set("LISTEN", list(&smp.listen)),
    ];
    env.extend(
        smp.password
            .clone()
            .map(|text| set("CREATE_PASSWORD", text)),
    );
    let sources = Sources {
        env,
        ..Sources::default()
    };
    let loaded = relay_config::load_only(&sources, &[SectionSpec::of::<SmpConfig>()])?;
    Ok(loaded.section()?)
}
