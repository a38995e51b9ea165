//! Authentication: four headers in which a user signs a request.
//!
//! ```text
//! server(32) ‖ nonce(16) ‖ timestamp ‖ METHOD ‖ path ‖ ["?" ‖ query] ‖ [BLAKE2b-64(body)]
//! ```
//!
//! [`Credentials::parse`] checks their form, [`Credentials::verify`] the time and the signature, in
//! the order of [`AuthError`]. Only then is there a [`Verified`] caller to ask a database about:
//! nothing may be created, moved or burnt for somebody who only claims to be somebody.

use std::time::Duration;

use axum::http::{HeaderMap, Method};
use relay_core::clock::UnixTime;

use super::refusal::AuthError;
use super::{Target, hex_or_base64};
use crate::crypto::{IdKind, SessionId, VerifyKey, blake2b_64, session_id_of_ed25519};
use crate::private::private_debug;

/// The headers, in the order of their checks.
pub const HEADERS: [&str; 4] = [
    "x-sogs-pubkey",
    "x-sogs-nonce",
    "x-sogs-timestamp",
    "x-sogs-signature",
];

/// Who may sign.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct KeyPolicy {
    /// Refuse plain keys (`00`).
    pub require_blinded: bool,
    /// Accept `25` ids, which no client signs with yet.
    pub accept_25: bool,
}

/// Well-formed headers. Nothing is proved yet.
#[derive(Clone)]
pub struct Credentials {
    id: SessionId,
    key: VerifyKey,
    nonce: [u8; 16],
    timestamp: String,
    signature: [u8; 64],
}

/// A caller whose signature was verified.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct Verified {
    /// As stored: plain keys are `05` ids.
    pub id: SessionId,
    /// Must not be seen twice while [`Verified::timestamp`] would still be believed.
    pub nonce: [u8; 16],
    /// When the request was made, by the caller's clock.
    pub timestamp: UnixTime,
}

impl Credentials {
    /// Reads the headers; `None` if there are none, which is an anonymous request. `known` gives
    /// for prefix and key what was found valid before, which halves the cost.
    pub fn parse(
        headers: &HeaderMap,
        policy: KeyPolicy,
        known: impl FnOnce(&[u8; 33]) -> Option<VerifyKey>,
    ) -> Result<Option<Self>, AuthError> {
        let values = HEADERS.map(|name| headers.get(name).filter(|value| !value.is_empty()));
        let missing = values.iter().filter(|value| value.is_none()).count();
        let [Some(key), Some(nonce), Some(timestamp), Some(signature)] = values else {
            let missing = u8::try_from(missing).unwrap_or(4);
            let partial = Err(AuthError::Incomplete { missing });
            return if missing == 4 { Ok(None) } else { partial };
        };
        let key = key.to_str().map_err(|_| AuthError::BadPubkey)?;
        let (id, key) = parse_key(key, policy, known)?;
        let nonce = nonce.to_str().ok().and_then(hex_or_base64);
        let signature = signature.to_str().ok().and_then(hex_or_base64);
        let credentials = Self {
            id,
            key,
            nonce: nonce.ok_or(AuthError::BadNonce)?,
            signature: signature.ok_or(AuthError::BadSignature)?,
            timestamp: timestamp.to_str().unwrap_or_default().to_owned(),
        };
        credentials.time().ok_or(AuthError::BadTimestamp)?;
        Ok(Some(credentials))
    }

    /// Checks that the request is of now, give or take a tolerance, and signed.
    pub fn verify(
        &self,
        server_public: &[u8; 32],
        method: &Method,
        target: &Target,
        body: &[u8],
        time: (UnixTime, Duration),
    ) -> Result<Verified, AuthError> {
        let hash = (!body.is_empty()).then(|| blake2b_64(&[body]));
        self.verify_hashed(server_public, method, target, hash.as_ref(), time)
    }

    /// The same for a body that is not in memory any more: its BLAKE2b-64, nothing if it was empty.
    pub fn verify_hashed(
        &self,
        server_public: &[u8; 32],
        method: &Method,
        target: &Target,
        body: Option<&[u8; 64]>,
        (now, tolerance): (UnixTime, Duration),
    ) -> Result<Verified, AuthError> {
        let timestamp = self.time().ok_or(AuthError::BadTimestamp)?;
        let off = timestamp.since(now).max(now.since(timestamp));
        if off > tolerance {
            return Err(AuthError::TimestampOff);
        }
        let message = self.message(server_public, method, target, body);
        if !self.key.verify(&message, &self.signature) {
            return Err(AuthError::WrongSignature);
        }
        Ok(Verified {
            id: self.id,
            nonce: self.nonce,
            timestamp,
        })
    }

    /// The key as it was given, with its prefix, and what came of it.
    pub fn key(&self) -> ([u8; 33], VerifyKey) {
        let mut given = [0; 33];
        given[0] = match self.id.kind() {
            IdKind::Unblinded => 0,
            blinded => blinded.prefix(),
        };
        given[1..].copy_from_slice(&self.key.to_bytes());
        (given, self.key)
    }

