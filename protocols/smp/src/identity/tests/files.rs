//! Files and what becomes of them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use tempfile::TempDir;
use x509_cert::der::pem::{LineEnding, encode_string};

use super::*;

const DAY: Duration = Duration::from_hours(24);

/// A folder with a new identity.
fn new_folder(kind: KeyKind) -> (TempDir, Folder, Identity) {
    let dir = tempfile::tempdir().unwrap();
    let folder = Folder::at(dir.path().join("smp"));
    let made = folder
        .open(kind, "smp.example.org", NOW, &mut rng())
        .unwrap();
    (dir, folder, made)
}

fn read(folder: &Folder, name: &str) -> String {
    fs::read_to_string(folder.path().join(name)).unwrap()
}

fn write(folder: &Folder, name: &str, content: &str) {
    fs::write(folder.path().join(name), content).unwrap();
}

fn remove(folder: &Folder, name: &str) {
    fs::remove_file(folder.path().join(name)).unwrap();
}

fn refusal(folder: &Folder) -> String {
    let opened = folder.open(KeyKind::Ed25519, "other.example", NOW, &mut rng());
    let line = opened.unwrap_err().to_string();
    assert!(!line.contains('\n'), "{line}");
    line
}

fn leaf_subject(identity: &Identity) -> String {
    let leaf = Certificate::parse(&identity.chain()[0]).unwrap();
    leaf.subject().to_string()
}

#[test]
fn an_identity_is_made_once_and_its_files_are_private() {
    for kind in [KeyKind::Ed25519, KeyKind::Ed448] {
        let (_dir, folder, made) = new_folder(kind);
        let again = folder.open(kind, "other.example", NOW, &mut rng()).unwrap();
        assert_eq!(again.chain(), made.chain());
        assert_eq!(leaf_subject(&again), "CN=smp.example.org");
        assert_eq!(folder.fingerprint().unwrap(), made.fingerprint());
        for name in [
            "ca.key",
            "ca.crt",
            "server.key",
            "server.crt",
            "fingerprint",
        ] {
            let file = folder.path().join(name).metadata().unwrap();
            assert_eq!(file.permissions().mode() & 0o777, 0o600, "{name}");
        }
        assert_eq!(read(&folder, "fingerprint").len(), 45);
    }
}

#[test]
fn a_new_leaf_keeps_the_name_the_kind_and_the_address() {
    for kind in [KeyKind::Ed25519, KeyKind::Ed448] {
        let (_dir, folder, first) = new_folder(kind);
        let mut rng = StdRng::seed_from_u64(12);
        let second = folder.rotate(&NewLeaf::default(), NOW, &mut rng).unwrap();
        assert_eq!(second.fingerprint(), first.fingerprint());
        assert_ne!(second.chain()[0], first.chain()[0]);
        assert_ne!(second.key().public(), first.key().public());
        assert_eq!(second.chain()[1], first.chain()[1]);
        assert_eq!(leaf_subject(&second), leaf_subject(&first));
        let same_kind = std::mem::discriminant(second.key());
        assert_eq!(same_kind, std::mem::discriminant(first.key()));
        assert_eq!(folder.load(NOW).unwrap().chain(), second.chain());
    }
    let (_dir, folder, _) = new_folder(KeyKind::Ed448);
    let new = NewLeaf {
        key_kind: Some(KeyKind::Ed25519),
        name: Some("new.example".to_owned()),
    };
    let identity = folder.rotate(&new, NOW, &mut rng()).unwrap();
    assert!(matches!(identity.key(), SigningKey::Ed25519(_)));
    assert_eq!(leaf_subject(&identity), "CN=new.example");
}

#[test]
fn a_crash_between_the_two_files_of_a_rotation_loses_neither() {
    let (_dir, folder, first) = new_folder(KeyKind::Ed25519);
    let old_key = read(&folder, "server.key");
    let mut rng = StdRng::seed_from_u64(12);
    let second = folder.rotate(&NewLeaf::default(), NOW, &mut rng).unwrap();
    let (new_key, new_certificate) = (read(&folder, "server.key"), read(&folder, "server.crt"));

    // The certificate was written, the key was not renamed yet.
    write(&folder, "server.key.next", &new_key);
    write(&folder, "server.key", &old_key);
    assert_eq!(folder.load(NOW).unwrap().chain(), second.chain());
    assert_eq!(read(&folder, "server.key"), new_key);
    assert!(!folder.path().join("server.key.next").exists());

    // Nothing but the next key was written.
    let (_dir, folder, _) = new_folder(KeyKind::Ed25519);
    write(&folder, "server.key.next", &new_key);
    assert_eq!(folder.load(NOW).unwrap().chain(), first.chain());

    // The very first leaf: there was no key before.
    write(&folder, "server.crt", &new_certificate);
    remove(&folder, "server.key");
    assert_eq!(folder.load(NOW).unwrap().chain(), second.chain());
}

