//! Our own SMP client against a daemon.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::{StdRng, SysRng};
use relay_core::clock::SystemClock;
use relay_smp::client::{
    CallError, Client, Dialer, Events, Link, NewQueue, Opened, Queue, QueueKey, Received,
};
use relay_smp::session::ServiceIdentity;
use relay_smp::wire::{Error, Response, Version, VersionRange, from_base64url};
use tokio::net::TcpStream;

use crate::{Bed, PATIENCE};

/// A TLS stream as our client has it.
pub type Tls = tokio_rustls::client::TlsStream<TcpStream>;

/// The SMP relay of a daemon, seen from outside.
#[derive(Clone, Debug)]
pub struct Smp {
    /// Where it listens.
    pub address: SocketAddr,
    /// Who it is.
    pub fingerprint: [u8; 32],
}

impl Smp {
    /// Of a daemon that was started in `bed`.
    pub fn of(bed: &Bed) -> Self {
        let file = bed.data().join("smp/fingerprint");
        let text = std::fs::read_to_string(file).expect("a daemon with SMP has a fingerprint");
        let fingerprint = from_base64url(text.trim()).expect("base64url");
        Self {
            address: bed.listen("smp"),
            fingerprint: fingerprint.try_into().expect("a SHA-256"),
        }
    }

    /// Connects to it as today's apps do.
    pub fn dialer(&self) -> Dialer {
        let dialer = Dialer::new(self.fingerprint, Arc::new(SystemClock));
        dialer
            .expect("TLS can be set up")
            .limits(PATIENCE, PATIENCE)
    }

    /// Connects in one version only.
    pub fn dialer_of(&self, version: u16) -> Dialer {
        let versions = VersionRange::new(Version(version), Version(version));
        self.dialer().versions(versions.expect("one version"))
    }

    /// A new connection.
    pub async fn client(&self) -> (Client, Events) {
        let client = self.dialer().client(self.address, &mut rng()).await;
        client.expect("the relay takes connections")
    }

    /// A new connection of a service, in the highest version.
    pub async fn service(&self, service: &ServiceIdentity) -> (Client, Events) {
        let dialer = self.dialer().as_service(service.clone());
        let client = dialer.client(self.address, &mut rng()).await;
        client.expect("the relay takes services")
    }

    /// A new connection whose blocks the test makes.
    pub async fn link(&self) -> Link<Tls> {
        let link = self.dialer().link(self.address, &mut rng()).await;
        link.expect("the relay takes connections")
    }
}

/// Randomness.
pub fn rng() -> StdRng {
    StdRng::try_from_rng(&mut SysRng).expect("the system has randomness")
}

/// A new queue of this client, which is subscribed to it.
///
/// # Panics
///
/// When the relay makes none.
pub async fn create(client: &Client) -> Queue {
    let new = NewQueue::with(QueueKey::ed25519(&mut rng()));
    let created = client.create(new, &mut rng()).await;
    created.expect("a new queue")
}

/// The next event.
///
/// # Panics
///
/// When none comes.
pub async fn event(events: &mut Events) -> Received {
    let event = tokio::time::timeout(PATIENCE, events.next()).await;
    event.expect("an event in time").expect("an event")
}

/// The next event is a message of this queue.
///
/// # Panics
///
/// When it is something else.
pub async fn message(events: &mut Events, queue: &Queue) -> Opened {
    let event = event(events).await;
    assert_eq!(event.entity_id(), queue.recipient_id, "{event:?}");
    queue.open(&event).expect("a message that decrypts")
}

/// No event comes within a moment.
///
/// # Panics
///
/// When one comes.
pub async fn silence(events: &mut Events) {
    let event = tokio::time::timeout(Duration::from_millis(300), events.next()).await;
    assert!(event.is_err(), "{event:?}");
}

/// The tag of an answer, or the error.
pub fn tag(received: &Received) -> Result<&'static str, Error> {
    match received.response() {
        Ok(response) => Ok(response.tag()),
        Err(CallError::Refused(error)) => Err(error),
        Err(other) => panic!("{other}"),
    }
}

/// What [`CallError`] the server's error becomes.
pub fn refused<T>(error: Error) -> Result<T, CallError> {
    Err(CallError::Refused(error))
}

/// Whether it is this event.
pub fn is(received: &Received, expected: &Response<'_>) -> bool {
    received.response().as_ref() == Ok(expected)
}
