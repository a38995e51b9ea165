//! Forwarded commands in the engine: several that came in different blocks, done together.

use super::relay::{Keys, PFWD, RFWD, SESSION, request};
use crate::crypto::forward::open_inner;
use crate::crypto::{Nonce, OwnedSignature, SigningKey};
use crate::engine::tests::bed::{Bed, Queue};
use crate::engine::{Answer, Connection, SessionFacts, Settings};
use crate::stats::Counter;
use crate::wire::*;

/// A proxy's connection.
struct Proxy {
    connection: Connection,
    keys: Keys,
}

impl Proxy {
    fn connect(bed: &Bed) -> Self {
        let keys = Keys::new();
        let connection = bed.engine.attach(SessionFacts {
            version: Version::NOTICES,
            session_key: Some(keys.relay.clone()),
            peer_key: Some(keys.proxy.public()),
            max_version: Version::NOTICES,
            service: None,
        });
        Self { connection, keys }
    }

    /// Forwards commands about a queue together; gives what their client is told.
    async fn forward(
        &mut self,
        queue: &Queue,
        commands: &[(Command<'_>, Option<&SigningKey>)],
    ) -> Vec<String> {
        let bodies: Vec<_> = (commands.iter())
            .map(|(command, key)| self.keys.forwarded(&content(&queue.sender, command, *key)))
            .collect();
        let requests: Vec<_> = bodies.iter().map(|body| Ok(request(body))).collect();
        let answers = self.connection.execute(&requests).await;
        assert!(answers.refused.is_empty(), "the proxy did nothing wrong");
        answers
            .done
            .iter()
            .map(|answer| self.told(answer))
            .collect()
    }

    fn told(&self, answer: &Answer) -> String {
        let mut bytes = Vec::new();
        write(&mut bytes, BLOCK, |out| answer.encode(SESSION, out)).unwrap();
        let reply = Reply::parse(SESSION, &bytes).unwrap();
        let Ok(Response::Rres(sealed)) = reply.response else {
            panic!("{reply:?}");
        };
        let (mut sealed, keys) = (sealed.to_vec(), &self.keys);
        let key = keys.proxy.box_key(&keys.relay.public()).unwrap();
        let plain = key.open(Nonce(RFWD).reversed(), &mut sealed).unwrap();
        let key = keys.client.box_key(&keys.relay.public()).unwrap();
        let inner = plain.get_mut(1 + PFWD.len()..).unwrap();
        let content = open_inner(&key, Nonce(PFWD).reversed(), inner).unwrap();
        let only = Batch::split(content).unwrap().single().unwrap();
        match Reply::parse(SESSION, only).unwrap().response.unwrap() {
            Response::Err(error) => String::from_utf8(error.to_bytes().unwrap()).unwrap(),
            other => other.tag().to_owned(),
        }
    }
}

fn content(entity: &[u8], command: &Command<'_>, key: Option<&SigningKey>) -> Vec<u8> {
    let (corr_id, entity) = (Short::from(&PFWD), Short::cut(entity));
    let draft = Draft::new(Version(17), corr_id, entity, command).unwrap();
    let signature = key.map(|key| key.sign(&draft.signed(SESSION).to_vec()));
    let credentials = signature.as_ref().map(|signature| Credentials {
        authorization: OwnedSignature::for_command(signature),
        service: None,
    });
    let mut batch = BatchWriter::new(Framing::Plain);
    let session = Session {
        version: Version(17),
        ..SESSION
    };
    batch
        .push(|out| draft.encode(session, credentials, out))
        .unwrap();
    batch.content().to_vec()
}

fn send(body: &[u8]) -> Command<'_> {
    let notification = false;
    Command::Send { notification, body }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_follows_a_key_finds_it() {
    for bed in Bed::each(Settings::default()).await {
        let mut recipient = bed.client();
        let queue = recipient.create().await;
        let mut proxy = Proxy::connect(&bed);
        let mut rng = relay_core::entropy::Entropy::seeded(5).rng();
        let (own, other) = (
            SigningKey::generate(&mut rng),
            SigningKey::generate(&mut rng),
        );
        let commands = [
            (send(b"first"), None),
            (Command::Skey(own.public()), Some(&own)),
            (send(b"second"), Some(&own)),
            (send(b"unsigned"), None),
            (send(b"of another"), Some(&other)),
            (Command::Skey(other.public()), Some(&other)),
            (send(b"third"), Some(&own)),
            (Command::Del, Some(&own)),
        ];
        let expected = [
            "OK",
            "OK",
            "OK",
            "AUTH",
            "AUTH",
            "AUTH",
            "OK",
            "CMD PROHIBITED",
        ];
        assert_eq!(proxy.forward(&queue, &commands).await, expected);
        let mut told = recipient.event().await;
        for body in ["first", "second", "third"] {
            assert_eq!(recipient.open(&queue, &told), body);
            told = recipient.ack(&queue, &told).await;
        }
        assert_eq!(told, "OK");
        let counters = bed.engine.counters();
        assert_eq!(counters.total(Counter::PMsgFwdsRecv), 8);
        assert_eq!(counters.total(Counter::MsgSent), 3);
        assert_eq!(counters.total(Counter::MsgSentAuth), 2);
    }
}
