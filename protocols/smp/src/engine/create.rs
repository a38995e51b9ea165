//! `NEW`, and what a server adds to it: ids, and its half of each secret.

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::Said;
use super::answer::NewIds;
use super::change::{Change, Creation};
use super::connection::Connection;
use super::step::{Promise, Step};
use crate::crypto::{SecretKey, sender_id};
use crate::queue::{EntityId, Side};
use crate::store::LinkRow;
use crate::store::writes::{NewLinkRow, NewNotifierRow, NewQueue};
use crate::wire::{
    CommandError, DhKey, Error, New, NewLink, NewNotifier, QueueMode, QueueRequest, Short,
    SubscriptionMode,
};

/// The kind of a queue, and what its creator chose of it.
struct Wanted {
    mode: Option<QueueMode>,
    sender_id: Option<EntityId>,
    link: Option<NewLinkRow>,
}

impl Connection {
    pub(super) fn create(&self, corr_id: Short<'_>, new: &New<'_>) -> Result<Step, Error> {
        self.may_create(new.password)?;
        let subscribe = new.mode == SubscriptionMode::Subscribe;
        if self.service.is_some() && !subscribe {
            return Err(Error::Cmd(CommandError::Prohibited));
        }
        let entropy = &self.shared.entropy;
        let wanted = self.wanted(corr_id, new.request)?;
        let (body_secret, dh_key) = self.agree(&new.dh_key)?;
        let notifier = new.notifier.as_ref().map(|new| self.make_notifier(new));
        let (notifier, notifier_said) = match notifier.transpose()? {
            Some((row, dh_key)) => (Some(row), Some(dh_key)),
            None => (None, None),
        };
        let queue = NewQueue {
            recipient_id: entropy.bytes(),
            sender_id: wanted.sender_id.unwrap_or_else(|| entropy.bytes()),
            recipient_key: new.key,
            body_secret,
            mode: wanted.mode,
            link: wanted.link,
            notifier,
            service: self.serves(Side::Recipient),
            day: self.shared.today(),
        };
        let ids = NewIds {
            recipient_id: queue.recipient_id,
            sender_id: queue.sender_id,
            dh_key,
            mode: queue.mode,
            link_id: queue.link.as_ref().map(|link| link.id.clone()),
            service_id: self.service_id(),
            notifier: (queue.notifier.as_ref().map(|row| row.id)).zip(notifier_said),
        };
        let promise = Promise::Ids {
            chosen: wanted.sender_id.is_some(),
            said: Said::Ids(Box::new(ids)),
        };
        let creation = Creation { queue, subscribe };
        Ok(Step::Write(Change::Create(Box::new(creation)), promise))
    }

    fn may_create(&self, given: Option<Short<'_>>) -> Result<(), Error> {
        let settings = self.shared.settings.now();
        let known = match &settings.create_password {
            None => true,
            Some(password) => {
                let given = given.unwrap_or(Short::EMPTY);
                bool::from(password.as_slice().ct_eq(given.as_bytes()))
            }
        };
        let allowed = settings.new_queues && known;
        allowed.then_some(()).ok_or(Error::Auth)
    }

    fn wanted(
        &self,
        corr_id: Short<'_>,
        request: Option<QueueRequest<'_>>,
    ) -> Result<Wanted, Error> {
        let (mode, link) = match request {
            None => (None, None),
            Some(QueueRequest::Messaging(link)) => {
                let id = || self.shared.entropy.bytes::<24>().to_vec();
                (Some(QueueMode::Messaging), link.map(|link| (id(), link)))
            }
            Some(QueueRequest::Contact(link)) => {
                let link = link.map(|(id, link)| (id.as_bytes().to_vec(), link));
                (Some(QueueMode::Contact), link)
            }
        };
        let Some((id, link)) = link else {
            return Ok(Wanted {
                mode,
                sender_id: None,
                link: None,
            });
        };
        Ok(Wanted {
            mode,
            sender_id: Some(chosen_sender_id(corr_id, &link)?),
            link: Some(NewLinkRow {
                id,
                data: LinkRow::from(&link.data),
            }),
        })
    }

    /// A notifier with an id and the server's half of its secret.
    pub(super) fn make_notifier(
        &self,
        new: &NewNotifier,
    ) -> Result<(NewNotifierRow, DhKey), Error> {
        let (secret, dh_key) = self.agree(&new.dh_key)?;
        let row = NewNotifierRow {
            id: self.shared.entropy.bytes(),
            key: new.key,
            secret,
        };
        Ok((row, dh_key))
    }

    /// A secret shared with the holder of `key`, and our half of it.
    fn agree(&self, key: &DhKey) -> Result<(Zeroizing<[u8; 32]>, DhKey), Error> {
        let own = SecretKey::generate(&mut self.shared.entropy.rng());
        let secret = own.agree(key).ok_or(Error::Crypto)?;
        Ok((secret, own.public()))
    }
}

/// The id must follow from the correlation id, so that nobody can probe for ids.
fn chosen_sender_id(corr_id: Short<'_>, link: &NewLink<'_>) -> Result<EntityId, Error> {
    let id = sender_id(corr_id.as_bytes());
    if link.sender_id.as_bytes() == id {
        Ok(id)
    } else {
        Err(Error::Cmd(CommandError::Prohibited))
    }
}
