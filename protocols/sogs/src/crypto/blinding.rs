//! Blinded ids as a server sees them: from somebody's `05` id it can tell the blinded ids they
//! will come with.
//!
//! ```text
//! 15: k = BLAKE2b-64(server)               id = ±k·A   the sign cannot be known
//! 25: k = BLAKE2b-64(05 ‖ x ‖ server)      id = k·|A|  no ambiguity
//! ```

use curve25519_dalek::Scalar;

use super::point::edwards_of_x25519;
use super::{IdKind, SessionId, blake2b_64};

/// What one server's public key makes of ids.
#[derive(Clone, Debug)]
pub struct Blinding {
    server_public: [u8; 32],
    pub(super) k15: Scalar,
}

impl Blinding {
    /// For the server with this X25519 key.
    pub fn new(server_public: &[u8; 32]) -> Self {
        let k15 = Scalar::from_bytes_mod_order_wide(&blake2b_64(&[server_public]));
        Self {
            server_public: *server_public,
            k15,
        }
    }

    /// The `15` id without sign of a `05` id: its user comes as this one or as its negation.
    /// `None` if the id is of another kind or holds no key.
    pub fn blind15(&self, id: &SessionId) -> Option<SessionId> {
        Self::multiply(&self.k15, id, IdKind::Blinded15).map(SessionId::abs)
    }

    /// The `25` id of a `05` id.
    pub fn blind25(&self, id: &SessionId) -> Option<SessionId> {
        Self::multiply(&self.k25(id), id, IdKind::Blinded25)
    }

    pub(super) fn k25(&self, id: &SessionId) -> Scalar {
        let wide = blake2b_64(&[id.as_bytes(), &self.server_public]);
        Scalar::from_bytes_mod_order_wide(&wide)
    }

    fn multiply(factor: &Scalar, id: &SessionId, kind: IdKind) -> Option<SessionId> {
        if id.kind() != IdKind::Unblinded {
            return None;
        }
        let point = edwards_of_x25519(&id.key()).filter(|point| !point.is_small_order())?;
        Some(SessionId::new(kind, &(factor * point).compress().0))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::crypto::client::Client;
    use crate::vectors;

    #[test]
    fn reference_pairs_of_version_1() {
        let vectors = vectors::load();
        let case = &vectors["blind15_reference"];
        let blinding = Blinding::new(&vectors::bytes(&case["server_pub"]));
        for pair in case["seed_to_id15"].as_array().expect("pairs") {
            let client = Client::new(vectors::bytes(&pair[0]));
            let expected: SessionId = vectors::text(&pair[1]).parse().expect("an id");
            assert_eq!(blinding.blind15(&client.id05()), Some(expected.abs()));
            assert_eq!(client.id15(&blinding), expected);
        }
    }

    #[test]
    fn reference_cases_of_version_2() {
        let vectors = vectors::load();
        for case in vectors["blind25_reference"]["cases"]
            .as_array()
            .expect("cases")
        {
            let blinding = Blinding::new(&vectors::bytes(&case["server_pub"]));
            let id: SessionId = vectors::text(&case["session_id"]).parse().expect("an id");
            let blinded = blinding.blind25(&id).expect("a key").to_string();
            assert_eq!(blinded, vectors::text(&case["id25"]));
        }
    }

    #[test]
    fn computed_identities() {
        let vectors = vectors::load();
        let case = &vectors["identities"];
        let blinding = Blinding::new(&vectors::bytes(&case["server_pub"]));
        for user in case["users"].as_array().expect("users") {
            let client = Client::new(vectors::bytes(&user["seed"]));
            let id = client.id05();
            let abs = blinding.blind15(&id).expect("a key");
            assert_eq!(id.to_string(), vectors::text(&user["session_id"]));
            assert_eq!(abs.to_string(), vectors::text(&user["id15_abs"]));
            assert_eq!(abs.neg().to_string(), vectors::text(&user["id15_neg"]));
            let id25 = blinding.blind25(&id).expect("a key");
            assert_eq!(id25.to_string(), vectors::text(&user["id25"]));
            assert_eq!(
                client.id15(&blinding).to_string(),
                vectors::text(&user["id15"])
            );
            let k15 = vectors::hex(&user["k15"]);
            let k25 = vectors::hex(&user["k25"]);
            assert_eq!(blinding.k15.as_bytes().as_slice(), k15);
            assert_eq!(blinding.k25(&id).as_bytes().as_slice(), k25);
        }
    }

    #[test]
    fn blinded_and_broken_ids_are_not_blinded() {
        let blinding = Blinding::new(&[7; 32]);
        let blinded = SessionId::new(IdKind::Blinded15, &[1; 32]);
        let nobody = SessionId::new(IdKind::Unblinded, &[0; 32]);
        assert_eq!(blinding.blind15(&blinded), None);
        assert_eq!(blinding.blind25(&blinded), None);
        assert_eq!(blinding.blind15(&nobody), None);
    }

    proptest! {
        #[test]
        fn servers_know_their_users_up_to_the_sign(seed: [u8; 32], server: [u8; 32]) {
            let blinding = Blinding::new(&server);
            let client = Client::new(seed);
            let abs = blinding.blind15(&client.id05()).expect("a key");
            prop_assert!([abs, abs.neg()].contains(&client.id15(&blinding)));
            prop_assert_eq!(blinding.blind25(&client.id05()), Some(client.id25(&blinding)));
        }
    }
}
