//! The padding of messages: one byte 0x80, then zeros. It is not stored, and given back to the
//! byte: signatures cover it.

const MARK: u8 = 0x80;

/// What to store of a received body; its full length belongs beside it. A body that is not padded
/// is stored as it is, even if it ends in zeros.
pub fn strip(received: &[u8]) -> &[u8] {
    let zeros = received.iter().rev().take_while(|byte| **byte == 0).count();
    match received[..received.len() - zeros].split_last() {
        Some((&MARK, content)) => content,
        _ => received,
    }
}

/// The body as it was received: what is stored, padded to the length it had.
pub fn restore(stored: &[u8], len: usize) -> Vec<u8> {
    let mut padded = Vec::with_capacity(stored.len().max(len));
    padded.extend_from_slice(stored);
    if len > stored.len() {
        padded.push(MARK);
        padded.resize(len, 0);
    }
    padded
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::vectors;

    #[test]
    fn as_the_reference_stores_and_restores() {
        for case in vectors::load()["padding"]["cases"]
            .as_array()
            .expect("cases")
        {
            let received = vectors::hex(&case["received_hex"]);
            let stored = strip(&received);
            assert_eq!(stored, vectors::hex(&case["stored_hex"]));
            assert_eq!(received.len() as u64, case["data_size"]);
            let restored = restore(stored, received.len());
            assert_eq!(restored, vectors::hex(&case["restored_hex"]));
        }
    }

    proptest! {
        #[test]
        fn every_body_comes_back(content: Vec<u8>, marks in 0..3_usize, zeros in 0..300_usize) {
            let mut received = content;
            received.resize(received.len() + marks, MARK);
            received.resize(received.len() + zeros, 0);
            prop_assert_eq!(restore(strip(&received), received.len()), received);
        }
    }
}
