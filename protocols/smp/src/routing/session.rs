//! One connection to a relay, which all clients share: what they are told of it, and what is
//! passed on over it.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::failure::Failure;
use crate::client::CallError;
use crate::client::{Client, Events, ForwardError};
use crate::config::Settings;
use crate::crypto::forward::Forwarded;
use crate::session::ServerIdentity;
use crate::wire::{CertChain, Response, Short, TransportError, Version, VersionRange};

/// More of certificates than this fits in no `PKEY`.
const MOST_IDENTITY: usize = 15_000;
/// How often is looked whether a connection is idle, at most.
const LOOK: Duration = Duration::from_secs(30);
/// So many unasked transmissions between two such looks are too many.
const MOST_STRAYS: u32 = 1000;

/// What a `PKEY` says: how a relay can be spoken to through this proxy.
pub(crate) struct RelayKey {
    session_id: Box<[u8]>,
    versions: VersionRange,
    identity: ServerIdentity,
}

/// A connection to a relay.
pub(crate) struct Session {
    key: Arc<RelayKey>,
    client: Client,
    /// Of the operator's own servers.
    own: bool,
    used: Mutex<Instant>,
}

impl RelayKey {
    fn new(client: &Client) -> Result<Self, Failure> {
        let session = client.facts().session();
        if session.version < Version::ROUTING {
            return Err(Failure::Transport(TransportError::Version));
        }
        let identity = client.server().cloned();
        let identity = identity.ok_or(Failure::Transport(TransportError::NoAuth))?;
        let versions = identity.versions.intersect(VersionRange::PASSED_ON);
        let key = Self {
            session_id: session.id.as_bytes().into(),
            versions: versions.ok_or(Failure::Transport(TransportError::Version))?,
            identity,
        };
        if key.weight() > MOST_IDENTITY {
            return Err(Failure::Transport(TransportError::LargeMsg));
        }
        Ok(key)
    }

    /// About how many bytes it takes on the wire.
    pub(crate) fn weight(&self) -> usize {
        let each = self.identity.certificates.iter().map(|der| der.len() + 2);
        each.sum::<usize>() + self.identity.signed_key.len()
    }

    /// As it is told.
    pub(crate) fn response(&self) -> Response<'_> {
        Response::Pkey {
            session_id: Short::cut(&self.session_id),
            versions: self.versions,
            identity: CertChain {
                certificates: self
                    .identity
                    .certificates
                    .iter()
                    .map(Vec::as_slice)
                    .collect(),
                signed_key: &self.identity.signed_key,
            },
        }
    }
}

impl Session {
    /// A new connection, if it can be passed on over.
    pub(super) fn new(client: Client, own: bool) -> Result<Self, Failure> {
        let key = RelayKey::new(&client).inspect_err(|_| client.close())?;
        Ok(Self {
            key: Arc::new(key),
            client,
            own,
            used: Mutex::new(Instant::now()),
        })
    }

    /// What clients are told.
    pub(super) fn key(&self) -> &Arc<RelayKey> {
        &self.key
    }

    /// What clients know it by.
    pub(super) fn id(&self) -> &[u8] {
        &self.key.session_id
    }

    /// Whether it is one of the operator's own servers.
    pub(super) fn is_own(&self) -> bool {
        self.own
    }

    /// Whether nothing can be passed on any more.
    pub(super) fn has_ended(&self) -> bool {
        self.client.has_ended()
    }

    /// Ends it.
    pub(super) fn close(&self) {
        self.client.close();
    }

    /// For how long nobody has needed it.
    pub(super) fn idle(&self) -> Duration {
        self.used
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .elapsed()
    }

    /// Somebody needs it.
    pub(super) fn touch(&self) {
        *self.used.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// Passes a command on and waits for the answer. A relay that did not say anything to
    /// anybody in all that time has gone.
    pub(super) async fn forward(&self, forwarded: &Forwarded<'_>) -> Result<Vec<u8>, Failure> {
        self.touch();
        let heard = self.client.heard();
        let answer = self.client.forward(forwarded).await;
        self.touch();
        let silent = matches!(answer, Err(ForwardError::Call(CallError::TimedOut)));
        if silent && self.client.heard() == heard {
            self.close();
        }
        Ok(answer?)
    }

    /// Resolves when the connection has ended; ends it when nobody needs it, or the relay is not
    /// to be trusted with it.
    pub(super) async fn supervise(&self, mut events: Events, settings: &Settings) {
        let mut strays = 0;
        loop {
            let config = settings.now();
            let (idle, ping) = (config.proxy.idle_timeout, config.proxy.ping_interval);
            let look = [idle.get(), ping.get(), LOOK];
            let look = look.into_iter().filter(|span| !span.is_zero()).min();
            tokio::select! {
                () = self.client.ended() => return,
                event = events.next() => match event {
                    // Answers that come too late, and whatever else: nobody waits for them.
                    Some(_) if strays < MOST_STRAYS => strays += 1,
                    _ => break,
                },
                () = sleep(look.unwrap_or(LOOK)) => {
                    strays = 0;
                    if !idle.get().is_zero() && self.idle() >= idle.get() {
                        break;
                    }
                    if !ping.get().is_zero() && self.client.ping().await.is_err() {
                        break;
                    }
                }
            }
        }
        self.close();
    }
}

impl fmt::Debug for RelayKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "RelayKey({}..={})",
            self.versions.min(),
            self.versions.max()
        )
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Session({:?})", self.key)
    }
}
