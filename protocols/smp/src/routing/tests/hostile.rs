//! Whatever a relay sends to us as its client: the hello, answers, whole blocks. Nothing of it
//! panics, and what is passed on to clients fits what they are sent.

use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::StdRng;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

use crate::client::{CallError, Client, ForwardError};
use crate::crypto::SecretKey;
use crate::crypto::forward::Forwarded;
use crate::routing::failure::Failure;
use crate::session::tests::pair::Start;
use crate::session::{ClientHandshake, Expected, HandshakeFailure};
use crate::wire::*;

fn expected() -> Expected {
    Expected {
        proxy: true,
        ..Start::new().expected
    }
}

fn receive(message: &[u8]) -> Result<Version, HandshakeFailure> {
    let mut block = Vec::new();
    pad(&mut block, BLOCK, |out| out.bytes(message)).unwrap();
    let mut rng = StdRng::seed_from_u64(1);
    let (session, answer) = ClientHandshake::new(expected()).receive(&block, &mut rng)?;
    assert_eq!(answer.len(), BLOCK);
    Ok(session.channel.session().version)
}

fn hello() -> Vec<u8> {
    let (_, block) = Start::new().server();
    unpad(&block).unwrap().to_vec()
}

#[test]
fn a_proxy_does_not_speak_versions_that_would_encrypt_twice() {
    for (max, spoken) in [(18, 18), (14, 14), (13, 10), (11, 10), (10, 10), (8, 8)] {
        let mut hello = hello();
        hello[2..4].copy_from_slice(&u16::to_be_bytes(max));
        assert_eq!(receive(&hello), Ok(Version(spoken)), "{max}");
    }
    let mut hello = hello();
    hello[..4].copy_from_slice(&[0, 11, 0, 13]);
    assert_eq!(receive(&hello), Err(HandshakeFailure::Version));
}

#[test]
fn a_relay_without_a_key_is_told_apart() {
    let hello = hello();
    let keyless = &hello[..4 + 1 + usize::from(hello[4])];
    assert_eq!(receive(keyless), Err(HandshakeFailure::NoKey));
}

/// A relay that answers a forwarded command with the first of `blocks`, and so on.
async fn answered(blocks: Vec<Vec<u8>>) -> Result<Vec<u8>, ForwardError> {
    let (near, mut far) = duplex(1 << 20);
    let relay = async move {
        let (handshake, hello) = Start::new().server();
        far.write_all(&hello).await.unwrap();
        let mut block = vec![0; BLOCK];
        far.read_exact(&mut block).await.unwrap();
        handshake.receive(&block).unwrap();
        far.read_exact(&mut block).await.unwrap();
        for block in blocks {
            if far.write_all(&block).await.is_err() {
                return;
            }
        }
    };
    let client = async {
        let mut rng = StdRng::seed_from_u64(2);
        let limit = std::time::Duration::from_secs(5);
        let client = Client::over(near, expected(), limit, &mut rng).await;
        let (client, _events) = client.unwrap();
        let forwarded = Forwarded {
            corr_id: Short::cut(b"corr"),
            version: Version(17),
            key: SecretKey::generate(&mut rng).public(),
            inner: &[7; 16242],
        };
        client.forward(&forwarded).await
    };
    let (answer, ()) = tokio::join!(client, relay);
    answer
}

fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().start_paused(true).build().unwrap()
}

fn block(content: &[u8]) -> Vec<u8> {
    let mut block = Vec::new();
    pad(&mut block, BLOCK, |out| out.bytes(content)).unwrap();
    block
}

#[test]
fn a_block_that_cannot_be_split_ends_the_connection() {
    for content in [&b""[..], b"\0", b"\x02\0\x01a", b"\xff"] {
        let answer = runtime().block_on(answered(vec![block(content)]));
        let failure = answer.map_err(Failure::from);
        assert_eq!(failure, Err(Failure::Network), "{content:?}");
    }
}

#[test]
fn what_answers_nobody_is_not_an_answer() {
    let content = b"\x01\0\x05\0\0\0OK".to_vec();
    let answer = runtime().block_on(answered(vec![block(&content)]));
    assert!(
        matches!(answer, Err(ForwardError::Call(CallError::Closed))),
        "{answer:?}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_hello(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = receive(&bytes);
    }

    #[test]
    fn a_hello_with_some_bytes_changed(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut hello = hello();
        for (at, byte) in changes {
            let at = at.index(hello.len());
            hello[at] = byte;
        }
        let _ = receive(&hello);
        hello.truncate(cut.index(hello.len()));
        let _ = receive(&hello);
    }

    #[test]
    fn any_block_instead_of_an_answer(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let answer = runtime().block_on(answered(vec![block(&bytes)]));
        prop_assert!(answer.is_err());
    }

    #[test]
    fn any_answer(text in "(ERR |RRES |PKEY |)(PROXY |)(PROTOCOL |BROKER |)[A-Z_ ]{0,20}") {
        let reply = Response::parse(Version::NOTICES, text.as_bytes());
        let failure = match reply {
            Ok(Response::Err(error)) => Failure::from(ForwardError::Refused(error)),
            Ok(other) => Failure::from(ForwardError::Unexpected(other.tag())),
            Err(error) => Failure::from(ForwardError::Unread(error)),
        };
        // What the client is told can be read by it.
        let told = failure.error().to_bytes().unwrap();
        let said = [b"ERR ", &told[..]].concat();
        prop_assert_eq!(
            Response::parse(Version::NOTICES, &said),
            Ok(Response::Err(failure.error()))
        );
    }
}
