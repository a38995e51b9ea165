//! Certificates: ours, the vectors', and chains that do not hold.

use std::process::Command;
use std::time::Duration;

use relay_testkit::skip;
use rustls::pki_types::CertificateDer;

use super::*;
use crate::identity::chain::ChainError;
use crate::identity::issue::{self, LeafName};
use crate::wire::tests::vectors::vector;

struct Made {
    der: CertificateDer<'static>,
    key: SigningKey,
}

fn ca(seed: u64) -> Made {
    let mut rng = StdRng::seed_from_u64(seed);
    let key = issue::generate(KeyKind::Ed25519, &mut rng);
    let der = issue::ca(&key, NOW, &mut rng).unwrap().into();
    Made { der, key }
}

fn below(issuer: &Made, kind: KeyKind, now: UnixTime) -> Made {
    let mut rng = rng();
    let key = issue::generate(kind, &mut rng);
    let parsed = Certificate::parse(&issuer.der).unwrap();
    let name = LeafName::Host("smp.example.org".to_owned());
    let der = issue::leaf(name, &key, (&parsed, &issuer.key), now, &mut rng);
    let der = der.unwrap().into();
    Made { der, key }
}

fn refusal(chain: &[&Made]) -> Option<ChainError> {
    let chain: Vec<_> = chain.iter().map(|made| made.der.clone()).collect();
    chain::verify(&chain, NOW).err()
}

#[test]
fn chains_that_hold_and_chains_that_do_not() {
    let (root, stranger) = (ca(1), ca(2));
    let leaf = below(&root, KeyKind::Ed25519, NOW);
    assert_eq!(refusal(&[&leaf, &root]), None);
    assert_eq!(refusal(&[]), Some(ChainError::Length));
    assert_eq!(refusal(&[&root]), Some(ChainError::Length));
    let five = [&leaf, &root, &root, &root, &root];
    assert_eq!(refusal(&five), Some(ChainError::Length));
    // The same name, another key.
    assert_eq!(refusal(&[&leaf, &stranger]), Some(ChainError::NotIssued));
    assert_eq!(refusal(&[&root, &leaf]), Some(ChainError::NotIssued));
    // A leaf is no CA, whatever it signs.
    let below_leaf = below(&leaf, KeyKind::Ed25519, NOW);
    let chain = [&below_leaf, &leaf, &root];
    assert_eq!(refusal(&chain), Some(ChainError::NotIssued));
}

#[test]
fn certificates_hold_from_yesterday_for_999999_days() {
    let root = ca(1);
    let day = Duration::from_hours(24);
    let tomorrow = below(
        &root,
        KeyKind::Ed25519,
        NOW.plus(day + Duration::from_secs(1)),
    );
    assert_eq!(refusal(&[&tomorrow, &root]), Some(ChainError::NotYet));
    let fresh = below(&root, KeyKind::Ed25519, NOW.plus(day));
    assert_eq!(refusal(&[&fresh, &root]), None);
    let chain = [fresh.der, root.der];
    let last = NOW.plus(day * 999_999);
    assert_eq!(chain::verify(&chain, last).unwrap().not_after, last);
    let refused = chain::verify(&chain, last.plus(Duration::from_secs(1)));
    assert_eq!(refused.unwrap_err(), ChainError::Expired);
}

#[test]
fn the_right_chain_of_another_server() {
    let root = ca(1);
    let leaf = below(&root, KeyKind::Ed448, NOW);
    let chain = [leaf.der, root.der];
    let (this, other) = (fingerprint(&chain[1]), fingerprint(&chain[0]));
    assert!(chain::verify_pinned(&chain, &this, NOW).is_ok());
    let refused = chain::verify_pinned(&chain, &other, NOW).unwrap_err();
    assert_eq!(refused, ChainError::OtherServer);
}

#[test]
fn a_changed_byte_is_noticed_or_not_a_certificate_any_more() {
    let root = ca(1);
    let leaf = below(&root, KeyKind::Ed25519, NOW);
    for position in 0..leaf.der.len() {
        let mut bytes = leaf.der.to_vec();
        bytes[position] ^= 0x04;
        let chain = [CertificateDer::from(bytes), root.der.clone()];
        assert!(chain::verify(&chain, NOW).is_err(), "{position}");
    }
}

#[test]
fn the_vectors_chain_and_signed_session_key() {
    let known = vector("cert.chain");
    let chain = ["leaf_der", "ca_der"].map(|name| CertificateDer::from(known.bytes(name)));
    let key = SigningKey::Ed25519(known.array("leaf_private").into());
    let identity = Identity::new(chain.to_vec(), key, NOW).unwrap();
    assert_eq!(identity.fingerprint().to_vec(), known.bytes("fingerprint"));
    let other = SigningKey::Ed25519(known.array("ca_private").into());
    let refused = Identity::new(chain.to_vec(), other, NOW).unwrap_err();
    assert_eq!(refused, ChainError::OtherKey);

    let signed = vector("handshake.signed_key");
    let session_key = PublicKey::from_spki(&signed.bytes("object")[2..]).unwrap();
    let der = identity.sign_session_key(&session_key);
    assert_eq!(der, signed.bytes("der_ed25519"));
}

