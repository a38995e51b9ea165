//! A user with a blinded id: signs requests and posts.

use data_encoding::BASE64;
use rand::rngs::StdRng;
use rand::{CryptoRng, Rng, SeedableRng};
use relay_sogs::crypto::client::{BlindedClient, Client};
use relay_sogs::crypto::{Blinding, SessionId, blake2b_64};

use super::request::Request;

/// Somebody on one server.
#[derive(Debug)]
pub(crate) struct User {
    server: [u8; 32],
    client: BlindedClient,
}

impl User {
    /// The user of this number that a seed makes.
    pub(crate) fn new(server: &[u8; 32], seed: u64, number: usize) -> Self {
        let number = u64::try_from(number).unwrap_or(u64::MAX);
        let mut rng = StdRng::seed_from_u64(seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut bytes = [0; 32];
        rng.fill_bytes(&mut bytes);
        Self {
            server: *server,
            client: Client::new(bytes).blinded15(&Blinding::new(server)),
        }
    }

    pub(crate) fn id(&self) -> SessionId {
        self.client.id()
    }

    /// The headers that make a request this user's.
    pub(crate) fn sign(
        &self,
        request: &Request,
        now: i64,
        rng: &mut impl CryptoRng,
    ) -> [(&'static str, String); 4] {
        let mut nonce = [0; 16];
        rng.fill_bytes(&mut nonce);
        let signature = self.client.sign(&self.signed_bytes(request, &nonce, now));
        [
            ("X-SOGS-Pubkey", self.client.id().to_string()),
            ("X-SOGS-Nonce", BASE64.encode(&nonce)),
            ("X-SOGS-Timestamp", now.to_string()),
            ("X-SOGS-Signature", BASE64.encode(&signature)),
        ]
    }

    /// The signature of a post.
    pub(crate) fn sign_post(&self, data: &[u8]) -> [u8; 64] {
        self.client.sign(data)
    }

    /// Our paths have nothing to be decoded, so they are signed as they stand.
    fn signed_bytes(&self, request: &Request, nonce: &[u8; 16], now: i64) -> Vec<u8> {
        let mut bytes = [self.server.as_slice(), nonce].concat();
        bytes.extend_from_slice(format!("{now}{}{}", request.method, request.endpoint).as_bytes());
        if !request.body.is_empty() {
            bytes.extend_from_slice(&blake2b_64(&[&request.body]));
        }
        bytes
    }
}
