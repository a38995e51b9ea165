//! What a relay makes of layers: each fault is told to whom it belongs.

use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::crypto::forward::{Forwarded, open_inner, seal_inner, seal_outer};
use crate::crypto::{Nonce, SecretKey};
use crate::engine::{Answer, Said};
use crate::routing::{Opened, Relaying};
use crate::wire::*;

const SESSION: Session<'static> = Session {
    version: Version::NOTICES,
    id: Short::EMPTY,
};
const RFWD: [u8; 24] = [1; 24];
const PFWD: [u8; 24] = [2; 24];

/// A relay, a proxy and a client, by their keys.
struct Keys {
    relay: SecretKey,
    proxy: SecretKey,
    client: SecretKey,
}

impl Keys {
    fn new() -> Self {
        let mut rng = StdRng::seed_from_u64(1);
        let mut key = || SecretKey::generate(&mut rng);
        Self {
            relay: key(),
            proxy: key(),
            client: key(),
        }
    }

    fn relaying(&self) -> Relaying {
        let (secret, peer) = (self.relay.clone(), self.proxy.public());
        Relaying::new(Some(secret), Some(peer), Version::NOTICES)
    }

    fn inner(&self, content: &[u8]) -> Vec<u8> {
        let key = self.client.box_key(&self.relay.public()).unwrap();
        seal_inner(&key, Nonce(PFWD), content).unwrap()
    }

    fn outer(&self, version: Version, inner: &[u8]) -> Vec<u8> {
        let forwarded = Forwarded {
            corr_id: Short::from(&PFWD),
            version,
            key: self.client.public(),
            inner,
        };
        self.outer_of(|out| out.put(&forwarded))
    }

    fn outer_of(&self, plain: impl FnOnce(&mut Writer<'_>)) -> Vec<u8> {
        let key = self.proxy.box_key(&self.relay.public()).unwrap();
        seal_outer(&key, Nonce(RFWD), plain).unwrap()
    }

    fn forwarded(&self, content: &[u8]) -> Vec<u8> {
        self.outer(Version(17), &self.inner(content))
    }
}

fn content(commands: &[&[u8]]) -> Vec<u8> {
    let mut batch = BatchWriter::new(Framing::Plain);
    for command in commands {
        let draft = Draft::of_bytes(Short::from(&PFWD), Short::cut(b"queue"), command).unwrap();
        batch.push(|out| draft.encode(SESSION, None, out)).unwrap();
    }
    batch.content().to_vec()
}

fn request(body: &[u8]) -> Request<'_> {
    Request {
        credentials: None,
        signed: Signed {
            session_id: Short::EMPTY,
            rest: &[],
        },
        corr_id: Short::from(&RFWD),
        entity_id: Short::EMPTY,
        command: Command::Rfwd(body),
    }
}

fn outer_error(relaying: &Relaying, body: &[u8]) -> Option<Error> {
    relaying.open(&request(body)).unwrap().err()
}

