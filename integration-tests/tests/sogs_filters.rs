//! Messages that are not wanted: by their alphabet or their words, told or silently.

#![expect(clippy::expect_used, reason = "tests stop at what they did not expect")]

use integration_tests::sogs::{Answer, Caller, Over, Room, World, b64};
use serde_json::{Value, json};
use toml::Table;

/// A message as the apps write it: its text in a protobuf, padded.
fn post(author: &Caller, text: &str) -> Value {
    let field = |bytes: &[u8]| {
        let length = u8::try_from(bytes.len()).expect("a short text");
        assert!(length < 0x80, "one byte of length");
        [&[0x0a, length], bytes].concat()
    };
    let mut data = field(&field(text.as_bytes()));
    data.push(0x80);
    data.resize(159, 0);
    json!({"data": b64(&data), "signature": b64(&author.signature(&data))})
}

#[track_caller]
fn posts(author: &Caller, room: &Room, text: &str) -> Answer {
    author.post(&room.at("/message"), &post(author, text))
}

fn world(over: Over, filter: &str) -> World {
    let filter: Table = filter.parse().expect("TOML");
    World::on(World::bed().with("sogs.filter", filter), over)
}

fn seen(reader: &Caller, room: &Room) -> usize {
    let messages = reader.get(&room.at("/messages/recent")).ok();
    messages.as_array().expect("a list").len()
}

#[test]
fn unwanted_alphabets_are_refused_and_named() {
    for over in [Over::Http, Over::AesGcm] {
        let world = world(
            over,
            "alphabets = ['cyrillic', 'arabic']\nalphabet_silent = false",
        );
        let room = world.room("lounge");
        let (alice, moderator) = (world.user(), world.moderator(&room));
        let text = "filtration rejected message (alphabet)";
        for unwanted in ["привет", "hello д", "مرحبا"] {
            posts(&alice, &room, unwanted).says(429, text);
            posts(&moderator, &room, unwanted).created();
        }
        for wanted in ["hello", "héllo wörld", "γειά", "👍"] {
            posts(&alice, &room, wanted).created();
        }
        let sent = posts(&alice, &room, "to be edited").created();
        let target = room.at(&format!("/message/{}", sent["id"]));
        alice.put(&target, &post(&alice, "привет")).says(429, text);
    }
}

#[test]
fn words_are_found_in_their_disguises() {
    for over in [Over::Http, Over::AesGcm] {
        let world = world(over, "profanity = true\nprofanity_silent = false");
        let room = world.room("lounge");
        let alice = world.user();
        let text = "filtration rejected message (profanity)";
        for unwanted in ["shit", "What a SHIT day", "sh1t"] {
            posts(&alice, &room, unwanted).says(429, text);
        }
        posts(&alice, &room, "what a lovely day").created();
    }
}

/// Who is filtered silently does not notice; nobody else notices either.
#[test]
fn silently_filtered_messages_are_taken_and_never_shown() {
    for over in [Over::Http, Over::AesGcm] {
        let world = world(over, "alphabets = ['cyrillic']\nalphabet_silent = true");
        let room = world.room("lounge");
        let (alice, moderator) = (world.user(), world.moderator(&room));
        let first = posts(&alice, &room, "hello").created();
        let hidden = posts(&alice, &room, "привет").created();
        assert_eq!(hidden["filtered"], true, "{hidden}");
        assert_eq!(hidden["session_id"], alice.id());
        let last = posts(&alice, &room, "bye").created();
        assert_eq!(
            last["seqno"].as_i64(),
            first["seqno"].as_i64().map(|seqno| seqno + 2)
        );
        for reader in [&alice, &moderator, &world.nobody()] {
            assert_eq!(seen(reader, &room), 2);
            let since = reader.get(&room.at("/messages/since/0?t=r")).ok();
            assert_eq!(since.as_array().map(Vec::len), Some(2));
            reader
                .get(&room.at(&format!("/message/{}", hidden["id"])))
                .refused(404);
        }
        let target = room.at(&format!("/message/{}", first["id"]));
        assert_eq!(alice.put(&target, &post(&alice, "привет")).ok(), json!({}));
        let unchanged = alice.get(&target).ok();
        assert_eq!(
            (&unchanged["data"], unchanged.get("edited")),
            (&first["data"], None)
        );
    }
}

#[test]
fn filtered_authors_hear_from_the_server_alone() {
    let filter = "profanity = true\n[[replies]]\nreplies = ['mind your language']";
    let world = world(Over::Http, filter);
    let room = world.room("lounge");
    let (alice, bob) = (world.user(), world.user());
    posts(&alice, &room, "shit").created();
    let heard = alice.get(&room.at("/messages/recent")).ok();
    assert_eq!(heard.as_array().map(Vec::len), Some(1), "{heard}");
    assert_eq!(
        (&heard[0]["whisper"], &heard[0]["whisper_to"]),
        (&json!(true), &json!(alice.id()))
    );
    let data = integration_tests::sogs::base64(&heard[0]["data"]);
    let said = String::from_utf8_lossy(&data).into_owned();
    assert!(
        said.contains("mind your language") && said.contains("SOGS"),
        "{said}"
    );
    assert!(
        heard[0]["session_id"]
            .as_str()
            .is_some_and(|id| id.starts_with("15"))
    );
    assert_eq!(seen(&bob, &room), 0);
}

#[test]
fn rooms_have_filters_of_their_own() {
    let rooms: Table = "[strict]\nalphabets = ['cyrillic']\nalphabet_silent = false"
        .parse()
        .expect("TOML");
    let world = World::on(World::bed().with("sogs.rooms", rooms), Over::Http);
    let (strict, lounge) = (world.room("strict"), world.room("lounge"));
    let alice = world.user();
    posts(&alice, &strict, "привет").refused(429);
    posts(&alice, &lounge, "привет").created();
}

#[test]
fn what_is_no_message_at_all_passes_or_is_refused_but_breaks_nothing() {
    let world = world(Over::Http, "alphabets = ['cyrillic']\nprofanity = true");
    let room = world.room("lounge");
    let alice = world.user();
    for data in [&b""[..], b"\0", b"\x0a\xff", b"\x0a\x05abc", &[0xff; 300]] {
        let body = json!({"data": b64(data), "signature": b64(&alice.signature(data))});
        let status = alice.post(&room.at("/message"), &body).status;
        assert!([201, 400].contains(&status), "{status}");
    }
}
