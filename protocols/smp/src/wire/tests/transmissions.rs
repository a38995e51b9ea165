//! Transmissions: the vectors, and what is refused with which error.

use super::vectors::{Vector, to_hex, vector};
use crate::wire::*;

fn session(version: u16, id: &[u8]) -> Session<'_> {
    Session {
        version: Version(version),
        id: Short::cut(id),
    }
}

/// Parses the vector's transmission, checks what is signed, and writes it again.
fn check(vector: &Vector, version: u16, session_id: &[u8]) {
    let bytes = vector.bytes("transmission");
    let session = session(version, session_id);
    let request = Request::parse(session, &bytes).unwrap();
    let draft = Draft::new(
        session.version,
        request.corr_id,
        request.entity_id,
        &request.command,
    )
    .unwrap();
    assert_eq!(request.signed.to_vec(), draft.signed(session).to_vec());
    let mut written = Vec::new();
    write(&mut written, BLOCK, |w| {
        draft.encode(session, request.credentials, w);
    })
    .unwrap();
    assert_eq!(to_hex(&written), to_hex(&bytes));
}

#[test]
fn vectors() {
    let session_id = vector("tx.new_v18_signed").bytes("session_id");
    for (id, version) in [
        ("tx.new_v18_signed", 18),
        ("tx.new_v9_signed", 9),
        ("tx.new_v6_signed", 6),
        ("tx.send_v18_authenticator", 18),
        ("tx.send_unsigned_v18", 18),
        ("tx.sub_v18_ed448", 18),
        ("tx.nsub_v18_service", 18),
        ("tx.nsubs_v18", 18),
    ] {
        check(&vector(id), version, &session_id);
    }
}

#[test]
fn what_is_signed_starts_with_the_session_id() {
    for (id, version) in [
        ("tx.new_v18_signed", 18),
        ("tx.new_v6_signed", 6),
        ("tx.sub_v18_ed448", 18),
    ] {
        let (bytes, session_id) = (
            vector(id).bytes("transmission"),
            vector("tx.new_v18_signed").bytes("session_id"),
        );
        let request = Request::parse(session(version, &session_id), &bytes).unwrap();
        assert_eq!(request.signed.to_vec(), vector(id).bytes("authorized"));
    }
}

#[test]
fn responses() {
    let vector = vector("tx.responses_v18");
    let session = session(18, &[0; 32]);
    for (name, expected) in [
        ("ok", Response::Ok),
        ("pong", Response::Pong),
        ("event_end", Response::End),
        ("err_block_no_corr", Response::Err(Error::Block)),
    ] {
        let bytes = vector.bytes(name);
        let reply = Reply::parse(session, &bytes).unwrap();
        assert_eq!(reply.response, Ok(expected.clone()));
        let mut written = Vec::new();
        write(&mut written, BLOCK, |w| {
            let response = |w: &mut Writer<'_>| expected.encode(session.version, w);
            Reply::encode(session, reply.corr_id, reply.entity_id, response, w);
        })
        .unwrap();
        assert_eq!(to_hex(&written), to_hex(&bytes));
    }
}

fn refusal(version: u16, bytes: &[u8]) -> (Vec<u8>, Vec<u8>, String) {
    let session = session(version, b"session");
    let refusal = Request::parse(session, bytes).unwrap_err();
    let mut text = Vec::new();
    write(&mut text, 0xff, |w| w.put(&refusal.error)).unwrap();
    (
        refusal.corr_id.as_bytes().to_vec(),
        refusal.entity_id.as_bytes().to_vec(),
        String::from_utf8(text).unwrap(),
    )
}

#[test]
fn refusals_carry_what_could_be_read() {
    let refused =
        |corr: &[u8], entity: &[u8], text: &str| (corr.to_vec(), entity.to_vec(), text.to_owned());
    let block = refused(b"", b"", "BLOCK");
    assert_eq!(refusal(18, b""), block);
    assert_eq!(refusal(18, b"\x40short"), block);
    assert_eq!(
        refusal(18, b"\x03abc2\x01c\x01eSUB"),
        block,
        "no such marker"
    );
    assert_eq!(
        refusal(18, b"\x03abc0\x01c\x01eSUB"),
        refused(b"c", b"", "BLOCK")
    );
    assert_eq!(
        refusal(6, b"\0\x05other\x01c\x01eSUB"),
        refused(b"c", b"", "SESSION")
    );
    assert_eq!(
        refusal(7, b"\0\x01c\x01eSUB="),
        refused(b"c", b"e", "CMD UNKNOWN")
    );
    assert_eq!(
        refusal(7, b"\0\x01c\x01eOK"),
        refused(b"c", b"e", "CMD UNKNOWN")
    );
    assert_eq!(
        refusal(19, b"\0\x01c\0RSLV a.b"),
        refused(b"c", b"", "CMD UNKNOWN")
    );
    assert_eq!(
        refusal(7, b"\0\x01c\x01eSUB "),
        refused(b"c", b"e", "CMD SYNTAX")
    );
    assert_eq!(
        refusal(7, b"\0\x01c\x01eACK"),
        refused(b"c", b"e", "CMD SYNTAX")
    );
    assert_eq!(
        refusal(7, b"\0\x01c\x01eSUB"),
        refused(b"c", b"e", "CMD NO_AUTH")
    );
}

#[test]
fn each_command_needs_its_credentials() {
    let check = |command: &[u8], authorized, entity: &[u8]| {
        let command = Command::parse(Version(18), command).unwrap();
        command
            .check_credentials(authorized, Short::cut(entity))
            .err()
    };
    let error = |error| Some(Error::Cmd(error));
    let (no_auth, has_auth, no_entity) = (
        error(CommandError::NoAuth),
        error(CommandError::HasAuth),
        error(CommandError::NoEntity),
    );
    let new = vector("cmd.NEW").bytes("v18_messaging");
    assert_eq!(check(&new, true, b""), None);
    assert_eq!(check(&new, false, b"q"), no_auth);
    assert_eq!(check(&new, true, b"q"), has_auth);
    assert_eq!(check(b"SEND T ", false, b"q"), None);
    assert_eq!(check(b"SEND T ", true, b"q"), None);
    assert_eq!(check(b"SEND T ", true, b""), no_entity);
    assert_eq!(check(b"LGET", false, b"q"), None);
    assert_eq!(check(b"LGET", true, b"q"), has_auth);
    assert_eq!(check(b"LGET", true, b""), no_entity);
    for free in [&b"PING"[..], b"RFWD x"] {
        assert_eq!(check(free, false, b""), None);
        assert_eq!(check(free, true, b""), has_auth);
        assert_eq!(check(free, false, b"q"), has_auth);
    }
    for bound in [&b"SUB"[..], b"NSUB", b"DEL", b"SUBS"] {
        assert_eq!(check(bound, true, b"q"), None);
        assert_eq!(check(bound, true, b""), no_auth);
        assert_eq!(check(bound, false, b"q"), no_auth);
    }
}

#[test]
fn flags_of_later_versions_are_passed_over() {
    let send = |text: &'static [u8]| Command::parse(Version(18), text);
    let expected = Command::Send {
        notification: true,
        body: b" b",
    };
    assert_eq!(send(b"SEND TFx1  b"), Ok(expected));
    assert_eq!(
        send(b"SEND F "),
        Ok(Command::Send {
            notification: false,
            body: b""
        })
    );
    let syntax = Err(Error::Cmd(CommandError::Syntax));
    assert_eq!(send(b"SEND F"), syntax);
    assert_eq!(send(b"SEND x y"), syntax);
}