fn inside(opened: &Opened<'_>) -> Result<&'static str, Error> {
    let request = opened.request();
    request.map(|r| r.command.tag()).map_err(|r| r.error)
}

#[test]
fn what_is_wrong_with_a_layer_is_the_proxys_to_hear() {
    let keys = Keys::new();
    let relaying = keys.relaying();
    let good = content(&[b"SEND T body"]);
    let syntax = || Some(Error::Cmd(CommandError::Syntax));
    assert_eq!(outer_error(&relaying, &keys.forwarded(&good)), None);
    for (fault, body, expected) in [
        ("nothing", Vec::new(), Some(Error::Crypto)),
        ("no tag", vec![1; 15], Some(Error::Crypto)),
        ("another layer", vec![1; 16330], Some(Error::Crypto)),
        ("no text", keys.outer_of(|_| ()), syntax()),
        (
            "half a text",
            keys.outer_of(|out| out.bytes(&[24, 1, 2])),
            syntax(),
        ),
        (
            "no inner layer",
            keys.outer(Version(17), b""),
            Some(Error::Crypto),
        ),
        (
            "another inner layer",
            keys.outer(Version(17), &[7; 16242]),
            Some(Error::Crypto),
        ),
        (
            "too old",
            keys.outer(Version(7), &keys.inner(&good)),
            syntax(),
        ),
        (
            "too new",
            keys.outer(Version(19), &keys.inner(&good)),
            syntax(),
        ),
        (
            "two commands",
            keys.forwarded(&content(&[b"LGET", b"LGET"])),
            Some(Error::Block),
        ),
    ] {
        assert_eq!(outer_error(&relaying, &body), expected, "{fault}");
    }
    let point = DhKey([0; 32]);
    let small = keys.outer_of(|out| {
        out.short(Short::from(&PFWD));
        out.put(&Version(17));
        out.put(&point);
        out.bytes(&keys.inner(&good));
    });
    assert_eq!(outer_error(&relaying, &small), Some(Error::Crypto));
    let keyless = Relaying::new(Some(keys.relay.clone()), None, Version::NOTICES);
    let error = outer_error(&keyless, &keys.forwarded(&good)).unwrap();
    let text = error.to_bytes().unwrap();
    assert_eq!(text, b"PROXY BROKER TRANSPORT NO_AUTH");
}

#[test]
fn what_is_wrong_with_the_command_is_its_clients_alone() {
    let keys = Keys::new();
    let relaying = keys.relaying();
    let prohibited = Err(Error::Cmd(CommandError::Prohibited));
    for (inner, expected) in [
        (content(&[b"SEND T body"]), Ok("SEND")),
        (content(&[b"LGET"]), Ok("LGET")),
        (content(&[b"PFWD"]), Err(Error::Cmd(CommandError::Syntax))),
        (content(&[b"NONE"]), Err(Error::Cmd(CommandError::Unknown))),
        (content(&[b"SUB"]), Err(Error::Cmd(CommandError::NoAuth))),
        (content(&[b"PING"]), Err(Error::Cmd(CommandError::HasAuth))),
        (vec![0], Err(Error::Block)),
        (Vec::new(), Err(Error::Block)),
        (b"\x01\0\x01".to_vec(), Err(Error::Block)),
    ] {
        let body = keys.forwarded(&inner);
        let outside = request(&body);
        let opened = relaying.open(&outside).unwrap().unwrap();
        assert_eq!(inside(&opened), expected);
    }
    let ping = {
        let mut batch = BatchWriter::new(Framing::Plain);
        let draft = Draft::of_bytes(Short::from(&PFWD), Short::EMPTY, b"PING").unwrap();
        batch.push(|out| draft.encode(SESSION, None, out)).unwrap();
        keys.forwarded(batch.content())
    };
    let outside = request(&ping);
    let opened = relaying.open(&outside).unwrap().unwrap();
    assert_eq!(inside(&opened), prohibited);
}

#[test]
fn the_answer_goes_back_through_both_layers() {
    let keys = Keys::new();
    let relaying = keys.relaying();
    let body = keys.forwarded(&content(&[b"LGET"]));
    let outside = request(&body);
    let opened = relaying.open(&outside).unwrap().unwrap();
    let inside = Answer::to(Short::from(&PFWD), b"queue", Said::Err(Error::Auth));
    let mut bytes = Vec::new();
    write(&mut bytes, BLOCK, |out| {
        opened.answer(&inside).encode(SESSION, out)
    })
    .unwrap();
    let reply = Reply::parse(SESSION, &bytes).unwrap();
    assert_eq!(reply.corr_id, Short::from(&RFWD));
    let Ok(Response::Rres(sealed)) = reply.response else {
        panic!("{reply:?}");
    };
    let mut sealed = sealed.to_vec();
    let key = keys.proxy.box_key(&keys.relay.public()).unwrap();
    let plain = key.open(Nonce(RFWD).reversed(), &mut sealed).unwrap();
    let (corr_id, inner) = plain.split_at_mut(25);
    assert_eq!(
        (corr_id[0], &corr_id[1..], inner.len()),
        (24, &PFWD[..], 16242)
    );
    let key = keys.client.box_key(&keys.relay.public()).unwrap();
    let content = open_inner(&key, Nonce(PFWD).reversed(), inner).unwrap();
    let only = Batch::split(content).unwrap().single().unwrap();
    let reply = Reply::parse(SESSION, only).unwrap();
    assert_eq!(reply.corr_id, Short::from(&PFWD));
    assert_eq!(reply.response, Ok(Response::Err(Error::Auth)));
}

#[test]
fn an_answer_that_does_not_fit_is_an_error_of_the_layer() {
    let keys = Keys::new();
    let body = keys.forwarded(&content(&[b"LGET"]));
    let (relaying, outside) = (keys.relaying(), request(&body));
    let opened = relaying.open(&outside).unwrap().unwrap();
    let said = Said::Lnk {
        sender_id: [1; 24],
        fixed: vec![2; 8192],
        user: vec![3; 8192],
    };
    let answer = opened.answer(&Answer::to(Short::from(&PFWD), b"queue", said));
    let mut bytes = Vec::new();
    write(&mut bytes, BLOCK, |out| answer.encode(SESSION, out)).unwrap();
    let reply = Reply::parse(SESSION, &bytes).unwrap();
    assert_eq!(reply.response, Ok(Response::Err(Error::Block)));
}

proptest::proptest! {
    #[test]
    fn whatever_a_proxy_forwards(plain in proptest::collection::vec(0_u8.., 0..300)) {
        let keys = Keys::new();
        let relaying = keys.relaying();
        let outer = keys.outer_of(|out| out.bytes(&plain));
        let _ = relaying.open(&request(&outer));
        let inner = keys.forwarded(&plain);
        let outside = request(&inner);
        if let Some(Ok(opened)) = relaying.open(&outside) {
            let _ = opened.request();
        }
        let _ = relaying.open(&request(&plain));
    }
}
