//! Onion requests: both generations, both ciphers, and what is wrong with some of them.

#![expect(clippy::expect_used, reason = "tests stop at what they did not expect")]

use integration_tests::sogs::{Answer, Caller, Over, Role, World, post};
use relay_sogs::crypto::Encryption;
use serde_json::{Value, json};

const BOTH: [Encryption; 2] = [Encryption::AesGcm, Encryption::XChaCha20];

/// Sends a plaintext of the fourth generation; gives code, headers and body.
fn v4(caller: &Caller, encryption: Encryption, plaintext: &[u8]) -> (u64, Value, Vec<u8>) {
    let sealed = caller
        .server
        .sealing(encryption)
        .seal(plaintext)
        .expect("a key");
    let outer = posts(caller, "/oxen/v4/lsrpc", &sealed.body);
    assert_eq!(outer.status, 200, "{outer}");
    let reply = sealed.open(&outer.body).expect("two strings, sealed to us");
    (u64::from(reply.status), json!(reply.headers), reply.body)
}

fn posts(caller: &Caller, path: &str, body: &[u8]) -> Answer {
    caller.server.posts_onion(path, body).expect("an answer")
}

fn bencoded(parts: &[&str]) -> Vec<u8> {
    let parts: Vec<_> = parts
        .iter()
        .map(|part| format!("{}:{part}", part.len()))
        .collect();
    format!("l{}e", parts.concat()).into_bytes()
}

/// Sends JSON of the third generation where old clients do.
fn v3(caller: &Caller, path: &str, request: &Value) -> Value {
    let sealing = caller.server.sealing(Encryption::XChaCha20);
    let sealed = sealing.seal(request.to_string().as_bytes()).expect("a key");
    let outer = posts(caller, path, &sealed.body);
    assert_eq!(outer.status, 200, "{outer}");
    let reply = sealed.open_v3(&outer.body).expect("base64, sealed to us");
    serde_json::from_slice(&reply).unwrap_or_else(|error| panic!("{error}: {reply:?}"))
}

