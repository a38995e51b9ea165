//! What is wrong with a command, as the reference's own syntax tests tell it.

#![expect(clippy::unwrap_used, reason = "tests stop at what they did not expect")]

use integration_tests::Bed;
use integration_tests::smp::{Smp, Tls, rng, tag};
use relay_smp::client::{Link, QueueKey};
use relay_smp::wire::{CommandError, Error, NameError};

const KEY: &[u8] = b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00";
const DH: &[u8] = b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x6e\x03\x21\x00";

/// The point of order one is a key as good as any where nothing is verified with it.
fn spki(prefix: &[u8]) -> Vec<u8> {
    [&[44], prefix, &[9; 32]].concat()
}

struct Case {
    name: &'static str,
    command: Vec<u8>,
    entity: &'static [u8],
    signed: bool,
    error: Result<&'static str, Error>,
}

const fn cmd(error: CommandError) -> Result<&'static str, Error> {
    Err(Error::Cmd(error))
}

fn case(
    name: &'static str,
    command: impl Into<Vec<u8>>,
    entity: &'static [u8],
    signed: bool,
    error: Result<&'static str, Error>,
) -> Case {
    Case {
        name,
        command: command.into(),
        entity,
        signed,
        error,
    }
}

const ID: &[u8] = b"abcdefghijklmnopqrstuvwx";
const SHORT_ID: &[u8] = b"1234";

fn cases() -> Vec<Case> {
    use CommandError::{HasAuth, NoAuth, NoEntity, Syntax, Unknown};
    let new = [b"NEW ", &*spki(KEY), &spki(DH), b"0S1M00"].concat();
    let key = [b"KEY ", &*spki(KEY)].concat();
    let nkey = [b"NKEY ", &*spki(KEY), &spki(DH)].concat();
    vec![
        case("unknown command", "HELLO", b"", false, cmd(Unknown)),
        case("wrong terminator", "SUB=", ID, true, cmd(Unknown)),
        case("a response is no command", "OK", ID, true, cmd(Unknown)),
        case("NEW without parameters", "NEW", b"", true, cmd(Syntax)),
        case("NEW with a bad key", "NEW 1234", b"", true, cmd(Syntax)),
        case(
            "NEW without a signature",
            new.clone(),
            b"",
            false,
            cmd(NoAuth),
        ),
        case("NEW about a queue", new, SHORT_ID, true, cmd(HasAuth)),
        case("KEY without a key", "KEY", ID, true, cmd(Syntax)),
        case("KEY with a bad key", "KEY 1234", ID, true, cmd(Syntax)),
        case(
            "KEY without a signature",
            key.clone(),
            ID,
            false,
            cmd(NoAuth),
        ),
        case("KEY without a queue", key.clone(), b"", true, cmd(NoAuth)),
        case("KEY of no queue", key.clone(), ID, true, Err(Error::Auth)),
        case(
            "KEY of an id of any length",
            key,
            SHORT_ID,
            true,
            Err(Error::Auth),
        ),
        case("NKEY without keys", "NKEY", ID, true, cmd(Syntax)),
        case("NKEY without a signature", nkey, ID, false, cmd(NoAuth)),
        case("SUB with a parameter", "SUB 1", ID, true, cmd(Syntax)),
        case("SUB without a signature", "SUB", ID, false, cmd(NoAuth)),
        case("SUB without a queue", "SUB", b"", true, cmd(NoAuth)),
        case("SUB of no queue", "SUB", ID, true, Err(Error::Auth)),
        case("OFF with a parameter", "OFF 1", ID, true, cmd(Syntax)),
        case("OFF without a signature", "OFF", ID, false, cmd(NoAuth)),
        case("DEL with a parameter", "DEL 1", ID, true, cmd(Syntax)),
        case("DEL without a signature", "DEL", ID, false, cmd(NoAuth)),
        case("GET without a queue", "GET", b"", true, cmd(NoAuth)),
        case("QUE of no queue", "QUE", ID, true, Err(Error::Auth)),
        case("SEND without parameters", "SEND", ID, false, cmd(Syntax)),
        case("SEND without flags", "SEND hello", ID, false, cmd(Syntax)),
        case("SEND without a space", "SEND T", ID, false, cmd(Syntax)),
        case(
            "SEND without a queue",
            "SEND T hi",
            b"",
            false,
            cmd(NoEntity),
        ),
        case("SEND to no queue", "SEND T hi", ID, false, Err(Error::Auth)),
        case(
            "signed SEND to no queue",
            "SEND T hi",
            ID,
            true,
            Err(Error::Auth),
        ),
        case("ACK without an id", "ACK", ID, true, cmd(Syntax)),
        case("ACK with a rest", "ACK \x01ab", ID, true, cmd(Syntax)),
        case(
            "ACK without a signature",
            "ACK \x01a",
            ID,
            false,
            cmd(NoAuth),
        ),
        case("ACK of no queue", "ACK \x01a", ID, true, Err(Error::Auth)),
        case("PING", "PING", b"", false, Ok("PONG")),
        case("PING with a parameter", "PING 1", b"", false, cmd(Syntax)),
        case("PING about a queue", "PING", ID, false, cmd(HasAuth)),
        case("PING signed", "PING", b"", true, cmd(HasAuth)),
        case("LGET signed", "LGET", ID, true, cmd(HasAuth)),
        case("LGET without a link", "LGET", b"", false, cmd(NoEntity)),
        case("LGET of no link", "LGET", ID, false, Err(Error::Auth)),
        case("NSUB of no notifier", "NSUB", ID, true, Err(Error::Auth)),
        case(
            "RSLV where nobody resolves names",
            "RSLV a.b",
            b"",
            false,
            Err(Error::Name(NameError::NoResolver)),
        ),
    ]
}

