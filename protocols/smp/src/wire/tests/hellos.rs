//! The handshake's vectors: parsed to what they say, and written back the same.

use super::vectors::vector;
use super::wire_vectors::{SERVICE_ID, version};
use crate::wire::*;

#[test]
fn server_hellos() {
    let (vector, chain) = (vector("handshake.server_hello"), vector_chain());
    let session_id = vector.bytes("session_id");
    for (name, max) in [("v6_18", 18), ("v6_20", 20), ("v6_6_no_alpn", 6)] {
        let hello = ServerHello {
            versions: VersionRange::new(Version(6), Version(max)).unwrap(),
            session_id: Short::cut(&session_id),
            identity: (max > 6).then(|| chain.borrowed()),
        };
        let bytes = vector.bytes(name);
        assert_eq!(ServerHello::parse(&bytes), Ok(hello.clone()), "{name}");
        assert_eq!(hello.to_bytes().unwrap(), bytes, "{name}");
        assert_eq!(
            ServerHello::parse(&[&bytes[..], b"more"].concat()),
            Ok(hello)
        );
    }
}

#[test]
fn client_hellos() {
    let vector = vector("handshake.client_hello");
    for name in [
        "v6",
        "v7",
        "v12",
        "v14",
        "v18",
        "v18_proxy",
        "v18_service_notifier",
        "v20",
    ] {
        let bytes = vector.bytes(name);
        let hello = ClientHello::parse(&bytes).unwrap();
        assert_eq!(hello.version, version(name), "{name}");
        assert_eq!(hello.session_key.is_some(), name != "v6");
        assert_eq!(hello.proxy, name == "v18_proxy");
        assert_eq!(hello.service.is_some(), name == "v18_service_notifier");
        assert_eq!(hello.to_bytes().unwrap(), bytes, "{name}");
        assert_eq!(
            ClientHello::parse(&[&bytes[..], b"more"].concat()),
            Ok(hello)
        );
    }
    let bytes = vector.bytes("v18_service_notifier");
    let service = ClientHello::parse(&bytes).unwrap().service.unwrap();
    assert_eq!(service.role, ServiceRole::Notifier);
    assert_eq!(
        service.identity.identity(),
        Some(&vector.bytes("service_cert_der")[..])
    );
    let key = PublicKey::Ed25519(service.session_key().unwrap());
    assert_eq!(key.to_spki(), vector.bytes("service_session_spki"));
}

#[test]
fn a_client_without_a_session_key_says_nothing_instead() {
    let bytes = [&b"\0\x0e\x01x"[..], b"F"].concat();
    let hello = ClientHello::parse(&bytes).unwrap();
    assert_eq!((hello.session_key, hello.proxy), (None, false));
    assert_eq!(hello.to_bytes().unwrap(), bytes);
}

#[test]
fn service_results() {
    let vector = vector("handshake.service_response");
    let refused = |error| ServiceResult::Refused(TransportError::Handshake(error));
    for (name, result) in [
        ("ok", ServiceResult::Accepted(Short::from(&SERVICE_ID))),
        ("err_bad_auth", refused(HandshakeError::BadAuth)),
        ("err_bad_service", refused(HandshakeError::BadService)),
    ] {
        let bytes = vector.bytes(name);
        assert_eq!(ServiceResult::parse(&bytes), Ok(result));
        assert_eq!(result.to_bytes().unwrap(), bytes);
    }
}

struct OwnedChain {
    certificates: Vec<Vec<u8>>,
    signed_key: Vec<u8>,
}

impl OwnedChain {
    fn borrowed(&self) -> CertChain<'_> {
        CertChain {
            certificates: self.certificates.iter().map(Vec::as_slice).collect(),
            signed_key: &self.signed_key,
        }
    }
}

fn vector_chain() -> OwnedChain {
    let chain = vector("cert.chain");
    OwnedChain {
        certificates: vec![chain.bytes("leaf_der"), chain.bytes("ca_der")],
        signed_key: vector("handshake.signed_key").bytes("der_ed25519"),
    }
}
