//! What is shown of an identity, from a running relay or from its files.

use data_encoding::HEXLOWER;
use relay_core::net::ListenAddr;

use super::types;
use crate::config::{KeyKind, SmpConfig};
use crate::crypto::fingerprint;
use crate::identity::{Certificate, Folder, Identity, IdentityError};
use crate::wire::{self, PublicKey, to_base64url};

/// The address of a relay that does not run.
pub fn address(config: &SmpConfig, folder: &Folder) -> Result<types::Address, IdentityError> {
    let listen: Vec<ListenAddr> = config.listen.iter().cloned().collect();
    let address = config.address(folder.fingerprint()?, &listen);
    Ok(address_of(address, !config.hosts.is_empty()))
}

pub(super) fn address_of(address: wire::Address, has_hosts: bool) -> types::Address {
    types::Address {
        address: address.to_string(),
        fingerprint: to_base64url(&address.fingerprint),
        public_address: address.without_password().to_string(),
        has_hosts,
    }
}

/// The certificates of an identity.
pub fn certificates(identity: &Identity, folder: &Folder) -> types::Certificates {
    let last = identity.chain().len().saturating_sub(1);
    let chain = identity.chain().iter().enumerate();
    let shown = chain.filter_map(|(position, der)| {
        let role = match position {
            0 => "server",
            1 if position < last => "identity",
            2 if position < last => "network",
            _ => "ca",
        };
        certificate(role, der)
    });
    types::Certificates {
        fingerprint: to_base64url(&identity.fingerprint()),
        folder: folder.path().to_owned(),
        has_ca_key: folder.has_ca_key(),
        chain: shown.collect(),
    }
}

fn certificate(role: &str, der: &[u8]) -> Option<types::Certificate> {
    let parsed = Certificate::parse(der).ok()?;
    Some(types::Certificate {
        role: role.to_owned(),
        name: parsed.subject().to_string(),
        key_kind: match parsed.key() {
            PublicKey::Ed448(_) => KeyKind::Ed448,
            _ => KeyKind::Ed25519,
        },
        not_before: parsed.not_before().secs(),
        not_after: parsed.not_after().secs(),
        sha256: HEXLOWER.encode(&fingerprint(der)),
    })
}
