//! The identity in use: its files, and TLS that shows it.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use relay_core::clock::SharedClock;
use relay_core::entropy::Entropy;

use super::{Folder, Identity, IdentityError, NewLeaf};
use crate::config::KeyKind;
use crate::tls::{Acceptor, Offer};

/// Keeps files and TLS in step. What fails changes neither.
pub struct Keeper {
    folder: Folder,
    acceptor: Arc<Acceptor>,
    clock: SharedClock,
    entropy: Entropy,
    /// One change at a time.
    changing: Mutex<()>,
}

impl Keeper {
    /// Loads the identity of `folder`, or makes it for a server at `host`.
    pub fn open(
        folder: Folder,
        kind: KeyKind,
        host: &str,
        clock: SharedClock,
        entropy: Entropy,
    ) -> Result<Self, IdentityError> {
        let identity = folder.open(kind, host, clock.now(), &mut entropy.rng())?;
        let offer = Offer::default();
        let acceptor = Acceptor::with_clock(Arc::new(identity), offer, Arc::clone(&clock));
        Ok(Self {
            acceptor: Arc::new(acceptor.map_err(|error| folder.wrong("", error))?),
            folder,
            clock,
            entropy,
            changing: Mutex::new(()),
        })
    }

    /// Shakes hands as this identity.
    pub fn acceptor(&self) -> &Arc<Acceptor> {
        &self.acceptor
    }

    /// The identity shown now.
    pub fn identity(&self) -> Arc<Identity> {
        self.acceptor.identity()
    }

    /// Where its files are.
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Reads the files again. The address must stay: who is connected, or has it in a contact
    /// list, knows the server by nothing else.
    pub fn reload(&self) -> Result<(), IdentityError> {
        let _one = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let identity = self.folder.load(self.clock.now())?;
        if identity.fingerprint() != self.identity().fingerprint() {
            let reason = "this is another identity than the one in use; restart relayd if it is meant, or restore the file";
            return Err(self.folder.wrong("ca.crt", reason));
        }
        self.show(identity)
    }

    /// Issues a new leaf and shows it from now on. Connections that are open stay.
    pub fn rotate(&self, new: &NewLeaf) -> Result<(), IdentityError> {
        let _one = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut rng = self.entropy.rng();
        let identity = self.folder.rotate(new, self.clock.now(), &mut rng)?;
        self.show(identity)
    }

    fn show(&self, identity: Identity) -> Result<(), IdentityError> {
        let shown = self.acceptor.replace(Arc::new(identity));
        shown.map_err(|error| self.folder.wrong("", error))
    }
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keeper").finish_non_exhaustive()
    }
}
