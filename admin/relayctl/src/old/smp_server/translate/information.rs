//! `[INFORMATION]`: what the operator says about the server.

use super::Config;
use super::accepted::takes;
use super::reader::Reader;

const SECTION: &str = "INFORMATION";

const KEYS: [&str; 17] = [
    "source_code",
    "usage_conditions",
    "condition_amendments",
    "server_country",
    "operator",
    "operator_country",
    "website",
    "admin_simplex",
    "admin_email",
    "admin_pgp",
    "admin_pgp_fingerprint",
    "complaints_simplex",
    "complaints_email",
    "complaints_pgp",
    "complaints_pgp_fingerprint",
    "hosting",
    "hosting_country",
];

/// Gives the source code's place, without which the rest is not shown either.
pub(super) fn translate(reader: &mut Reader<'_>, config: &mut Config) -> Option<String> {
    let source = reader.text(SECTION, "source_code").map(str::to_owned);
    for key in KEYS {
        one(reader, config, key);
    }
    // Every new smp-server.ini has it; it says nothing while the host is not named.
    if reader.text(SECTION, "hosting").is_some() {
        one(reader, config, "hosting_type");
    } else {
        reader.text(SECTION, "hosting_type");
    }
    source
}

fn one(reader: &mut Reader<'_>, config: &mut Config, key: &str) {
    let Some(value) = reader.text(SECTION, key) else {
        return;
    };
    let name = format!("information.{key}");
    if takes(&[(&name, value)]) {
        config.put(&format!("smp.{name}"), value);
    } else {
        reader.drop(
            SECTION,
            key,
            "is not what it should be, and not shown on the page",
        );
    }
}
