//! Who callers are: the four headers, what is wrong with them, and what each fault is called.

use integration_tests::sogs::{As, Caller, Over, Signed, World, b64, now, post};
use serde_json::json;

const SIGNATURE: &str = "Invalid authentication: X-SOGS-Signature verification failed";
const REUSED: &str = "Invalid authentication: X-SOGS-Nonce cannot be reused";
const NONCE: &str =
    "Invalid authentication: X-SOGS-Nonce must be 16 bytes (encoded as base64 or hex)";
const CLOCK: &str = "Invalid authentication: X-SOGS-Timestamp is too far from current time";
const POINT: &str = "Invalid authentication: given X-SOGS-Pubkey is not a valid Ed25519 pubkey";
const REQUIRED: &str = "X-SOGS-* request authentication required";

/// Sends `GET /capabilities`, which needs nobody, with headers as they are.
#[track_caller]
fn sends(caller: &Caller, headers: &Signed) -> integration_tests::sogs::Answer {
    let target = ("GET", "/capabilities");
    caller.server.send(caller.over, target, headers, b"")
}

fn signed(caller: &Caller) -> Signed {
    caller.sign("GET", "/capabilities", b"")
}

/// The headers with one changed: 0 is the key, 1 the nonce, 2 the time, 3 the signature.
fn with(caller: &Caller, header: usize, change: impl Fn(&str) -> String) -> Signed {
    let mut headers = signed(caller);
    headers[header].1 = change(&headers[header].1);
    headers
}

#[test]
fn a_signature_is_taken_under_each_kind_of_id() {
    World::each_unblinded(|world| {
        let alice = world.user();
        alice.get("/rooms").ok();
        alice.signing(As::Blinded15).get("/rooms").ok();
        world.nobody().get("/rooms").ok();
    });
    World::each(|world| {
        world.user().get("/rooms").ok();
    });
}

#[test]
fn nonces_may_be_written_in_hex_or_without_padding() {
    World::each(|world| {
        let alice = world.user();
        sends(
            &alice,
            &with(&alice, 1, |nonce| nonce.trim_end_matches('=').to_owned()),
        )
        .ok();
        let hex = |nonce: &str| {
            let bytes = integration_tests::sogs::base64(&json!(nonce));
            data_encoding::HEXLOWER.encode(&bytes)
        };
        sends(&alice, &with(&alice, 1, hex)).ok();
        sends(&alice, &with(&alice, 0, str::to_uppercase)).ok();
    });
}

#[test]
fn clocks_may_be_a_day_off_and_no_more() {
    World::each(|world| {
        let alice = world.user();
        for off in [86_390, -86_390] {
            let headers = alice.sign_at("GET", "/capabilities", b"", now() + off);
            sends(&alice, &headers).ok();
        }
        for off in [86_410, -86_410] {
            let headers = alice.sign_at("GET", "/capabilities", b"", now() + off);
            sends(&alice, &headers).says(425, CLOCK);
        }
    });
}

#[test]
fn every_fault_of_the_headers_has_its_own_words() {
    World::each(|world| {
        let alice = world.user();
        let says = |header: usize, change: &dyn Fn(&str) -> String, status: u16, text: &str| {
            sends(&alice, &with(&alice, header, change)).says(status, text);
        };
        says(3, &|s| flipped(s), 401, SIGNATURE);
        says(
            3,
            &|s| s[..84].to_owned(),
            400,
            "Invalid authentication: X-SOGS-Signature is not base64[88]",
        );
        says(
            2,
            &|_| String::new(),
            400,
            "Invalid authentication headers: missing 1/4 required X-SOGS-* headers",
        );
        says(
            2,
            &|s| format!("{s}a"),
            400,
            "Invalid authentication: X-SOGS-Timestamp is not a valid timestamp",
        );
        says(1, &|s| format!("{s}="), 400, NONCE);
        says(1, &|s| s[..23].to_owned(), 400, NONCE);
        says(1, &|s| s[..18].to_owned(), 400, NONCE);
        says(1, &|_| "0".repeat(31), 400, NONCE);
        says(1, &|_| "0".repeat(30), 400, NONCE);
        says(1, &|_| "0".repeat(34), 400, NONCE);
        says(
            0,
            &|s| s[..65].to_owned(),
            400,
            "Invalid authentication: X-SOGS-Pubkey is not a valid 66-hex digit id",
        );
        says(
            0,
            &|s| format!("05{}", &s[2..]),
            400,
            "Invalid authentication: X-SOGS-Pubkey must be 00- or 15- prefixed",
        );
    });
}