    /// The bytes that must have been signed.
    pub fn message(
        &self,
        server_public: &[u8; 32],
        method: &Method,
        target: &Target,
        body: Option<&[u8; 64]>,
    ) -> Vec<u8> {
        let mut message = Vec::with_capacity(256);
        message.extend_from_slice(server_public);
        message.extend_from_slice(&self.nonce);
        message.extend_from_slice(self.timestamp.as_bytes());
        message.extend_from_slice(method.as_str().as_bytes());
        message.extend_from_slice(target.path().as_bytes());
        if !target.query().is_empty() {
            message.push(b'?');
            message.extend_from_slice(target.query().as_bytes());
        }
        message.extend_from_slice(body.map_or(&[], |hash| hash.as_slice()));
        message
    }

    fn time(&self) -> Option<UnixTime> {
        self.timestamp.trim().parse().ok().map(UnixTime::from_secs)
    }
}

fn parse_key(
    text: &str,
    policy: KeyPolicy,
    known: impl FnOnce(&[u8; 33]) -> Option<VerifyKey>,
) -> Result<(SessionId, VerifyKey), AuthError> {
    let bytes: [u8; 33] = hex_or_base64(text).ok_or(AuthError::BadPubkey)?;
    let (prefix, key) = bytes.split_first_chunk().unwrap_or((&[0xff], &[]));
    let blinded = match prefix {
        [0x00] => None,
        [0x15] => Some(IdKind::Blinded15),
        [0x25] if policy.accept_25 => Some(IdKind::Blinded25),
        _ => return Err(AuthError::BadPrefix),
    };
    let key: &[u8; 32] = key.try_into().map_err(|_| AuthError::BadPubkey)?;
    let checked = known(&bytes).or_else(|| VerifyKey::parse(key));
    let verify_key = checked.ok_or(AuthError::BadPoint)?;
    match blinded {
        Some(kind) => Ok((SessionId::new(kind, key), verify_key)),
        None if policy.require_blinded => Err(AuthError::BlindedOnly),
        None => Ok((session_id_of_ed25519(&verify_key), verify_key)),
    }
}

