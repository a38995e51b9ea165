//! Taking over the key that clients know a SOGS by, from where the older programs keep it.

use std::path::Path;

use relay_core::data_dir::{DataDir, write_secret};
use zeroize::Zeroizing;

/// Where relayd keeps it, below the data dir.
const OURS: &str = "sogs/key_x25519";

/// What comes before the key in the only form that OpenSSL writes X25519 keys in (PKCS#8).
const PKCS8: &[u8] = &[
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x6e, 0x04, 0x22, 0x04, 0x20,
];

/// Takes over a file of 32 bytes, as PySOGS keeps it. Nothing happens when there is no such file, or
/// when relayd has a key already.
pub(super) fn adopt_raw(from: &Path, data_dir: &Path) -> Result<(), String> {
    adopt(from, data_dir, <[u8]>::to_vec)
}

/// The same with a PEM file, as the server of 2021 keeps it.
pub(super) fn adopt_pem(from: &Path, data_dir: &Path) -> Result<(), String> {
    adopt(from, data_dir, |content| {
        pem_key(content).unwrap_or_default()
    })
}

fn adopt(from: &Path, data_dir: &Path, read: fn(&[u8]) -> Vec<u8>) -> Result<(), String> {
    let ours = data_dir.join(OURS);
    if ours.exists() || !from.exists() {
        return Ok(());
    }
    let wrong = |error: &dyn std::fmt::Display| format!("{}: {error}", from.display());
    let content = std::fs::read(from).map(Zeroizing::new);
    let content = content.map_err(|error| wrong(&error))?;
    let key = Zeroizing::new(read(&content));
    if key.len() != 32 {
        return Err(wrong(&"this is no X25519 private key"));
    }
    DataDir::create(data_dir).map_err(|error| error.to_string())?;
    write_secret(&ours, &key).map_err(|error| format!("cannot write {}: {error}", ours.display()))
}

fn pem_key(content: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(content).ok()?;
    let (_, rest) = text.split_once("-----BEGIN PRIVATE KEY-----")?;
    let (body, _) = rest.split_once("-----END PRIVATE KEY-----")?;
    let body: Zeroizing<String> = Zeroizing::new(body.split_whitespace().collect());
    let der = Zeroizing::new(relay_sogs::wire::decode_base64(&body)?);
    der.strip_prefix(PKCS8).map(<[u8]>::to_vec)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    const PEM: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VuBCIEIHcHbQpzGKV9PBbBclGyZkXfTC+H68CZKrF3+6UduSwq\n-----END PRIVATE KEY-----\n";

    #[test]
    fn keys_of_both_programs_are_taken_over_once() {
        let dir = tempfile::tempdir().expect("a folder");
        let (from, data) = (dir.path().join("key"), dir.path().join("data"));
        std::fs::write(&from, PEM).expect("written");
        assert!(
            adopt_raw(&from, &data)
                .expect_err("no key")
                .contains("no X25519")
        );
        adopt_pem(&from, &data).expect("taken over");
        let ours = data.join(OURS);
        let key = std::fs::read(&ours).expect("there");
        assert_eq!(
            (key.len(), key[..4].to_vec()),
            (32, vec![0x77, 0x07, 0x6d, 0x0a])
        );
        let mode = ours.metadata().expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        std::fs::write(&from, [1; 32]).expect("written");
        adopt_raw(&from, &data).expect("left alone");
        assert_eq!(std::fs::read(&ours).expect("there"), key);
    }
}