fn flipped(signature: &str) -> String {
    let mut bytes = integration_tests::sogs::base64(&json!(signature));
    bytes[10] ^= 4;
    b64(&bytes)
}

#[test]
fn missing_headers_are_counted() {
    World::each(|world| {
        let alice = world.user();
        for missing in 1..4 {
            let headers = signed(&alice);
            let sent = &headers[missing..];
            let answer = alice.server.send(alice.over, ("GET", "/rooms"), sent, b"");
            let text = format!(
                "Invalid authentication headers: missing {missing}/4 required X-SOGS-* headers"
            );
            answer.says(400, &text);
        }
        let empty: Vec<_> = signed(&alice).map(|(name, _)| (name, String::new())).into();
        let answer = alice
            .server
            .send(alice.over, ("GET", "/capabilities"), &empty, b"");
        answer.ok();
    });
}

#[test]
fn a_signature_is_for_one_method_path_query_and_body() {
    World::each(|world| {
        let alice = world.user();
        let send = |method, target, headers: &Signed, body: &[u8]| {
            alice
                .server
                .send(alice.over, (method, target), headers, body)
        };
        let headers = alice.sign("GET", "/room/nowhere", b"");
        send("GET", "/capabilities", &headers, b"").says(401, SIGNATURE);
        let headers = alice.sign("GET", "/capabilities?required=sogs", b"");
        send("GET", "/capabilities", &headers, b"").says(401, SIGNATURE);
        let headers = alice.sign("POST", "/capabilities", b"");
        send("GET", "/capabilities", &headers, b"").says(401, SIGNATURE);
        let headers = alice.sign("POST", "/batch", b"[]");
        send("POST", "/batch", &headers, b"[ ]").says(401, SIGNATURE);
    });
}

#[test]
fn points_outside_the_main_subgroup_are_no_keys() {
    World::each_unblinded(|world| {
        let alice = world.user();
        for signs in [As::Plain, As::Blinded15] {
            let alice = alice.signing(signs);
            for torsion in [
                "0000000000000000000000000000000000000000000000000000000000000000",
                "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
                "0100000000000000000000000000000000000000000000000000000000000000",
                "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
            ] {
                let bad = |id: &str| format!("{}{torsion}", &id[..2]);
                sends(&alice, &with(&alice, 0, bad)).says(400, POINT);
            }
        }
    });
}

#[test]
fn servers_that_require_blinded_ids_say_so_in_the_words_clients_look_for() {
    World::each(|world| {
        let alice = world.user().signing(As::Plain);
        let text = "Invalid authentication: this server requires the use of blinded ids";
        alice.get("/capabilities").says(400, text);
        alice.get("/room/nowhere").says(400, text);
        alice.post("/batch", &json!([])).says(400, text);
    });
}

#[test]
fn ids_of_the_second_blinding_sign_where_that_is_switched_on() {
    World::each(|world| {
        let text = "Invalid authentication: X-SOGS-Pubkey must be 00- or 15- prefixed";
        world
            .stranger()
            .signing(As::Blinded25)
            .get("/rooms")
            .says(400, text);
    });
    for over in [Over::Http, Over::AesGcm] {
        let world = World::either(over);
        let room = world.room("lounge");
        let alice = world.stranger().signing(As::Blinded25);
        let sent = alice.says(&room, "from the future");
        assert_eq!(sent["session_id"], alice.id());
        assert!(alice.id().starts_with("25"));
    }
}

