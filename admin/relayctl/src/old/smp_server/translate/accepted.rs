//! Whether relayd would take a value. Asked for settings that the older program did not look at
//! closely: what it took must not keep the server from starting.

use relay_config::{SectionSpec, Sources, load};
use relay_smp::SmpConfig;

/// Whether these keys of `[smp]`, given without that name, may have these values together.
pub(super) fn takes(keys: &[(&str, &str)]) -> bool {
    let env = keys.iter().map(|(key, value)| {
        let variable = format!("RELAYD__SMP__{}", key.replace('.', "__").to_uppercase());
        (variable, (*value).to_owned())
    });
    let sources = Sources {
        env: env.collect(),
        ..Sources::default()
    };
    let Ok(loaded) = load(&sources, &[SectionSpec::of::<SmpConfig>()]) else {
        return false;
    };
    let section = loaded.section::<SmpConfig>();
    section.is_ok_and(|section| section.check(&loaded).is_ok())
}
