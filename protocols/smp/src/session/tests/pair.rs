//! A client and a server without anything in between: every block passes through the test.

use rand::SeedableRng;
use rand::rngs::StdRng;
use relay_core::clock::UnixTime;
use rustls::pki_types::CertificateDer;

use crate::crypto::SigningKey;
use crate::identity::{Certificate, Identity, issue};
use crate::session::*;
use crate::wire::{
    Command, Draft, Reply, Request, Response, Short, TooLarge, Version, VersionRange,
};

pub(crate) const SESSION_ID: [u8; 32] = [0x40; 32];

/// How both sides begin; a test changes what it is about.
pub(crate) struct Start {
    pub(crate) identity: Identity,
    pub(crate) server_versions: VersionRange,
    pub(crate) alpn: bool,
    pub(crate) expected: Expected,
    pub(crate) rng: StdRng,
}

/// Both sides of a session.
pub(crate) struct Pair {
    pub(crate) client: ClientSession,
    pub(crate) server: ServerSession,
}

pub(crate) fn range(min: u16, max: u16) -> VersionRange {
    VersionRange::new(Version(min), Version(max)).unwrap()
}

const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);

fn identity(leaf_key: SigningKey, rng: &mut StdRng) -> Identity {
    let ca_key = SigningKey::generate(rng);
    let ca = issue::ca(&ca_key, NOW, rng).unwrap();
    let issuer = (&Certificate::parse(&ca).unwrap(), &ca_key);
    let name = issue::LeafName::Host("smp.example.org".to_owned());
    let leaf = issue::leaf(name, &leaf_key, issuer, NOW, rng).unwrap();
    let chain = [leaf, ca].map(CertificateDer::from);
    Identity::new(chain.into(), leaf_key, NOW).unwrap()
}

/// The session of a client that is no service.
pub(crate) fn ordinary(received: Received) -> ServerSession {
    match received {
        Received::Client(session) => *session,
        Received::Service(_) => panic!("a service"),
    }
}

impl Start {
    pub(crate) fn new() -> Self {
        let mut rng = StdRng::seed_from_u64(1);
        Self::with_key(SigningKey::generate(&mut rng))
    }

    pub(crate) fn with_key(key: SigningKey) -> Self {
        let leaf_key = key.public().into();
        let identity = identity(key, &mut StdRng::seed_from_u64(3));
        Self {
            server_versions: range(6, 18),
            alpn: true,
            expected: Expected {
                fingerprint: identity.fingerprint(),
                leaf_key,
                session_id: SESSION_ID.into(),
                versions: range(6, 18),
                proxy: false,
            },
            identity,
            rng: StdRng::seed_from_u64(2),
        }
    }

    pub(crate) fn server(&mut self) -> (ServerHandshake, Vec<u8>) {
        self.try_server(&SESSION_ID).unwrap()
    }

    pub(crate) fn try_server(
        &mut self,
        session_id: &[u8],
    ) -> Result<(ServerHandshake, Vec<u8>), HandshakeFailure> {
        let offer = Offer {
            identity: &self.identity,
            versions: self.server_versions,
            alpn: self.alpn,
            session_id,
        };
        ServerHandshake::start(offer, &mut self.rng)
    }

    pub(crate) fn client(
        &mut self,
        hello: &[u8],
    ) -> Result<(ClientSession, Vec<u8>), HandshakeFailure> {
        ClientHandshake::new(self.expected.clone()).receive(hello, &mut self.rng)
    }

    pub(crate) fn pair(mut self) -> Pair {
        let (server, hello) = self.server();
        let (client, answer) = self.client(&hello).unwrap();
        let server = ordinary(server.receive(&answer, &[]).unwrap());
        Pair { client, server }
    }
}

impl Pair {
    pub(crate) fn of_version(version: u16) -> Self {
        let mut start = Start::new();
        start.expected.versions = range(version, version);
        start.pair()
    }

    /// A block of commands without authorization, as it leaves the client.
    pub(crate) fn commands(&mut self, commands: &[Command<'_>]) -> Vec<u8> {
        let packed = self
            .client
            .channel
            .pack(commands, Vec::new(), |command, session, out| {
                let draft = Draft::new(session.version, Short::cut(b"corr"), queue(), command);
                draft.unwrap().encode(session, None, out);
            });
        assert!(packed.rest.is_empty());
        packed.block.unwrap()
    }

    /// A block of anything, as it leaves a client that misbehaves.
    pub(crate) fn seal_content(&mut self, content: &[u8]) -> Result<Vec<u8>, TooLarge> {
        self.client.channel.packer().seal_content(content)
    }

    /// What the server reads in a block.
    pub(crate) fn serve(&mut self, mut block: Vec<u8>) -> Option<Vec<String>> {
        let channel = &mut self.server.channel;
        let batch = channel.open(&mut block).ok()?;
        let read = |bytes| match Request::parse(channel.session(), bytes) {
            Ok(request) => request.command.tag().to_owned(),
            Err(refusal) => format!("{:?}", refusal.error),
        };
        Some(batch.map(read).collect())
    }

    /// Blocks of responses, as they leave the server.
    pub(crate) fn responses(&mut self, mut responses: &[Response<'_>]) -> Vec<Vec<u8>> {
        let mut blocks = Vec::new();
        while !responses.is_empty() {
            let packed =
                self.server
                    .channel
                    .pack(responses, Vec::new(), |response, session, out| {
                        Reply::encode(
                            session,
                            Short::cut(b"corr"),
                            queue(),
                            |out| response.encode(session.version, out),
                            out,
                        );
                    });
            assert_eq!(packed.too_large, 0);
            blocks.extend(packed.block);
            responses = packed.rest;
        }
        blocks
    }

    /// What the client reads in a block.
    pub(crate) fn receive(&mut self, mut block: Vec<u8>) -> Vec<&'static str> {
        let channel = &mut self.client.channel;
        let batch = channel.open(&mut block).unwrap();
        let read = |bytes| {
            let reply = Reply::parse(channel.session(), bytes).unwrap();
            reply.response.unwrap().tag()
        };
        batch.map(read).collect()
    }
}

pub(crate) fn queue() -> Short<'static> {
    Short::from(&[7; 24])
}
