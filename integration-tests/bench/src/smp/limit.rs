//! What the cryptography of SMP's commands costs the relay, done in a loop and nothing else.
//!
//! A block is encrypted twice, by the protocol and as one record of TLS. The records here are
//! ring's ChaCha20-Poly1305, which is what rustls uses for them.

use std::time::Duration;

use ed25519_dalek::{Signer, Verifier, VerifyingKey};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use relay_smp::crypto::{BoxKey, Chains, Crrl, Nonce, SecretKey, SigningKey, X448, X448_LEN};
use relay_smp::wire::{BLOCK, PADDED_MESSAGE, TAG};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce as RecordNonce, UnboundKey};
use ring::digest::{SHA512, digest};

use super::scenario::{Scenario, SenderKey};
use crate::args::{LimitArgs, SmpArgs};
use crate::report::{Limit, Part};
use crate::timing::part;

/// Time for each step of the limit beside a run.
pub(crate) const LIMIT_STEP: Duration = Duration::from_millis(200);
/// As many `SUB`s fit in a block.
const BATCH: usize = 135;
/// Bytes of a message where nobody says.
const MESSAGE: usize = 16_000;
/// Bytes that are signed beside a message.
const COMMAND: usize = 150;

/// Beside a run.
pub(crate) fn limit(args: &SmpArgs, scenario: Scenario, each: Duration) -> Option<Limit> {
    let work = Work::new(args.size, each);
    work.limit(scenario, args.sender_key, args.queues(scenario))
}

/// What an operator can ask for without a relay.
pub(crate) fn limits(args: &LimitArgs) -> Vec<(String, Limit)> {
    let scenarios = [
        Scenario::Send,
        Scenario::Deliver,
        Scenario::Connect,
        Scenario::Subscribe,
    ];
    let limits = scenarios.into_iter().filter_map(|scenario| {
        let work = Work::new(MESSAGE, args.duration);
        let limit = work.limit(scenario, SenderKey::Ed25519, scenario.queues())?;
        Some((format!("smp, {}", scenario.name()), limit))
    });
    limits.collect()
}

struct Work {
    /// Bytes of a message.
    size: usize,
    each: Duration,
    rng: StdRng,
}

impl Work {
    fn new(size: usize, each: Duration) -> Self {
        let rng = StdRng::seed_from_u64(1);
        Self { size, each, rng }
    }

    /// `None` where nothing happens again and again.
    fn limit(mut self, scenario: Scenario, sender: SenderKey, queues: usize) -> Option<Limit> {
        let parts = match scenario {
            Scenario::Send => self.send(sender),
            Scenario::Deliver | Scenario::Mixed => self.deliver(sender),
            Scenario::Connect => self.handshake(),
            Scenario::Subscribe | Scenario::Storm => self.subscribe(queues),
            // Two servers share that work; one of them is measured.
            Scenario::Idle | Scenario::Proxy => return None,
        };
        Some(Limit::of(parts))
    }

    fn send(&mut self, sender: SenderKey) -> Vec<Part> {
        let mut parts = self.blocks(1, 1);
        parts.push(self.authorization("the sender's authorization", sender, self.size, 1));
        parts
    }

    /// In: SEND, ACK. Out: OK, MSG, OK.
    fn deliver(&mut self, sender: SenderKey) -> Vec<Part> {
        let mut parts = self.blocks(2, 3);
        parts.push(self.authorization("the sender's authorization", sender, self.size, 1));
        parts.push(self.authorization("the recipient's authorization", SenderKey::Ed25519, 0, 1));
        let (key, mut message) = (BoxKey::new(&[5; 32]), vec![0; TAG + PADDED_MESSAGE]);
        parts.push(part("encrypt the message", 1, self.each, || {
            key.seal(Nonce([6; 24]), &mut message);
        }));
        parts
    }

    fn subscribe(&mut self, queues: usize) -> Vec<Part> {
        let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let blocks = count(queues.div_ceil(BATCH));
        let mut parts = self.handshake();
        parts.extend(self.blocks(blocks, blocks));
        let name = "the recipient's authorizations, one by one";
        parts.push(self.authorization(name, SenderKey::Ed25519, 0, count(queues)));
        parts
    }

    fn blocks(&mut self, received: u32, sent: u32) -> Vec<Part> {
        let mut chains = Chains::new(b"session", &[7; 32]);
        let mut block = vec![0; BLOCK];
        let mut seal = || chains.to_client.seal(&mut block);
        // Opening a block is sealing it again, but for the comparison of a tag.
        let boxes = part(
            "encrypt or decrypt a block",
            received + sent,
            self.each,
            &mut seal,
        );
        let mut out = vec![
            part(
                "seal a block's TLS record",
                sent,
                self.each,
                record_sealer(),
            ),
            part(
                "open a block's TLS record",
                received,
                self.each,
                record_opener(),
            ),
        ];
        out.push(boxes);
        out
    }

