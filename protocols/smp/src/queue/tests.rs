//! The tables of section 8, as far as they need no store.

use super::*;
use crate::crypto::BoxKey;
use crate::wire::{AuthKey, BlockingInfo, BlockingReason, Error, QueueMode, Version};

const KEY: AuthKey = AuthKey::Ed25519([1; 32]);
const OTHER: AuthKey = AuthKey::Ed25519([2; 32]);
const INFO: BlockingInfo = BlockingInfo {
    reason: BlockingReason::Spam,
    notice: None,
};

fn queue(mode: Option<QueueMode>, sender_key: Option<AuthKey>) -> Record {
    Record {
        row: 1,
        revision: 0,
        recipient_id: [1; 24],
        sender_id: [2; 24],
        recipient_keys: vec![KEY],
        body_key: BoxKey::new(&[0; 32]),
        sender_key,
        mode,
        status: Status::Active,
        link_id: None,
        notifier: None,
        service: None,
        used: Used::on(0),
        expired: Expired::default(),
    }
}

fn with(status: Status) -> Record {
    Record {
        status,
        ..queue(Some(QueueMode::Messaging), None)
    }
}

const MODES: [Option<QueueMode>; 3] = [None, Some(QueueMode::Messaging), Some(QueueMode::Contact)];

#[test]
fn a_message_is_taken_by_an_active_queue_only_and_its_size_is_judged_first() {
    let size = |version| Version(version).max_body();
    for (status, answer) in [
        (Status::Active, Ok(())),
        (Status::Off, Err(Error::Auth)),
        (Status::Blocked(INFO), Err(Error::Blocked(INFO))),
    ] {
        for version in [6, 8, 11, 18] {
            let queue = with(status);
            assert_eq!(queue.may_send(size(version), Version(version)), answer);
            assert_eq!(
                queue.may_send(size(version) + 1, Version(version)),
                Err(Error::LargeMsg)
            );
        }
    }
}

#[test]
fn a_blocked_queue_refuses_and_a_suspended_one_does_not() {
    type Rule = fn(&Record) -> Result<(), Error>;
    let rules: [Rule; 4] = [
        Record::unless_blocked,
        |queue| queue.secure(&KEY).map(drop),
        |queue| queue.secure_by_sender(&KEY).map(drop),
        |queue| queue.set_link(b"link").map(drop),
    ];
    for rule in rules {
        assert_eq!(rule(&with(Status::Off)), Ok(()));
        assert_eq!(
            rule(&with(Status::Blocked(INFO))),
            Err(Error::Blocked(INFO))
        );
    }
    let contact = |status| Record {
        status,
        ..queue(Some(QueueMode::Contact), None)
    };
    for rule in [Record::replace_recipients, Record::read_contact_link] {
        assert_eq!(rule(&contact(Status::Off)), Ok(()));
        let blocked = contact(Status::Blocked(INFO));
        assert_eq!(rule(&blocked), Err(Error::Blocked(INFO)));
    }
}

#[test]
fn a_queue_is_secured_once() {
    for mode in MODES {
        let by_sender = mode == Some(QueueMode::Messaging);
        for (present, answer) in [
            (None, Ok(Decision::Change)),
            (Some(KEY), Ok(Decision::Done)),
            (Some(OTHER), Err(Error::Auth)),
        ] {
            let queue = queue(mode, present);
            assert_eq!(queue.secure(&KEY), answer);
            let answer = if by_sender { answer } else { Err(Error::Auth) };
            assert_eq!(queue.secure_by_sender(&KEY), answer);
        }
    }
}

#[test]
fn links_are_set_once_and_used_up_by_the_first_sender() {
    for mode in MODES {
        let linked = Record {
            link_id: Some(b"link".to_vec()),
            ..queue(mode, None)
        };
        assert_eq!(queue(mode, None).set_link(b"link"), Ok(Linking::New));
        assert_eq!(linked.set_link(b"link"), Ok(Linking::Replace));
        assert_eq!(linked.set_link(b"other"), Err(Error::Auth));
        let secured = Record {
            sender_key: Some(KEY),
            ..linked
        };
        let answer = if mode == Some(QueueMode::Contact) {
            Ok(Linking::Replace)
        } else {
            Err(Error::Auth)
        };
        assert_eq!(secured.set_link(b"link"), answer);
    }
}

#[test]
fn addresses_older_than_modes_show_their_link_until_secured_and_keep_their_keys() {
    for (mode, key, linked, rekeyed) in [
        (None, None, true, false),
        (None, Some(KEY), false, false),
        (Some(QueueMode::Messaging), None, false, false),
        (Some(QueueMode::Contact), Some(KEY), true, true),
    ] {
        let answer = |allowed: bool| allowed.then_some(()).ok_or(Error::Auth);
        let queue = queue(mode, key);
        assert_eq!(queue.read_contact_link(), answer(linked));
        assert_eq!(queue.replace_recipients(), answer(rekeyed));
    }
}
