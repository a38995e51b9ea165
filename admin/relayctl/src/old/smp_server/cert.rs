//! `smp-server cert`: a new online certificate under the same identity.

use relay_core::clock::{Clock as _, SystemClock};
use relay_core::entropy::Entropy;
use relay_smp::identity::{Folder, NewLeaf};
use relay_smp::wire::Address;

use super::console::{note, say};
use super::identity::tell_about_ca_key;
use super::options::Given;
use super::places::Places;
use super::{End, wanted};

/// Issues it; key kind and name stay unless others are asked for.
pub(super) fn run(given: &Given, places: &Places) -> Result<(), End> {
    super::read_ini(places)?;
    let name = given.value("cn").map(str::to_owned);
    if name.as_deref().is_some_and(|name| !Address::is_host(name)) {
        return Err(End::failed(
            "option --cn: expected a host name or an IP address",
        ));
    }
    let new = NewLeaf {
        key_kind: wanted::key_kind(given)?,
        name,
    };
    let entropy = Entropy::system().map_err(End::failed)?;
    let folder = Folder::at(&places.configuration);
    let issued = folder.rotate(&new, SystemClock.now(), &mut entropy.rng());
    issued.map_err(End::failed)?;
    say("Generated new server credentials");
    tell_about_ca_key(places);
    if super::init::claim(places).is_err() {
        note("smp-server: the running server shows the new certificate after a restart");
    }
    Ok(())
}
