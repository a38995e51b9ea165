//! What a peer must not be able to do: make a handshake or a session panic.
//!
//! [`hello_to_server`], [`hello_to_client`], [`received`] and [`content`] are fuzz targets: any
//! bytes, no result. The corpus is every block of a handshake and of a session, whole, cut and
//! bent; it runs here as ordinary tests.

use proptest::prelude::*;

use super::pair::{Pair, Start, range};
use crate::wire::{BLOCK, Command, TooLarge, pad, unpad};

/// Before block encryption without and with batches, and today.
const VERSIONS: [u16; 3] = [6, 10, 18];

/// Anything instead of the client's hello.
fn hello_to_server(bytes: &[u8]) {
    for versions in [range(6, 6), range(6, 18)] {
        let mut start = Start::new();
        start.server_versions = versions;
        let (server, _) = start.server();
        let _ = server.receive(bytes, &[]);
    }
}

/// Anything instead of the server's hello.
fn hello_to_client(bytes: &[u8]) {
    let _ = Start::new().client(bytes);
}

/// Anything instead of a block, at either side; the sessions go on.
fn received(bytes: &[u8]) {
    for version in VERSIONS {
        let mut pair = Pair::of_version(version);
        for _ in 0..2 {
            let _ = pair.serve(bytes.to_vec());
            let channel = &mut pair.client.channel;
            let _ = channel.open(&mut bytes.to_vec()).map(Iterator::count);
        }
    }
}

/// Anything inside a block that decrypts: one error at most, and the next block is read.
fn content(bytes: &[u8]) {
    for version in VERSIONS {
        let mut pair = Pair::of_version(version);
        let Ok(block) = pair.seal_content(bytes) else {
            continue;
        };
        let _ = pair.serve(block);
        let block = pair.commands(&[Command::Lget]);
        assert_eq!(pair.serve(block), Some(vec!["LGET".to_owned()]));
    }
}

fn everything(bytes: &[u8]) {
    hello_to_server(bytes);
    hello_to_client(bytes);
    received(bytes);
    content(bytes);
    if let Ok(block) = padded(bytes) {
        hello_to_server(&block);
        hello_to_client(&block);
        received(&block);
    }
}

/// As a handshake's block.
fn padded(bytes: &[u8]) -> Result<Vec<u8>, TooLarge> {
    let mut block = Vec::new();
    pad(&mut block, BLOCK, |out| out.bytes(bytes))?;
    Ok(block)
}

/// What really passes between two.
fn corpus() -> Vec<Vec<u8>> {
    let mut start = Start::new();
    let (_, server_hello) = start.server();
    let (_, client_hello) = start.client(&server_hello).unwrap();
    let mut corpus = vec![server_hello, client_hello];
    for version in VERSIONS {
        let mut pair = Pair::of_version(version);
        corpus.push(pair.commands(&[Command::Lget, Command::Sub]));
        corpus.push(pair.seal_content(b"\x02\0\x01a").unwrap());
    }
    let contents: Vec<_> = corpus
        .iter()
        .filter_map(|block| Some(unpad(block).ok()?.to_vec()))
        .collect();
    corpus.extend(contents);
    corpus
}

#[test]
fn the_corpus_whole_and_cut() {
    for bytes in corpus() {
        let ends = [0, 1, 2, 3, bytes.len() / 2, bytes.len().saturating_sub(1)];
        for end in ends.into_iter().filter(|end| *end < bytes.len()) {
            everything(&bytes[..end]);
        }
        everything(&bytes);
        everything(&[&bytes[..], &[0]].concat());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_corpus_bent(
        which in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        xor in 1_u8..,
    ) {
        let corpus = corpus();
        let mut bytes = corpus[which.index(corpus.len())].clone();
        // The beginning has the lengths, the rest mostly padding.
        let end = bytes.len().min(600);
        if end > 0 {
            bytes[at.index(end)] ^= xor;
        }
        everything(&bytes);
    }

    #[test]
    fn anything(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        everything(&bytes);
    }
}
