//! Services: what they show of themselves, and what they are told.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use relay_core::clock::UnixTime;
use rustls::pki_types::CertificateDer;

use super::pair::{Start, ordinary, range};
use crate::crypto::{SigningKey, fingerprint};
use crate::identity::{Certificate, issue};
use crate::session::*;
use crate::tls::ClientIdentity;
use crate::wire::*;

const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);
const ID: [u8; 24] = [5; 24];

fn identity(role: ServiceRole, seed: u64) -> ServiceIdentity {
    let mut rng = StdRng::seed_from_u64(seed);
    let (ca_key, key) = (
        SigningKey::generate_ed448(&mut rng),
        SigningKey::generate(&mut rng),
    );
    let ca = issue::ca(&ca_key, NOW, &mut rng).unwrap();
    let issuer = (&Certificate::parse(&ca).unwrap(), &ca_key);
    let name = issue::LeafName::Host("ntf.example.org".to_owned());
    let leaf = issue::leaf(name, &key, issuer, NOW, &mut rng).unwrap();
    let chain = [leaf, ca].map(CertificateDer::from).to_vec();
    let certificates = ClientIdentity { chain, key };
    ServiceIdentity { role, certificates }
}

/// A server, and the hello of a service that came to it.
fn meet(service: &ServiceIdentity, version: u16) -> (ServerHandshake, ClientSession, Vec<u8>) {
    let mut start = Start::new();
    start.server_versions = range(6, 20);
    start.expected.versions = range(6, version);
    let (server, hello) = start.server();
    let client = ClientHandshake::new(start.expected.clone()).as_service(Some(service.clone()));
    let (session, answer) = client.receive(&hello, &mut start.rng).unwrap();
    (server, session, answer)
}

fn told(refused: Refused) -> HandshakeError {
    let answer = refused.answer.unwrap();
    match ServiceResult::parse(unpad(&answer).unwrap()).unwrap() {
        ServiceResult::Refused(TransportError::Handshake(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_service_is_known_by_its_identity_and_told_its_id() {
    for (role, version) in [
        (ServiceRole::Notifier, 16),
        (ServiceRole::Proxy, 18),
        (ServiceRole::Messaging, 19),
    ] {
        let service = identity(role, 1);
        let chain = &service.certificates.chain;
        let (server, client, answer) = meet(&service, version);
        let Received::Service(applicant) = server.receive(&answer, chain).unwrap() else {
            panic!("a service");
        };
        let claim = applicant.claim().clone();
        assert_eq!(
            (claim.role, claim.fingerprint),
            (role, fingerprint(&chain[1]))
        );
        let (session, block) = applicant.accept(ID).unwrap();
        let own = client.service.unwrap().receive(&block).unwrap();
        let known = session.service.unwrap();
        assert_eq!((own.id, own.fingerprint), (ID, known.fingerprint));
        assert_eq!(own.key.public(), AuthKey::Ed25519(known.key));
    }
}

#[test]
fn a_service_shows_itself_only_to_servers_that_know_such() {
    for (role, version) in [(ServiceRole::Notifier, 15), (ServiceRole::Messaging, 18)] {
        let service = identity(role, 1);
        let (server, client, answer) = meet(&service, version);
        assert!(client.service.is_none());
        let session = ordinary(
            server
                .receive(&answer, &service.certificates.chain)
                .unwrap(),
        );
        assert!(session.service.is_none());
    }
}

#[test]
fn a_service_that_does_not_prove_itself_or_is_not_known_is_told_so() {
    let (service, other) = (
        identity(ServiceRole::Notifier, 1),
        identity(ServiceRole::Notifier, 2),
    );
    let shown = [
        &[][..],
        &other.certificates.chain,
        &service.certificates.chain[..1],
    ];
    for chain in shown {
        let (server, _, answer) = meet(&service, 18);
        let refused = server.receive(&answer, chain).unwrap_err();
        assert_eq!(refused.failure, HandshakeFailure::ServiceIdentity);
        assert_eq!(told(refused), HandshakeError::BadAuth);
    }
    let mut stolen = service.clone();
    stolen.certificates.key = other.certificates.key;
    let (server, _, answer) = meet(&stolen, 18);
    let refused = server.receive(&answer, &service.certificates.chain);
    assert_eq!(told(refused.unwrap_err()), HandshakeError::BadAuth);

    let (server, client, answer) = meet(&service, 18);
    let Ok(Received::Service(applicant)) = server.receive(&answer, &service.certificates.chain)
    else {
        panic!("a service");
    };
    let refused = applicant.refuse();
    let block = refused.answer.clone().unwrap();
    assert_eq!(told(refused), HandshakeError::BadService);
    let failure = client.service.unwrap().receive(&block).map(drop);
    assert_eq!(failure, Err(HandshakeFailure::Service));
}

#[test]
fn whatever_is_wrong_in_a_hello_nobody_becomes_another_service() {
    let service = identity(ServiceRole::Notifier, 1);
    let chain = &service.certificates.chain;
    let mut rng = StdRng::seed_from_u64(7);
    let mut accepted = 0;
    for _ in 0..1500 {
        let (server, _, mut answer) = meet(&service, 18);
        let content = unpad(&answer).unwrap().len() + 2;
        for _ in 0..rng.random_range(1..4) {
            answer[rng.random_range(0..content)] ^= rng.random_range(1..=255);
        }
        if let Ok(Received::Service(applicant)) = server.receive(&answer, chain) {
            assert_eq!(applicant.claim().fingerprint, fingerprint(&chain[1]));
            accepted += 1;
        }
    }
    assert!(
        accepted < 100,
        "{accepted}: only where nothing that is signed was touched"
    );
}