#[test]
fn names_too_long_for_a_certificate_are_replaced() {
    let root = ca(1);
    let issuer = Certificate::parse(&root.der).unwrap();
    for (host, subject) in [
        ("2001:db8::1", "CN=2001:db8::1"),
        (&"a".repeat(64), &*format!("CN={}", "a".repeat(64))),
        (&"a".repeat(65), "CN=smp-server"),
        ("", "CN=smp-server"),
    ] {
        let name = LeafName::Host(host.to_owned());
        let der = issue::leaf(name, &root.key, (&issuer, &root.key), NOW, &mut rng());
        let der = der.unwrap();
        let leaf = Certificate::parse(&der).unwrap();
        assert_eq!(leaf.subject().to_string(), subject);
    }
}

#[test]
fn openssl_verifies_what_was_made() {
    if Command::new("openssl").arg("version").output().is_err() {
        return skip::loudly("no openssl", "install openssl");
    }
    for kind in [KeyKind::Ed25519, KeyKind::Ed448] {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::at(dir.path());
        // OpenSSL looks at the real clock.
        let now = UnixTime::from_secs(1_700_000_000);
        folder
            .open(kind, "smp.example.org", now, &mut rng())
            .unwrap();
        let openssl = |arguments: &[&str]| {
            let run = Command::new("openssl")
                .args(arguments)
                .current_dir(dir.path())
                .output();
            let output = run.unwrap();
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            let complaints = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{said}{complaints}");
            said
        };
        let verify = [
            "verify",
            "-purpose",
            "sslserver",
            "-CAfile",
            "ca.crt",
            "server.crt",
        ];
        assert_eq!(openssl(&verify), "server.crt: OK\n");
        let text = openssl(&["x509", "-in", "server.crt", "-noout", "-text"]);
        for expected in [
            "Subject: CN = smp.example.org",
            "CA:FALSE",
            "Digital Signature, Non Repudiation, Key Agreement",
            "TLS Web Server Authentication",
        ] {
            assert!(text.contains(expected), "{text}");
        }
        let text = openssl(&["x509", "-in", "ca.crt", "-noout", "-text"]);
        assert!(
            text.contains("SMP server CA") && text.contains("CA:TRUE"),
            "{text}"
        );
        let keys = openssl(&["pkey", "-in", "server.key", "-pubout"]);
        assert_eq!(
            keys,
            openssl(&["x509", "-in", "server.crt", "-noout", "-pubkey"])
        );
    }
}

#[test]
fn keys_and_certificates_of_openssl_will_do() {
    if Command::new("openssl").arg("version").output().is_err() {
        return skip::loudly("no openssl", "install openssl");
    }
    for algorithm in ["ED25519", "ED448"] {
        let dir = tempfile::tempdir().unwrap();
        let script = format!(
            "set -e
            openssl genpkey -algorithm {algorithm} -out ca.key
            openssl req -new -x509 -days 999999 -extensions ca -key ca.key -out ca.crt -config <(printf '%s\\n' '[req]' 'distinguished_name = dn' 'prompt = no' 'x509_extensions = ca' '[dn]' 'CN = SMP server CA' 'O = SimpleX' '[ca]' 'subjectKeyIdentifier = hash' 'authorityKeyIdentifier = keyid:always' 'basicConstraints = critical,CA:true')
            openssl genpkey -algorithm {algorithm} -out server.key
            openssl req -new -key server.key -subj /CN=localhost -out server.csr
            openssl x509 -req -days 999999 -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out server.crt -extfile <(printf '%s\\n' 'basicConstraints = CA:FALSE' 'keyUsage = digitalSignature, nonRepudiation, keyAgreement' 'extendedKeyUsage = serverAuth')"
        );
        let mut bash = Command::new("bash");
        let made = bash
            .args(["-c", &script])
            .current_dir(dir.path())
            .output()
            .unwrap();
        assert!(
            made.status.success(),
            "{}",
            String::from_utf8_lossy(&made.stderr)
        );
        let folder = Folder::at(dir.path());
        // Valid from the moment it was made, which the real clock knows.
        let now = UnixTime::from_secs(4_000_000_000);
        let first = folder.load(now).unwrap();
        let second = folder.rotate(&NewLeaf::default(), now, &mut rng()).unwrap();
        assert_eq!(first.fingerprint(), second.fingerprint());
        assert_eq!(first.chain().len(), 2);
    }
}
