//! What a peer must not be able to do: make a parser panic, or make it accept what means
//! something else when it is written again.
//!
//! [`commands`], [`responses`], [`hellos`], [`blocks`] and [`inner`] are fuzz targets: any bytes,
//! no result. The corpus is every byte string of the vectors, whole, cut and bent; it runs here
//! as ordinary tests.

use proptest::prelude::*;

use super::vectors::hex;
use crate::wire::*;

fn commands(version: Version, bytes: &[u8]) {
    let session = Session {
        version,
        id: Short::cut(b"session"),
    };
    let _ = Request::parse(session, bytes);
    if let Ok(command) = Command::parse(version, bytes) {
        let mut again = Vec::new();
        write(&mut again, usize::MAX, |w| command.encode(version, w)).unwrap();
        assert_eq!(Command::parse(version, &again), Ok(command));
    }
}

fn responses(version: Version, bytes: &[u8]) {
    let session = Session {
        version,
        id: Short::cut(b"session"),
    };
    let _ = Reply::parse(session, bytes);
    if let Ok(response) = Response::parse(version, bytes) {
        let mut again = Vec::new();
        write(&mut again, usize::MAX, |w| response.encode(version, w)).unwrap();
        let mut once_more = Vec::new();
        let heard = Response::parse(version, &again).unwrap();
        write(&mut once_more, usize::MAX, |w| heard.encode(version, w)).unwrap();
        assert_eq!(again, once_more);
    }
}

fn hellos(bytes: &[u8]) {
    let _ = ServerHello::parse(bytes);
    let _ = ServiceResult::parse(bytes);
    if let Ok(hello) = ClientHello::parse(bytes) {
        let again = hello.to_bytes().unwrap();
        assert_eq!(ClientHello::parse(&again), Ok(hello));
    }
}

fn blocks(bytes: &[u8]) {
    let _ = unpad(bytes);
    if let Ok(batch) = Batch::split(bytes) {
        let promised = batch.len();
        assert_eq!(batch.count(), promised);
    }
}

fn inner(bytes: &[u8]) {
    if let Ok(key) = PublicKey::from_spki(bytes) {
        assert_eq!(key.to_spki(), bytes);
    }
    if let Ok(signed) = SignedKey::parse(bytes) {
        let again = SignedKey::to_der(signed.object, signed.signature);
        assert_eq!(SignedKey::parse(&again), Ok(signed));
    }
    let _ = NotificationMeta::parse(bytes);
    if let Ok(message) = Message::parse(bytes) {
        assert_eq!(Message::parse(&message.to_bytes().unwrap()), Ok(message));
    }
}

fn everything(bytes: &[u8]) {
    for version in (6..=20).map(Version) {
        commands(version, bytes);
        responses(version, bytes);
    }
    hellos(bytes);
    blocks(bytes);
    inner(bytes);
}

/// Every hex string and every text of the vectors.
fn corpus() -> Vec<Vec<u8>> {
    fn collect(value: &serde_json::Value, into: &mut Vec<Vec<u8>>) {
        match value {
            serde_json::Value::Array(values) => values.iter().for_each(|v| collect(v, into)),
            serde_json::Value::Object(map) => map.values().for_each(|v| collect(v, into)),
            serde_json::Value::String(text) => {
                let is_hex = text.len().is_multiple_of(2)
                    && text
                        .bytes()
                        .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
                into.push(if is_hex {
                    hex(text)
                } else {
                    text.clone().into_bytes()
                });
            }
            _ => {}
        }
    }
    let file = include_str!("../../../vectors/smp-vectors.json");
    let mut corpus = Vec::new();
    collect(&serde_json::from_str(file).unwrap(), &mut corpus);
    corpus
}

#[test]
fn the_corpus_whole_and_cut() {
    let corpus = corpus();
    assert!(corpus.len() > 300);
    for bytes in corpus {
        everything(&bytes);
        let step = bytes.len() / 40 + 1;
        for end in (0..bytes.len()).step_by(step) {
            everything(&bytes[..end]);
            everything(&bytes[end..]);
        }
    }
}

#[test]
fn the_corpus_bent() {
    for mut bytes in corpus() {
        let step = bytes.len() / 40 + 1;
        for at in (0..bytes.len()).step_by(step) {
            let kept = bytes[at];
            for bent in [0, 1, b' ', b'0', b'1', 0x7f, 0xff, kept.wrapping_add(1)] {
                bytes[at] = bent;
                everything(&bytes);
            }
            bytes[at] = kept;
        }
    }
}

proptest! {
    #[test]
    fn anything(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        everything(&bytes);
    }

    #[test]
    fn anything_after_a_tag(
        tag in prop::sample::select(vec![
            "NEW", "SUBS", "KEY", "RKEY", "LSET", "NKEY", "ACK", "SEND", "PRXY", "PFWD", "RSLV",
            "IDS", "LNK", "SOK", "MSG", "NMSG", "PKEY", "ERR", "ERR BLOCKED", "ERR PROXY BROKER",
        ]),
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        everything(&[tag.as_bytes(), b" ", &bytes].concat());
    }
}
