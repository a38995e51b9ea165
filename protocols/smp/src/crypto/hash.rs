//! The hashes by which the protocol names and compares things.

use md5::Md5;
use sha2::{Digest, Sha256};
use sha3::Sha3_384;

use super::chain::take;
use crate::wire::IdsDigest;

/// The name of a server or service: the SHA-256 of its identity certificate's DER.
pub fn fingerprint(certificate: &[u8]) -> [u8; 32] {
    Sha256::digest(certificate).into()
}

/// The sender id that a client must ask for with a link: nobody can choose it, so nobody can
/// find out which ids exist by asking for them.
pub fn sender_id(corr_id: &[u8]) -> [u8; 24] {
    let digest = Sha3_384::digest(corr_id);
    let (id, _) = digest.split_at(24);
    take(id)
}

/// The digest of a set of ids; the order does not matter.
pub fn ids_digest<'a>(ids: impl IntoIterator<Item = &'a [u8]>) -> IdsDigest {
    ids.into_iter()
        .fold(IdsDigest::default(), |mut digest, id| {
            let id: [u8; 16] = Md5::digest(id).into();
            digest
                .hash
                .iter_mut()
                .zip(id)
                .for_each(|(to, from)| *to ^= from);
            digest.count += 1;
            digest
        })
}