fn signed(caller: &Caller, method: &str, endpoint: &str, body: &str) -> Value {
    let headers = caller.sign(method, endpoint, body.as_bytes());
    headers
        .into_iter()
        .map(|(name, value)| (name.to_owned(), Value::from(value)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

#[test]
fn the_fourth_generation_carries_code_headers_and_body() {
    let world = World::new(Over::Http);
    let room = world.room("lounge");
    let (nobody, boss) = (world.nobody(), world.admin(&room));
    for encryption in BOTH {
        let request = json!({"method": "GET", "endpoint": "/room/lounge"});
        let (code, headers, body) = v4(&nobody, encryption, &bencoded(&[&request.to_string()]));
        assert_eq!(
            (code, headers),
            (200, json!({"content-type": "application/json"}))
        );
        let info: Value = serde_json::from_slice(&body).expect("JSON");
        assert_ne!(info["moderator"], true);

        let headers = signed(&boss, "GET", "/room/lounge", "");
        let request = json!({"method": "GET", "endpoint": "/room/lounge", "headers": headers});
        let (_, _, body) = v4(&boss, encryption, &bencoded(&[&request.to_string()]));
        let info: Value = serde_json::from_slice(&body).expect("JSON");
        assert_eq!(info["moderator"], true);
    }
}

#[test]
fn both_generations_take_bodies_and_signatures() {
    let world = World::new(Over::Http);
    let room = world.room("lounge");
    let alice = world.user();
    let body = post(&alice, "sealed").to_string();
    let target = room.at("/message");
    let headers = signed(&alice, "POST", &target, &body);
    let request = json!({"method": "POST", "endpoint": target, "headers": headers}).to_string();
    let (code, _, _) = v4(&alice, Encryption::AesGcm, &bencoded(&[&request, &body]));
    assert_eq!(code, 201, "JSON is read without a content type");

    let body = post(&alice, "sealed as of old").to_string();
    let headers = signed(&alice, "POST", &target, &body);
    let request = json!({"method": "POST", "endpoint": target, "headers": headers, "body": body});
    for (path, expected) in [
        ("/loki/v3/lsrpc", json!(2)),
        ("/oxen/v3/lsrpc", Value::Null),
    ] {
        let reply = v3(&alice, path, &request);
        assert_eq!(reply["id"], expected, "the second is a repetition: {reply}");
    }
}

#[test]
fn the_third_generation_says_only_the_status_of_what_failed() {
    let world = World::new(Over::Http);
    world.room("lounge");
    let nobody = world.nobody();
    for path in ["/loki/v3/lsrpc", "/oxen/v3/lsrpc"] {
        let get = |endpoint: &str| {
            v3(
                &nobody,
                path,
                &json!({"method": "GET", "endpoint": endpoint}),
            )
        };
        assert_eq!(
            get("/room/lounge")["description"],
            "Test suite testing room"
        );
        assert_eq!(get("/room/nowhere"), json!({"status_code": 404}));
        assert_eq!(
            get("rooms")["status_code"],
            200,
            "without a slash it is the old API"
        );
        let null = json!({"method": "GET", "endpoint": "/capabilities", "body": "null"});
        assert_eq!(v3(&nobody, path, &null)["capabilities"][0], "blind");
        for bad in [
            json!({"method": "GET", "endpoint": "/capabilities", "body": "{}"}),
            json!({"method": "GET"}),
            json!([]),
        ] {
            assert_eq!(
                v3(&nobody, path, &bad),
                json!({"status_code": 400}),
                "{bad}"
            );
        }
    }
}

#[test]
fn malformed_plaintexts_are_answered_sealed() {
    let world = World::new(Over::Http);
    let nobody = world.nobody();
    let get = r#"{"method":"GET","endpoint":"/capabilities","headers":{}}"#;
    let no_slash = r#"{"method":"GET","endpoint":"capabilities","headers":{}}"#;
    for bad in [
        b"".to_vec(),
        b"le".to_vec(),
        b"l5:{}e".to_vec(),
        bencoded(&["{}"]),
        bencoded(&["[]"]),
        bencoded(&[no_slash]),
        bencoded(&[get, "", ""]),
        [bencoded(&[get]), b"x".to_vec()].concat(),
        get.as_bytes().to_vec(),
    ] {
        let (code, headers, body) = v4(&nobody, Encryption::XChaCha20, &bad);
        let text = String::from_utf8_lossy(&bad).into_owned();
        assert_eq!(
            (code, &*body),
            (400, &b"Invalid v4 onion request"[..]),
            "{text}"
        );
        assert_eq!(
            headers,
            json!({"content-type": "text/plain; charset=utf-8"})
        );
    }
    let (code, _, _) = v4(&nobody, Encryption::AesGcm, &bencoded(&[get]));
    assert_eq!(code, 200);
}

#[test]
fn what_cannot_be_opened_is_refused_in_clear() {
    let world = World::new(Over::Http);
    let nobody = world.nobody();
    let get = bencoded(&[r#"{"method":"GET","endpoint":"/capabilities","headers":{}}"#]);
    for path in ["/oxen/v4/lsrpc", "/oxen/v3/lsrpc", "/loki/v3/lsrpc"] {
        let good = world
            .server
            .sealing(Encryption::AesGcm)
            .seal(&get)
            .expect("a key")
            .body;
        let mut flipped = good.clone();
        flipped[20] ^= 1;
        let mut longer = good.clone();
        longer[1] = 0xff;
        let with = |outer: &str| [&8_u32.to_le_bytes()[..], &[0; 8], outer.as_bytes()].concat();
        let zero = format!(r#"{{"ephemeral_key":"{}"}}"#, "0".repeat(64));
        for bad in [
            Vec::new(),
            b"abc".to_vec(),
            flipped,
            longer,
            good[..good.len() - 1].to_vec(),
            with("{}"),
            with("[]"),
            with(r#"{"ephemeral_key":"xx"}"#),
            with(&zero),
        ] {
            let answer = posts(&nobody, path, &bad);
            assert_eq!(answer.status, 400, "{answer}");
        }
        assert_eq!(world.nobody().get(path).status, 405);
    }
}

#[test]
fn an_unknown_cipher_is_refused() {
    let world = World::new(Over::Http);
    let body = [
        &8_u32.to_le_bytes()[..],
        &[0; 8],
        format!(
            r#"{{"ephemeral_key":"{}","enc_type":"rot13"}}"#,
            "8167e97672005c669a48858c69895f395ca235219ac3f7a4210022b1f910e652"
        )
        .as_bytes(),
    ]
    .concat();
    assert_eq!(posts(&world.nobody(), "/oxen/v4/lsrpc", &body).status, 400);
}

#[test]
fn there_are_no_onions_in_onions() {
    for over in [Over::AesGcm, Over::XChaCha20] {
        let world = World::new(over);
        let get = bencoded(&[r#"{"method":"GET","endpoint":"/capabilities","headers":{}}"#]);
        let inner = world
            .server
            .sealing(Encryption::AesGcm)
            .seal(&get)
            .expect("a key")
            .body;
        let answer = world.nobody().ask("POST", "/oxen/v4/lsrpc", &[], &inner);
        assert!((400..500).contains(&answer.status), "{answer}");
    }
}

#[test]
fn encoded_and_raw_paths_have_one_signature() {
    World::each(|world| {
        let room = world.room("lounge");
        let alice = world.user();
        alice.says(&room, "one");
        let raw = room.at("/reaction/1/❤️");
        let encoded = room.at("/reaction/1/%E2%9D%A4%EF%B8%8F");
        for (signed, sent) in [
            (&raw, &encoded),
            (&encoded, &raw),
            (&raw, &raw),
            (&encoded, &encoded),
        ] {
            let headers = alice.sign("PUT", signed, b"");
            let answer = alice.server.send(alice.over, ("PUT", sent), &headers, b"");
            assert_eq!(answer.ok()["seqno"], 2);
        }
    });
}

#[test]
fn headers_outside_do_not_reach_inside() {
    let world = World::new(Over::Http);
    let room = world.room("lounge");
    let boss = world.global(Role::Admin);
    let get = bencoded(&[r#"{"method":"GET","endpoint":"/room/lounge","headers":{}}"#]);
    let sealed = world
        .server
        .sealing(Encryption::AesGcm)
        .seal(&get)
        .expect("a key");
    let headers = boss.sign("POST", "/oxen/v4/lsrpc", &sealed.body);
    let answer = world.server.send(
        Over::Http,
        ("POST", "/oxen/v4/lsrpc"),
        &headers,
        &sealed.body,
    );
    let reply = sealed.open(&answer.body).expect("a reply");
    let info: Value = serde_json::from_slice(&reply.body).expect("JSON");
    assert_ne!(info["global_admin"], true, "{info}");
    assert_eq!(info["token"], room.token);
}
