//! What may be done with a queue in its present state.

use super::{Record, Status};
use crate::wire::{AuthKey, Error, QueueMode, Version};

/// What is left to do for a command that is allowed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Decision {
    /// It was done before: say so again.
    Done,
    /// Write it.
    Change,
}

/// How a link is set.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Linking {
    /// The queue gets its first link.
    New,
    /// The user data of its link is replaced, if the fixed data are the same.
    Replace,
}

impl Record {
    /// For one sender, who has come: its link is used up.
    pub(crate) fn is_secured_messaging(&self) -> bool {
        self.mode != Some(QueueMode::Contact) && self.sender_key.is_some()
    }

    /// For anybody. Addresses older than modes are those nobody secured.
    pub(crate) fn is_contact(&self) -> bool {
        match self.mode {
            Some(mode) => mode == QueueMode::Contact,
            None => self.sender_key.is_none(),
        }
    }

    /// What everything but OFF, DEL and NSUB asks first.
    pub(crate) fn unless_blocked(&self) -> Result<(), Error> {
        match self.status {
            Status::Active | Status::Off => Ok(()),
            Status::Blocked(info) => Err(Error::Blocked(info)),
        }
    }

    /// Whether a message of this size, sent over a connection of `version`, is taken.
    pub(crate) fn may_send(&self, size: usize, version: Version) -> Result<(), Error> {
        if size > version.max_body() {
            return Err(Error::LargeMsg);
        }
        match self.status {
            Status::Active => Ok(()),
            Status::Off => Err(Error::Auth),
            Status::Blocked(info) => Err(Error::Blocked(info)),
        }
    }

    /// `KEY`: once set, a sender's key never changes.
    pub(crate) fn secure(&self, key: &AuthKey) -> Result<Decision, Error> {
        self.unless_blocked()?;
        match &self.sender_key {
            None => Ok(Decision::Change),
            Some(present) if present == key => Ok(Decision::Done),
            Some(_) => Err(Error::Auth),
        }
    }

    /// `SKEY` and `LKEY`: the same, where the sender may.
    pub(crate) fn secure_by_sender(&self, key: &AuthKey) -> Result<Decision, Error> {
        self.unless_blocked()?;
        match self.mode {
            Some(QueueMode::Messaging) => self.secure(key),
            _ => Err(Error::Auth),
        }
    }

    /// `RKEY`: only for addresses that were made as such.
    pub(crate) fn replace_recipients(&self) -> Result<(), Error> {
        self.unless_blocked()?;
        match self.mode {
            Some(QueueMode::Contact) => Ok(()),
            _ => Err(Error::Auth),
        }
    }

    /// `LSET`. Whether the fixed data are the same only the store knows.
    pub(crate) fn set_link(&self, link_id: &[u8]) -> Result<Linking, Error> {
        self.unless_blocked()?;
        match &self.link_id {
            _ if self.is_secured_messaging() => Err(Error::Auth),
            None => Ok(Linking::New),
            Some(present) if present == link_id => Ok(Linking::Replace),
            Some(_) => Err(Error::Auth),
        }
    }

    /// `LGET`.
    pub(crate) fn read_contact_link(&self) -> Result<(), Error> {
        self.unless_blocked()?;
        self.is_contact().then_some(()).ok_or(Error::Auth)
    }
}