    /// Of a command with so many bytes of a message.
    fn authorization(&mut self, name: &str, key: SenderKey, size: usize, times: u32) -> Part {
        let signed = vec![8; COMMAND + size];
        match key {
            SenderKey::Ed25519 => {
                let mut seed = [0; 32];
                self.rng.fill_bytes(&mut seed);
                let key = ed25519_dalek::SigningKey::from_bytes(&seed);
                let (signature, public) = (key.sign(&signed), key.verifying_key().to_bytes());
                part(name, times, self.each, || {
                    let key = VerifyingKey::from_bytes(&public);
                    key.is_ok_and(|key| key.verify(&signed, &signature).is_ok())
                })
            }
            SenderKey::X25519 => {
                let ours = SecretKey::generate(&mut self.rng);
                let theirs = SecretKey::generate(&mut self.rng).public();
                part(name, times, self.each, || {
                    let mut authenticator = [0; 80];
                    authenticator[TAG..].copy_from_slice(digest(&SHA512, &signed).as_ref());
                    let key = ours.box_key(&theirs)?;
                    key.seal(Nonce([9; 24]), &mut authenticator);
                    Some(authenticator)
                })
            }
        }
    }

    /// As two of today's meet: X448 for TLS, Ed25519 certificates, X25519 for the session, one
    /// block of hello each way.
    fn handshake(&mut self) -> Vec<Part> {
        let (each, rng) = (self.each, &mut self.rng);
        let peer = Crrl.public(&[9; X448_LEN]);
        let key = SigningKey::generate(rng);
        let theirs = SecretKey::generate(rng).public();
        vec![
            part("TLS: X448 key and agreement", 1, each, || {
                (
                    Crrl.public(&[7; X448_LEN]),
                    Crrl.agree(&[7; X448_LEN], &peer),
                )
            }),
            part("signatures of TLS and session key", 2, each, || {
                key.sign(&[1; 150])
            }),
            part("session: X25519 key and agreement", 1, each, || {
                let secret = SecretKey::generate(rng);
                (
                    secret.public(),
                    secret
                        .agree(&theirs)
                        .map(|secret| Chains::new(b"id", &secret)),
                )
            }),
            part("seal the hello's TLS record", 1, each, record_sealer()),
            part("open the hello's TLS record", 1, each, record_opener()),
        ]
    }
}

fn record_key() -> Option<LessSafeKey> {
    let key = UnboundKey::new(&CHACHA20_POLY1305, &[3; 32]).ok()?;
    Some(LessSafeKey::new(key))
}

fn record_sealer() -> impl FnMut() -> bool {
    let (key, mut record) = (record_key(), vec![0; BLOCK]);
    move || {
        let nonce = RecordNonce::assume_unique_for_key([0; 12]);
        let sealed = key.as_ref().map(|key| {
            key.seal_in_place_separate_tag(nonce, Aad::from([23, 3, 3, 64, 17]), &mut record)
        });
        sealed.is_some_and(|sealed| sealed.is_ok())
    }
}

/// A record that does not open costs less than one that does, so that each is opened afresh from
/// the same sealed bytes.
fn record_opener() -> impl FnMut() -> bool {
    let key = record_key();
    let mut sealed = vec![0; BLOCK];
    let nonce = || RecordNonce::assume_unique_for_key([0; 12]);
    if let Some(key) = &key {
        let _ = key.seal_in_place_append_tag(nonce(), Aad::empty(), &mut sealed);
    }
    let mut record = sealed.clone();
    move || {
        record.copy_from_slice(&sealed);
        let opened = key
            .as_ref()
            .map(|key| key.open_in_place(nonce(), Aad::empty(), &mut record));
        opened.is_some_and(|opened| opened.is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(scenario: Scenario, sender: SenderKey, queues: usize) -> Option<Vec<Part>> {
        let work = Work::new(MESSAGE, Duration::ZERO);
        work.limit(scenario, sender, queues)
            .map(|limit| limit.parts)
    }

    fn times(parts: &[Part], name: &str) -> u32 {
        parts
            .iter()
            .filter(|part| part.name.contains(name))
            .map(|part| part.times)
            .sum()
    }

    #[test]
    fn a_delivery_is_five_blocks_two_authorizations_and_a_message() {
        for sender in [SenderKey::Ed25519, SenderKey::X25519] {
            let parts = parts(Scenario::Deliver, sender, 1).unwrap();
            assert_eq!(times(&parts, "TLS record"), 5);
            assert_eq!(times(&parts, "encrypt or decrypt a block"), 5);
            assert_eq!(times(&parts, "authorization"), 2);
            assert!(parts.iter().all(|part| part.micros > 0.0));
        }
    }

    #[test]
    fn subscriptions_share_blocks() {
        let parts = parts(Scenario::Subscribe, SenderKey::Ed25519, 271).unwrap();
        assert_eq!(times(&parts, "authorizations"), 271);
        assert_eq!(times(&parts, "a block's TLS record"), 6);
    }

    #[test]
    fn who_does_nothing_has_no_limit() {
        assert!(parts(Scenario::Idle, SenderKey::Ed25519, 1).is_none());
    }

    #[test]
    fn records_are_sealed_and_opened() {
        assert!(record_sealer()());
        let mut open = record_opener();
        assert!(open() && open());
    }
}
