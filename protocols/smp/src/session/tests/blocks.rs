//! Blocks after the handshake: how full they get, and that no bad one ends a session.

use super::pair::Pair;
use crate::wire::*;

#[test]
fn a_bad_block_is_one_error_and_the_next_is_read() {
    for version in [6, 10, 18] {
        let mut pair = Pair::of_version(version);
        for content in [
            &b""[..],
            b"\0",
            b"\x01",
            b"\x01\0\x02a",
            b"\x01\0\x01ab",
            b"\x02\0\x01a",
        ] {
            let block = pair.seal_content(content).unwrap();
            assert_eq!(pair.serve(block), None, "v{version} {content:?}");
            let block = pair.commands(&[Command::Lget]);
            assert_eq!(pair.serve(block), Some(vec!["LGET".to_owned()]));
        }
    }
}

#[test]
fn a_block_that_does_not_decrypt_moves_the_key_on() {
    let mut pair = Pair::of_version(18);
    let mut damaged = pair.commands(&[Command::Lget]);
    damaged[100] ^= 1;
    assert_eq!(pair.serve(damaged), None);
    let block = pair.commands(&[Command::Lget]);
    assert_eq!(pair.serve(block), Some(vec!["LGET".to_owned()]));
    // One that was made up has no place in the client's chain, and every later block is lost.
    assert_eq!(pair.serve(vec![0; BLOCK]), None);
    let block = pair.commands(&[Command::Lget]);
    assert_eq!(pair.serve(block), None);
}

#[test]
fn content_up_to_the_last_byte_is_read() {
    for (version, longest) in [(10, 16382), (18, 16366)] {
        let mut pair = Pair::of_version(version);
        // one transmission that is not one, but fills the block
        let mut content = vec![1];
        content.extend(u16::try_from(longest - 3).unwrap().to_be_bytes());
        content.resize(longest, 0xff);
        let block = pair.seal_content(&content).unwrap();
        assert_eq!(pair.serve(block), Some(vec!["Block".to_owned()]));
        content.push(0);
        assert!(pair.seal_content(&content).is_err());
    }
}

#[test]
fn answers_leave_in_as_few_blocks_as_fit() {
    let mut pair = Pair::of_version(18);
    let counts = |pair: &mut Pair, responses: &[Response<'_>]| -> Vec<usize> {
        let blocks = pair.responses(responses);
        blocks.into_iter().map(|b| pair.receive(b).len()).collect()
    };
    assert_eq!(counts(&mut pair, &vec![Response::Sok(None); 135]), [135]);
    assert_eq!(counts(&mut pair, &vec![Response::Ok; 300]), [255, 45]);
    let body = vec![0; 16122];
    let message = Response::Msg {
        id: super::pair::queue(),
        body: &body,
    };
    let mut with_messages = vec![Response::Sok(None); 3];
    with_messages.extend(vec![message; 3]);
    assert_eq!(counts(&mut pair, &with_messages), [4, 1, 1]);
    assert_eq!(counts(&mut pair, &[]), [0; 0]);
}

#[test]
fn what_fits_no_block_is_left_out_and_counted() {
    let mut pair = Pair::of_version(18);
    let parts = [16364, 1, 16364, 16364];
    let packed = pair.server.channel.pack(&parts, Vec::new(), |&n, _, out| {
        out.bytes(&vec![0; n]);
    });
    assert!(packed.block.is_some());
    assert_eq!((packed.rest, packed.too_large), (&parts[2..], 1));
    let packed = pair
        .server
        .channel
        .pack(packed.rest, Vec::new(), |&n, _, out| {
            out.bytes(&vec![0; n]);
        });
    assert!(packed.block.is_none());
    assert_eq!((packed.rest.len(), packed.too_large), (0, 2));
}

#[test]
fn the_memory_of_a_block_is_used_again() {
    let mut pair = Pair::of_version(18);
    let packed = pair
        .server
        .channel
        .pack(&[0_u8], Vec::with_capacity(BLOCK), |_, _, out| out.byte(1));
    let block = packed.block.unwrap();
    let place = block.as_ptr();
    let packed = pair
        .server
        .channel
        .pack(&[0_u8], block, |_, _, out| out.byte(2));
    let block = packed.block.unwrap();
    assert_eq!((block.as_ptr(), block.capacity()), (place, BLOCK));
}

#[test]
fn a_version_6_command_of_another_session_is_refused_with_its_correlation_id() {
    let pair = Pair::of_version(6);
    let mut other = Vec::new();
    write(&mut other, BLOCK, |out| {
        out.short(Short::EMPTY);
        out.short(Short::from(&[1; 32]));
        out.short(Short::cut(b"corr"));
        out.short(Short::EMPTY);
        out.bytes(b"PING");
    })
    .unwrap();
    let refusal = Request::parse(pair.server.channel.session(), &other).unwrap_err();
    assert_eq!(refusal.error, Error::Session);
    assert_eq!(refusal.corr_id, Short::cut(b"corr"));
    assert!(refusal.entity_id.is_empty());
}
