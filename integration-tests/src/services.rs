//! Services: clients with certificates, and what they subscribe to.

use relay_core::clock::{Clock, SystemClock, UnixTime};
use relay_smp::client::{Call, CallError, Client, QueueKey};
use relay_smp::crypto::SigningKey;
use relay_smp::identity::{Certificate, issue};
use relay_smp::session::ServiceIdentity;
use relay_smp::tls::ClientIdentity;
use relay_smp::wire::{Command, IdsDigest, Response, ServiceRole};
use tokio_rustls::rustls::pki_types::CertificateDer;

use crate::smp::rng;

/// A service of this role, with a leaf below a CA of its own.
pub fn identity(role: ServiceRole) -> ServiceIdentity {
    identity_at(role, SystemClock.now())
}

/// The same, made at some other time.
pub fn identity_at(role: ServiceRole, now: UnixTime) -> ServiceIdentity {
    let mut rng = rng();
    let ca_key = SigningKey::generate(&mut rng);
    let ca = issue::ca(&ca_key, now, &mut rng).expect("a certificate");
    below(role, (&ca, &ca_key), now)
}

/// A service with a new leaf below a CA that is there.
pub fn below(
    role: ServiceRole,
    (ca, ca_key): (&[u8], &SigningKey),
    now: UnixTime,
) -> ServiceIdentity {
    let mut rng = rng();
    let key = SigningKey::generate(&mut rng);
    let issuer = (&Certificate::parse(ca).expect("our own"), ca_key);
    let name = issue::LeafName::Host("service.example.org".to_owned());
    let leaf = issue::leaf(name, &key, issuer, now, &mut rng).expect("a certificate");
    let chain = [leaf, ca.to_vec()].map(CertificateDer::from).to_vec();
    let certificates = ClientIdentity { chain, key };
    ServiceIdentity { role, certificates }
}

/// A service with one certificate, which issued itself.
pub fn alone(role: ServiceRole) -> ServiceIdentity {
    let mut rng = rng();
    let key = SigningKey::generate_ed448(&mut rng);
    let own = issue::ca(&key, SystemClock.now(), &mut rng).expect("a certificate");
    let chain = vec![CertificateDer::from(own)];
    let certificates = ClientIdentity { chain, key };
    ServiceIdentity { role, certificates }
}

/// The id of the service that a client is.
///
/// # Panics
///
/// When it is none.
pub fn id(client: &Client) -> [u8; 24] {
    client.service().expect("a service").id
}

/// `SUBS` or `NSUBS`, and what is answered.
pub async fn subscribe_all(client: &Client, command: Command<'_>) -> Result<IdsDigest, CallError> {
    let service = client.service().ok_or(CallError::Key)?;
    let key = QueueKey::Signing(service.key.clone());
    let answer = client
        .call(Call::about(&service.id, command).by(&key))
        .await?;
    assert_eq!(answer.entity_id(), service.id);
    match answer.response()? {
        Response::Soks(all) => Ok(all),
        other => Err(CallError::Unexpected(other.tag())),
    }
}