async fn ask(link: &mut Link<Tls>, case: &Case, key: &QueueKey) {
    let key = case.signed.then_some(key);
    let made = link
        .outgoing
        .misspelt(&case.command, case.entity, key, b"corr");
    link.outgoing.send(&[made.unwrap()]).await.unwrap();
    let received = link.incoming.receive().await.unwrap().unwrap();
    assert_eq!(received.len(), 1, "{}", case.name);
    assert_eq!(tag(&received[0]), case.error, "{}", case.name);
    assert_eq!(received[0].corr_id(), b"corr", "{}", case.name);
    assert_eq!(received[0].entity_id(), case.entity, "{}", case.name);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_of_a_command_has_its_error() {
    let bed = Bed::new().with_smp();
    let _daemon = bed.start();
    let mut link = Smp::of(&bed).link().await;
    for key in [QueueKey::ed25519(&mut rng()), QueueKey::x25519(&mut rng())] {
        for case in cases() {
            ask(&mut link, &case, &key).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transmission_that_is_none_is_a_block_error() {
    let bed = Bed::new().with_smp();
    let _daemon = bed.start();
    let mut link = Smp::of(&bed).link().await;
    for (transmission, corr_id) in [
        (&b""[..], &b""[..]),
        (b"\x05ab", b""),
        (b"\0\x09corr", b""),
        // an authorization of no known size: at least the correlation id is known
        (b"\x02ab0\x04corr\x02idSUB", b"corr"),
    ] {
        link.outgoing.send(&[transmission]).await.unwrap();
        let received = link.incoming.receive().await.unwrap().unwrap();
        assert_eq!(tag(&received[0]), Err(Error::Block), "{transmission:?}");
        assert_eq!(received[0].corr_id(), corr_id);
        assert!(received[0].entity_id().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_bad_transmission_does_not_spoil_its_block() {
    let bed = Bed::new().with_smp();
    let _daemon = bed.start();
    let mut link = Smp::of(&bed).link().await;
    let ping = |corr: &[u8]| link.outgoing.misspelt(b"PING", b"", None, corr).unwrap();
    let block = [ping(b"1"), b"\x05ab".to_vec(), ping(b"2")];
    link.outgoing.send(&block).await.unwrap();
    let mut tags = Vec::new();
    while tags.len() < 3 {
        let received = link.incoming.receive().await.unwrap().unwrap();
        tags.push(received.iter().map(tag).collect::<Vec<_>>());
        if tags.iter().flatten().count() == 3 {
            break;
        }
    }
    let refused = vec![Err(Error::Block)];
    assert_eq!(
        tags,
        [refused, vec![Ok("PONG"), Ok("PONG")]],
        "refusals leave first"
    );
}