#[test]
fn a_nonce_is_good_once_for_reading_and_for_writing() {
    World::each(|world| {
        let room = world.room("lounge");
        let alice = world.user();
        let headers = signed(&alice);
        sends(&alice, &headers).ok();
        sends(&alice, &headers).says(425, REUSED);
        let body = post(&alice, "once").to_string().into_bytes();
        let target = room.at("/message");
        let headers = alice.sign("POST", &target, &body);
        let send = || {
            alice
                .server
                .send(alice.over, ("POST", &target), &headers, &body)
        };
        send().created();
        send().says(425, REUSED);
        let all = alice.get(&room.at("/messages/since/0")).ok();
        assert_eq!(all.as_array().map(Vec::len), Some(1));
    });
}

#[test]
fn a_request_that_changed_something_is_not_repeated_after_a_restart() {
    let world = World::new(Over::Http);
    let room = world.room("lounge");
    let alice = world.user();
    let body = post(&alice, "once").to_string().into_bytes();
    let target = room.at("/message");
    let headers = alice.sign("POST", &target, &body);
    let send = |caller: &Caller| {
        caller
            .server
            .send(Over::AesGcm, ("POST", &target), &headers, &body)
    };
    send(&alice).created();
    let _world = world.restarted();
    send(&alice).says(425, REUSED);
    let all = alice.get(&room.at("/messages/since/0")).ok();
    assert_eq!(all.as_array().map(Vec::len), Some(1));
}

#[test]
fn a_wrong_signature_uses_up_no_nonce() {
    World::each(|world| {
        let alice = world.user();
        let good = signed(&alice);
        let mut bad = good.clone();
        bad[3].1 = flipped(&bad[3].1);
        sends(&alice, &bad).says(401, SIGNATURE);
        sends(&alice, &good).ok();
    });
}

#[test]
fn who_is_banned_everywhere_hears_banned_everywhere() {
    World::each(|world| {
        let room = world.room("lounge");
        let alice = world.banned();
        for target in [
            "/capabilities",
            "/rooms",
            "/inbox",
            "/room/nowhere",
            "/room/lounge",
        ] {
            alice.get(target).says(403, "Banned");
        }
        alice
            .post(&room.at("/message"), &post(&alice, "hello"))
            .says(403, "Banned");
        alice.post("/batch", &json!([])).says(403, "Banned");
        world.nobody().get("/capabilities").ok();
    });
}

#[test]
fn what_needs_somebody_says_so() {
    World::each(|world| {
        let room = world.room("lounge");
        let sent = world.user().says(&room, "hello");
        let nobody = world.nobody();
        let someone = world.user().id();
        let message = room.at(&format!("/message/{}", sent["id"]));
        for target in [
            room.at("/message"),
            room.at("/file"),
            format!("/user/{someone}/ban"),
            format!("/user/{someone}/unban"),
            format!("/user/{someone}/moderator"),
            format!("/inbox/{someone}"),
        ] {
            nobody.post(&target, &json!({})).says(401, REQUIRED);
        }
        nobody.put(&message, &json!({})).says(401, REQUIRED);
        nobody.delete(&message).says(401, REQUIRED);
        nobody
            .delete(&room.at(&format!("/all/{someone}")))
            .says(401, REQUIRED);
        nobody
            .put(&room.at(&format!("/reaction/{}/x", sent["id"])), &json!({}))
            .says(401, REQUIRED);
        nobody.get("/inbox").refused(401);
        nobody.get("/outbox").refused(401);
        nobody.delete("/inbox").refused(401);
    });
}

#[test]
fn bad_headers_are_told_before_unknown_places() {
    World::each(|world| {
        let alice = world.user();
        let mut headers = alice.sign("GET", "/no/such/place", b"");
        let send = |headers: &Signed| {
            alice
                .server
                .send(alice.over, ("GET", "/no/such/place"), headers, b"")
        };
        send(&headers).refused(404);
        headers[3].1 = flipped(&headers[3].1);
        send(&headers).says(401, SIGNATURE);
        alice.post("/capabilities", &json!({})).refused(405);
        alice.get("/batch").refused(405);
    });
}
