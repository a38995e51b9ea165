//! What comes encrypted and is not: any bytes, no panic, nothing opened. And what opens but
//! holds garbage, as a peer with the right key may send it.

use proptest::prelude::*;

use super::seal;
use crate::crypto::*;
use crate::wire::*;

proptest! {
    #[test]
    fn nothing_opens(bytes in proptest::collection::vec(any::<u8>(), 0..300), id: [u8; 24]) {
        let (key, nonce) = (BoxKey::new(&[1; 32]), Nonce(id));
        prop_assert!(message::open(&key, &id, &mut bytes.clone()).is_err());
        prop_assert!(message::open_notification(&key, nonce, &mut bytes.clone()).is_err());
        prop_assert!(forward::open_inner(&key, nonce, &mut bytes.clone()).is_err());
        prop_assert!(link::open(&key, &mut bytes.clone()).is_err());
        let mut chains = Chains::new(&id, &[1; 32]);
        prop_assert!(chains.to_server.open(&mut bytes.clone()).is_err());
        let _ = forward::Forwarded::parse(&bytes);
    }

    #[test]
    fn garbage_inside(bytes in proptest::collection::vec(any::<u8>(), 0..300), id: [u8; 24]) {
        let (key, nonce) = (BoxKey::new(&[1; 32]), Nonce(id));
        let sealed = seal(&key, nonce, &bytes);
        let _ = message::open(&key, &id, &mut sealed.clone());
        let _ = message::open_notification(&key, nonce, &mut sealed.clone());
        let _ = forward::open_inner(&key, nonce, &mut sealed.clone());
        if let Ok(content) = forward::open_inner(&key, nonce, &mut sealed.clone()) {
            let _ = Batch::split(content);
        }
    }

    #[test]
    fn any_key_is_a_key(key: [u8; 32], secret: [u8; 32], signature in any::<[[u8; 32]; 2]>()) {
        let secret = SecretKey::from_bytes(&secret);
        if let Some(shared) = secret.agree(&DhKey(key)) {
            prop_assert_ne!(&shared[..], &[0; 32][..]);
        }
        let signature: [u8; 64] = signature.concat().try_into().unwrap();
        let signed = Signed { session_id: Short::EMPTY, rest: b"rest" };
        let given = Authorization::Ed25519(&signature);
        let verifier = Verifier::new(None);
        prop_assert!(!verifier.verify(Some(&AuthKey::Ed25519(key)), given, signed, b""));
    }
}
