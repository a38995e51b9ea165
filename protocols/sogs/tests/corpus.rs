//! Every parser that reads what strangers send, fed with the files below `corpus/` and with what
//! becomes of them when bytes are changed, cut out and put in. None may panic.
//!
//! A target is a plain function of bytes, so that a fuzzer can be put in front of it. An input that
//! ever broke one becomes a file.

#![expect(clippy::expect_used, reason = "a test without its files fails")]

use std::path::Path;

use axum::http::{HeaderMap, HeaderValue};
use proptest::prelude::*;
use relay_core::clock::UnixTime;
use relay_sogs::crypto::{LegacyToken, ServerKey, SessionId};
use relay_sogs::domain::filter::words::WordList;
use relay_sogs::domain::filter::{Alphabet, FilterSettings};
use relay_sogs::domain::{reactions::Emoji, token::RoomToken};
use relay_sogs::wire::auth::{Credentials, HEADERS, KeyPolicy};
use relay_sogs::wire::content::MessageText;
use relay_sogs::wire::messages::{Content, NewMessage};
use relay_sogs::wire::moderation::{Ban, RoleChange};
use relay_sogs::wire::permissions::{LaterChange, PermissionChange};
use relay_sogs::wire::rooms::RoomChange;
use relay_sogs::wire::{ListLimits, Target, batch, disposition, inbox, legacy, onion, padding};

type Parser = fn(&[u8]);

const TARGETS: [(&str, Parser); 7] = [
    ("batch", batches),
    ("bodies", bodies),
    ("content", contents),
    ("headers", headers),
    ("onion_v3", onion_v3),
    ("onion_v4", onion_v4),
    ("targets", targets),
];

fn batches(bytes: &[u8]) {
    let parts = batch::parse(bytes, batch::MAX_PARTS).unwrap_or_default();
    for part in parts.into_iter().flatten() {
        assert!(part.target.path().starts_with('/'));
        assert!(HEADERS.iter().all(|name| !part.headers.contains_key(*name)));
    }
}

fn bodies(bytes: &[u8]) {
    let _ = (NewMessage::parse(bytes, 100), Content::parse(bytes, 100));
    let _ = (RoomChange::parse(bytes), inbox::parse_message(bytes, 100));
    let _ = (PermissionChange::parse(bytes), LaterChange::parse(bytes));
    let _ = (RoleChange::parse(bytes), Ban::parse(bytes));
    let _ = (
        legacy::parse_poll(bytes, 5),
        legacy::parse_message(bytes, 5),
    );
    let _ = (legacy::parse_file(bytes, 5), legacy::parse_ids(bytes));
    let _ = legacy::parse_public_key(bytes);
}

fn contents(bytes: &[u8]) {
    assert_eq!(padding::restore(padding::strip(bytes), bytes.len()), bytes);
    let settings = FilterSettings {
        alphabets: Alphabet::ALL.to_vec(),
        profanity: true,
        ..FilterSettings::default()
    };
    let text = MessageText::parse(bytes).unwrap_or_default();
    let _ = settings.judge(&text, &WordList::parse("darn\nson of a gun"));
}

fn headers(bytes: &[u8]) {
    let policy = KeyPolicy {
        require_blinded: false,
        accept_25: true,
    };
    if let Ok(value) = HeaderValue::from_bytes(bytes) {
        let all = HEADERS.map(|name| (name.parse().expect("a name"), value.clone()));
        let _ = Credentials::parse(&HeaderMap::from_iter(all), policy, |_| None);
    }
    let text = String::from_utf8_lossy(bytes);
    let _ = disposition::filename(&text);
    let _ = (text.parse::<SessionId>(), text.parse::<RoomToken>());
    let _ = LegacyToken::verify(&ServerKey::new(&[7; 32]), &text);
}

fn onion_v3(bytes: &[u8]) {
    let _ = onion::v3::parse(bytes);
    let _ = onion::open(&ServerKey::new(&[7; 32]), bytes);
}

fn onion_v4(bytes: &[u8]) {
    if let Some(request) = onion::v4::parse(bytes.to_vec()) {
        assert!(request.body.len() < bytes.len());
        let credentials = Credentials::parse(
            &request.headers,
            KeyPolicy {
                require_blinded: false,
                accept_25: false,
            },
            |_| None,
        );
        if let Ok(Some(credentials)) = credentials {
            let (method, target, body) = (&request.method, &request.target, &request.body);
            let _ = credentials.verify(
                &[7; 32],
                method,
                target,
                body,
                (UnixTime::from_secs(0), std::time::Duration::from_hours(24)),
            );
        }
    }
}

fn targets(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Some(target) = Target::parse(&text) {
        assert!(target.to_uri().is_ascii());
        let _ = (
            target.messages_query(ListLimits::default()),
            target.reactors_limit(),
        );
        for segment in target.path().split('/') {
            let _ = Emoji::parse(segment, 12);
        }
    }
}

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("corpus")
        .join(target);
    let files = std::fs::read_dir(folder).expect("a folder");
    let paths = files.map(|file| file.expect("a file").path());
    paths
        .map(|path| std::fs::read(path).expect("a file"))
        .collect()
}

#[test]
fn every_file_is_answered() {
    for (name, parse) in TARGETS {
        let files = corpus(name);
        assert!(!files.is_empty(), "{name}");
        for bytes in files {
            parse(&bytes);
            for len in 0..bytes.len() {
                parse(&bytes[..len]);
            }
        }
    }
}

#[derive(Clone, Debug)]
enum Edit {
    Change(prop::sample::Index, u8),
    Cut(prop::sample::Index, u8),
    Insert(prop::sample::Index, Vec<u8>),
}

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let edit = prop_oneof![
        any::<(prop::sample::Index, u8)>().prop_map(|(at, byte)| Edit::Change(at, byte)),
        any::<(prop::sample::Index, u8)>().prop_map(|(at, len)| Edit::Cut(at, len)),
        (
            any::<prop::sample::Index>(),
            "[\\[\\]{}\":,0-9.eE+%?/=&\\\\ -]{1,4}"
        )
            .prop_map(|(at, text)| Edit::Insert(at, text.into_bytes())),
    ];
    prop::collection::vec(edit, 1..6)
}

fn edited(mut bytes: Vec<u8>, edits: &[Edit]) -> Vec<u8> {
    for edit in edits {
        let len = bytes.len() + 1;
        match edit {
            Edit::Change(at, byte) => {
                if let Some(changed) = bytes.get_mut(at.index(len)) {
                    *changed = *byte;
                }
            }
            Edit::Cut(at, cut) => {
                let start = at.index(len);
                let end = bytes.len().min(start + usize::from(*cut));
                bytes.drain(start..end);
            }
            Edit::Insert(at, text) => {
                let at = at.index(len);
                bytes.splice(at..at, text.iter().copied());
            }
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn what_becomes_of_files_is_answered(edits in edits(), which: prop::sample::Index) {
        for (name, parse) in TARGETS {
            let files = corpus(name);
            let bytes = which.get(&files).clone();
            parse(&edited(bytes, &edits));
        }
    }
}