#[test]
fn the_ca_key_may_be_elsewhere_until_a_new_leaf_is_needed() {
    let (_dir, folder, made) = new_folder(KeyKind::Ed25519);
    remove(&folder, "ca.key");
    assert_eq!(folder.load(NOW).unwrap().chain(), made.chain());
    let refused = folder.rotate(&NewLeaf::default(), NOW, &mut rng());
    let line = refused.unwrap_err().to_string();
    assert!(
        line.contains("ca.key: ") && line.contains("put it back"),
        "{line}"
    );
    assert_eq!(folder.load(NOW).unwrap().chain(), made.chain());
}

#[test]
fn a_missing_or_expired_leaf_is_made_anew() {
    let (_dir, folder, made) = new_folder(KeyKind::Ed25519);
    remove(&folder, "server.crt");
    remove(&folder, "server.key");
    let mut rng = StdRng::seed_from_u64(13);
    let again = folder
        .open(KeyKind::Ed448, "x.example", NOW, &mut rng)
        .unwrap();
    assert_eq!(again.fingerprint(), made.fingerprint());
    assert_eq!(leaf_subject(&again), "CN=x.example");

    let (_dir, folder, made) = new_folder(KeyKind::Ed25519);
    let ca_key = key_from_pem(read(&folder, "ca.key").as_bytes()).unwrap();
    let issuer = Certificate::parse(&made.chain()[1]).unwrap();
    let name = issue::LeafName::Host("old.example".to_owned());
    let earlier = NOW.minus(DAY * 1000);
    let old = issue::leaf(name, made.key(), (&issuer, &ca_key), earlier, &mut rng).unwrap();
    let pem = encode_string("CERTIFICATE", LineEnding::LF, &old).unwrap();
    write(&folder, "server.crt", &pem);
    assert_eq!(leaf_subject(&folder.load(NOW).unwrap()), "CN=old.example");
    let later = NOW.plus(DAY * 999_998);
    let line = folder.load(later).unwrap_err().to_string();
    assert!(line.contains("relayctl smp cert rotate"), "{line}");
    let renewed = folder.open(KeyKind::Ed25519, "x.example", later, &mut rng);
    let renewed = renewed.unwrap();
    assert_eq!(leaf_subject(&renewed), "CN=old.example");
    assert_ne!(renewed.chain()[0].as_ref(), old);
    assert_eq!(renewed.fingerprint(), made.fingerprint());
}

#[test]
fn files_of_a_smp_server_will_do() {
    let (_dir, folder, made) = new_folder(KeyKind::Ed448);
    // As OpenSSL writes them: the text of the certificate before it, other files beside it.
    let certificate = read(&folder, "server.crt");
    write(
        &folder,
        "server.crt",
        &format!("Certificate:\n    Data:\n{certificate}"),
    );
    write(&folder, "openssl_ca.conf", "[req]\n");
    write(
        &folder,
        "server.csr",
        "-----BEGIN CERTIFICATE REQUEST-----\n",
    );
    assert_eq!(folder.load(NOW).unwrap().chain(), made.chain());
    // The whole chain in one file.
    write(
        &folder,
        "server.crt",
        &(certificate + &read(&folder, "ca.crt")),
    );
    assert_eq!(folder.load(NOW).unwrap().chain(), made.chain());
    remove(&folder, "fingerprint");
    assert_eq!(folder.load(NOW).unwrap().chain(), made.chain());
    write(
        &folder,
        "fingerprint",
        read_fingerprint(&made).trim_end_matches('='),
    );
    assert_eq!(folder.load(NOW).unwrap().chain(), made.chain());
}

fn read_fingerprint(identity: &Identity) -> String {
    crate::wire::to_base64url(&identity.fingerprint())
}

#[test]
fn what_is_damaged_is_refused_in_one_line_that_names_the_file() {
    let other_dir = tempfile::tempdir().unwrap();
    let stranger = Folder::at(other_dir.path());
    let mut rng = StdRng::seed_from_u64(99);
    stranger
        .open(KeyKind::Ed25519, "x.example", NOW, &mut rng)
        .unwrap();
    for (name, content, says) in [
        ("ca.crt", "", "ca.crt: it holds no certificate"),
        (
            "ca.crt",
            &read(&stranger, "ca.crt"),
            "fingerprint: this is not the fingerprint of ca.crt",
        ),
        (
            "server.crt",
            "nonsense",
            "server.crt: it holds no certificate",
        ),
        (
            "server.crt",
            &read(&stranger, "server.crt"),
            "server.key: this key does not belong",
        ),
        (
            "server.key",
            &read(&stranger, "server.key"),
            "server.key: this key does not belong",
        ),
        ("server.key", "", "server.key: it is not a private key"),
        (
            "fingerprint",
            "AAAA",
            "fingerprint: this is not the fingerprint",
        ),
    ] {
        let (_dir, folder, _) = new_folder(KeyKind::Ed25519);
        write(&folder, name, content);
        let line = refusal(&folder);
        assert!(line.contains(says), "{name}: {line}");
    }
    for (name, says) in [
        ("ca.crt", "ca.crt: this file is missing"),
        ("server.crt", "server.crt: this file is missing"),
        ("server.key", "server.key: this file is missing"),
    ] {
        let (_dir, folder, _) = new_folder(KeyKind::Ed25519);
        remove(&folder, name);
        let line = refusal(&folder);
        assert!(line.contains(says), "{line}");
    }
}