private_debug!(Credentials, Verified);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;
    use crate::vectors;

    const DAY: Duration = Duration::from_hours(24);

    const OPEN: KeyPolicy = KeyPolicy {
        require_blinded: false,
        accept_25: true,
    };
    const REFERENCE: KeyPolicy = KeyPolicy {
        require_blinded: true,
        accept_25: false,
    };

    fn headers(case: &Value) -> HeaderMap {
        let pairs = case["headers"].as_object().expect("headers").iter();
        pairs
            .map(|(name, value)| {
                let name = name.parse().expect("a name");
                let name: axum::http::HeaderName = name;
                (name, vectors::text(value).parse().expect("a value"))
            })
            .collect()
    }

    fn now(case: &Value) -> UnixTime {
        UnixTime::from_secs(vectors::text(&case["timestamp"]).parse().expect("seconds"))
    }

    fn verify(
        case: &Value,
        headers: &HeaderMap,
        policy: KeyPolicy,
        now: UnixTime,
    ) -> Result<Verified, AuthError> {
        let credentials = Credentials::parse(headers, policy, |_| None)?.expect("some headers");
        let server = case.get("server_pub").map(vectors::bytes);
        let server = server.unwrap_or_else(|| *vectors::server_key().public());
        let target = Target::parse(vectors::text(&case["path_signed"])).expect("a target");
        let method = vectors::text(&case["method"]).parse().expect("a method");
        let body = case["body_utf8"].as_str().unwrap_or_default().as_bytes();
        if headers["x-sogs-timestamp"] == vectors::text(&case["timestamp"]) {
            let hash = (!body.is_empty()).then(|| blake2b_64(&[body]));
            let message = credentials.message(&server, &method, &target, hash.as_ref());
            assert_eq!(message, vectors::hex(&case["signed_bytes_hex"]));
        }
        credentials.verify(&server, &method, &target, body, (now, DAY))
    }

    fn cases() -> Vec<Value> {
        vectors::load()["auth"].as_array().expect("cases").clone()
    }

    /// A case of version 1 blinding.
    fn blinded() -> Value {
        let mut cases = cases().into_iter();
        cases.find(|case| case["mode"] == "15").expect("a case")
    }

    fn changed(name: &'static str, value: &str) -> Result<(), AuthError> {
        let case = blinded();
        let mut headers = headers(&case);
        headers.insert(name, value.parse().expect("a value"));
        verify(&case, &headers, REFERENCE, now(&case)).map(|_| ())
    }

    #[test]
    fn reference_and_computed_requests_verify() {
        for case in cases() {
            let headers = headers(&case);
            let verified = verify(&case, &headers, OPEN, now(&case)).expect("a caller");
            assert_eq!(
                verified.id.to_string(),
                vectors::text(&case["session_id_stored"])
            );
            assert_eq!(verified.nonce.as_slice(), vectors::hex(&case["nonce_hex"]));
        }
    }

    #[test]
    fn policies_refuse_prefixes() {
        for case in cases() {
            let result = verify(&case, &headers(&case), REFERENCE, now(&case)).map(|_| ());
            let expected = match vectors::text(&case["mode"]) {
                "00" => Err(AuthError::BlindedOnly),
                "25" => Err(AuthError::BadPrefix),
                _ => Ok(()),
            };
            assert_eq!(result, expected);
        }
    }

    #[test]
    fn bad_points_are_refused_before_bad_nonces() {
        for case in vectors::load()["x_sogs_pubkey_points"]["cases"]
            .as_array()
            .expect("cases")
        {
            let key = format!("15{}", vectors::text(&case["hex"]));
            let mut headers = headers(&blinded());
            headers.insert("x-sogs-pubkey", key.parse().expect("a value"));
            headers.insert("x-sogs-nonce", "?".parse().expect("a value"));
            let error = Credentials::parse(&headers, REFERENCE, |_| None)
                .map(|_| ())
                .unwrap_err();
            let valid = case["valid"].as_bool().expect("valid");
            let expected = if valid {
                AuthError::BadNonce
            } else {
                AuthError::BadPoint
            };
            assert_eq!(error, expected, "{}", case["why"]);
        }
    }

    #[test]
    fn every_malformed_header_has_its_words() {
        assert_eq!(changed("x-sogs-pubkey", "15abc"), Err(AuthError::BadPubkey));
        let other = format!("05{}", "ab".repeat(32));
        assert_eq!(changed("x-sogs-pubkey", &other), Err(AuthError::BadPrefix));
        assert_eq!(
            changed("x-sogs-nonce", "AAAAAAAAAAAAAAAAAAAAAA="),
            Err(AuthError::BadNonce)
        );
        assert_eq!(
            changed("x-sogs-nonce", &"0".repeat(33)),
            Err(AuthError::BadNonce)
        );
        assert_eq!(
            changed("x-sogs-signature", "AAAA"),
            Err(AuthError::BadSignature)
        );
        assert_eq!(
            changed("x-sogs-timestamp", "soon"),
            Err(AuthError::BadTimestamp)
        );
        assert_eq!(
            changed("x-sogs-timestamp", "1.5"),
            Err(AuthError::BadTimestamp)
        );
        assert_eq!(
            changed("x-sogs-timestamp", "9".repeat(18).as_str()),
            Err(AuthError::TimestampOff)
        );
    }

    #[test]
    fn some_headers_are_not_none_and_not_all() {
        let mut headers = headers(&blinded());
        let parse = |headers: &HeaderMap| Credentials::parse(headers, OPEN, |_| None);
        for missing in 1..4_u8 {
            headers.remove(HEADERS[usize::from(missing)]);
            let error = parse(&headers).map(|_| ()).unwrap_err();
            assert_eq!(error, AuthError::Incomplete { missing });
        }
        headers.insert("x-sogs-pubkey", "".parse().expect("a value"));
        assert!(parse(&headers).expect("anonymous").is_none());
    }

    #[test]
    fn a_day_is_the_most_a_clock_may_be_off() {
        let case = blinded();
        let at = |millis| {
            let now = UnixTime::from_millis(now(&case).millis() + millis);
            verify(&case, &headers(&case), REFERENCE, now).map(|_| ())
        };
        let day = 86_400_000;
        for (millis, expected) in [
            (day, Ok(())),
            (-day, Ok(())),
            (day + 1, Err(AuthError::TimestampOff)),
            (-day - 1, Err(AuthError::TimestampOff)),
        ] {
            assert_eq!(at(millis), expected, "{millis}");
        }
    }

    proptest! {
        #[test]
        fn one_changed_bit_is_a_wrong_signature(at in 0..64_usize, bit in 0..8_u8) {
            let case = blinded();
            let mut headers = headers(&case);
            let signature = headers["x-sogs-signature"].to_str().expect("text");
            let mut bytes = hex_or_base64::<64>(signature).expect("a signature");
            bytes[at] ^= 1 << bit;
            let text = crate::wire::encode_base64(&bytes);
            headers.insert("x-sogs-signature", text.parse().expect("a value"));
            let result = verify(&case, &headers, REFERENCE, now(&case));
            prop_assert_eq!(result, Err(AuthError::WrongSignature));
        }

        #[test]
        fn any_header_is_answered(value: Vec<u8>, which in 0..4_usize) {
            if let Ok(value) = axum::http::HeaderValue::from_bytes(&value) {
                let mut headers = headers(&blinded());
                headers.insert(HEADERS[which], value);
                let _ = Credentials::parse(&headers, OPEN, |_| None);
            }
        }
    }
}
