//! Files: their way in and out, their names, who may, and how long they stay.

#![expect(clippy::expect_used, reason = "tests stop at what they did not expect")]

use integration_tests::sogs::{Answer, Caller, Over, Room, World, image, now, post};
use serde_json::{Value, json};

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

fn at(room: &Room, id: i64) -> String {
    room.at(&format!("/file/{id}"))
}

/// Posts with files attached; gives the number of the message.
#[track_caller]
fn shows(author: &Caller, room: &Room, files: &Value) -> i64 {
    let mut body = post(author, "see attachment");
    body["files"] = files.clone();
    let sent = author.post(&room.at("/message"), &body).created();
    sent["id"].as_i64().expect("a number")
}

/// How long a file will stay, to the nearest hour; `None` if for ever.
fn stays(caller: &Caller, room: &Room, id: i64) -> Option<i64> {
    let answer = caller.get(&at(room, id));
    assert_eq!(answer.status, 200, "{answer}");
    let expires = unix_time(answer.header("expires")?);
    Some((expires - now() + HOUR / 2) / HOUR * HOUR)
}

/// Of a date as HTTP has it: `Sun, 06 Nov 1994 08:49:37 GMT`.
fn unix_time(date: &str) -> i64 {
    let words: Vec<_> = date.split([' ', ':']).collect();
    let number = |at: usize| words[at].parse::<i64>().expect("a number");
    let months = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let month = i64::try_from(months.find(words[2]).expect("a month") / 3 + 1).expect("small");
    let (year, month) = if month > 2 {
        (number(3), month - 3)
    } else {
        (number(3) - 1, month + 9)
    };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + number(1)
        - 719_469;
    ((days * 24 + number(4)) * 60 + number(5)) * 60 + number(6)
}

fn upload(caller: &Caller, room: &Room, disposition: Option<&str>, bytes: &[u8]) -> Answer {
    let mut headers = vec![("Content-Type", "application/octet-stream")];
    headers.extend(disposition.map(|text| ("Content-Disposition", text)));
    caller.ask("POST", &room.at("/file"), &headers, bytes)
}

#[test]
fn the_bytes_of_an_upload_come_back() {
    World::each(|world| {
        let room = world.room("lounge");
        let alice = world.user();
        for size in [0, 1, 1023, 70_000, 1_000_000] {
            let bytes: Vec<u8> = (0..size)
                .map(|at: u32| (at.wrapping_mul(2_654_435_761) >> 24) as u8)
                .collect();
            let answer = upload(&alice, &room, None, &bytes);
            let id = answer.created()["id"].as_i64().expect("a number");
            for target in [at(&room, id), format!("{}/any-name.jpg", at(&room, id))] {
                let got = world.nobody().get(&target);
                assert_eq!(got.status, 200, "{got}");
                assert!(got.body == bytes, "{size} bytes differ");
                assert_eq!(got.header("content-type"), Some("application/octet-stream"));
                assert_eq!(got.header("content-disposition"), Some("attachment"));
                assert!((unix_time(got.header("date").expect("a date")) - now()).abs() < 60);
            }
        }
    });
}

/// The name in an answer, decoded.
fn name(answer: &Answer) -> Option<String> {
    let value = answer.header("content-disposition")?;
    let encoded = value.strip_prefix("attachment; filename*=UTF-8''")?;
    let mut bytes = Vec::new();
    let mut rest = encoded.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let hex = [rest.next()?, rest.next()?];
            bytes.push(u8::from_str_radix(str::from_utf8(&hex).ok()?, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

fn encoded(name: &str) -> String {
    use std::fmt::Write as _;
    name.bytes().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "%{byte:02X}");
        text
    })
}

#[test]
fn names_come_back_but_for_what_no_name_may_hold() {
    World::each(|world| {
        let room = world.room("lounge");
        let alice = world.user();
        let mut names: Vec<String> = [
            "normal.txt",
            "\\abc",
            "\\\\abc",
            "ass,asss---ass../../../asd",
            "/dev/null",
            "/proc/self/exe",
            "%0a%0d%%%%",
            "🎉.txt",
            "🎉.🎉",
            "🎉.🎉---../../../asd",
            "%00🎉.🎉---../../../asd",
            "\0\r\n\t\"';=",
            "..",
            ".",
            " ",
            "CON",
        ]
        .map(str::to_owned)
        .into();
        names.push("long".repeat(200));
        let latin1 = |seed: u32| {
            (0..32_u32).filter_map(move |at| char::from_u32((seed * 37 + at * 71) % 256))
        };
        names.extend((0..30).map(|seed| latin1(seed).collect()));
        for given in names {
            let disposition = format!("attachment; filename*=UTF-8''{}", encoded(&given));
            let answer = upload(&alice, &room, Some(&disposition), given.as_bytes());
            let id = answer.created()["id"].as_i64().expect("a number");
            let got = alice.get(&at(&room, id));
            assert_eq!(
                (got.status, &*got.body),
                (200, given.as_bytes()),
                "{given:?}"
            );
            let expected = given.replace(['\0', '/'], "\u{fffd}");
            assert_eq!(name(&got).as_deref(), Some(&*expected), "{given:?}");
        }
        let files = std::fs::read_dir(world.bed.data().join("sogs/files")).expect("a folder");
        assert!(files.count() > 0, "nothing was written elsewhere");
    });
}

#[test]
fn plain_and_bare_dispositions_are_understood() {
    World::each(|world| {
        let room = world.room("lounge");
        let alice = world.user();
        for (disposition, expected) in [
            (None, None),
            (Some("attachment"), None),
            (Some("attachment; filename=\"x y.txt\""), Some("x y.txt")),
            (Some("attachment; filename=plain.txt"), Some("plain.txt")),
        ] {
            let answer = upload(&alice, &room, disposition, b"x").created();
            let got = alice.get(&at(&room, answer["id"].as_i64().expect("a number")));
            assert_eq!(name(&got).as_deref(), expected, "{disposition:?}");
        }
    });
}

#[test]
fn files_stay_an_hour_and_with_a_message_two_weeks() {
    World::each(|world| {
        let room = world.room("lounge");
        let (alice, admin) = (world.user(), world.admin(&room));
        let first = alice.uploads(&room, "fug-1.jpeg", &image());
        assert_eq!(stays(&alice, &room, first), Some(HOUR));
        let message = shows(&alice, &room, &json!([first]));
        assert_eq!(stays(&alice, &room, first), Some(15 * DAY));

        let second = alice.uploads(&room, "fug-2.jpeg", &image());
        let mut edit = post(&alice, "better");
        // Android and iOS send numbers as text.
        edit["files"] = json!([second.to_string()]);
        alice
            .put(&room.at(&format!("/message/{message}")), &edit)
            .ok();
        let both = || [stays(&alice, &room, first), stays(&alice, &room, second)];
        assert_eq!(both(), [Some(15 * DAY); 2]);
        admin
            .post(&room.at(&format!("/pin/{message}")), &json!({}))
            .ok();
        assert_eq!(both(), [None; 2], "what is pinned stays");
        admin
            .post(&room.at(&format!("/unpin/{message}")), &json!({}))
            .ok();
        assert_eq!(both(), [Some(15 * DAY); 2]);

        alice.delete(&room.at(&format!("/message/{message}"))).ok();
        world.runs("sogs.files");
        for gone in [first, second] {
            alice.get(&at(&room, gone)).refused(404);
        }
    });
}

#[test]
fn a_file_belongs_to_the_first_message_of_its_uploader_in_its_room() {
    World::each(|world| {
        let (room, other) = (world.room("lounge"), world.room("other"));
        let (alice, bob, admin) = (world.user(), world.user(), world.admin(&room));
        let file = alice.uploads(&room, "a.jpeg", &image());
        shows(&bob, &room, &json!([file]));
        shows(&alice, &other, &json!([file, 999, "1000"]));
        assert_eq!(
            stays(&alice, &room, file),
            Some(HOUR),
            "not bob's, and not there"
        );
        let mine = shows(&alice, &room, &json!([file]));
        let later = shows(&alice, &room, &json!([file]));
        alice.delete(&room.at(&format!("/message/{later}"))).ok();
        assert_eq!(
            stays(&alice, &room, file),
            Some(15 * DAY),
            "still of the first"
        );
        alice.delete(&room.at(&format!("/message/{mine}"))).ok();
        alice.get(&at(&room, file)).refused(404);

        let shown = alice.uploads(&room, "room.png", &image());
        admin.put(&room.at(""), &json!({"image": shown})).ok();
        let message = shows(&alice, &room, &json!([shown]));
        assert_eq!(stays(&alice, &room, shown), None);
        alice.delete(&room.at(&format!("/message/{message}"))).ok();
        assert_eq!(
            stays(&alice, &room, shown),
            None,
            "the image of a room is nobody's attachment"
        );
    });
}

#[test]
fn files_are_found_only_in_their_room() {
    World::each(|world| {
        let (room, other) = (world.room("lounge"), world.room("other"));
        let alice = world.user();
        let file = alice.uploads(&room, "a.jpeg", &image());
        alice.get(&at(&other, file)).refused(404);
        alice.get(&room.at("/file/99999/bogus.exe")).refused(404);
        alice.get(&room.at("/file/x")).refused(404);
        alice.get("/room/nowhere/file/1").refused(404);
        world
            .banned()
            .get(&room.at("/file/99999/bogus.exe"))
            .refused(403);
    });
}

#[test]
fn uploading_and_downloading_need_their_permissions() {
    World::each(|world| {
        let room = world.room("lounge");
        let (alice, moderator) = (world.user(), world.moderator(&room));
        let file = alice.uploads(&room, "a.jpeg", &image());
        let permit = |what: Value| {
            moderator
                .post(&room.at(&format!("/permissions/{}", alice.id())), &what)
                .ok();
        };
        permit(json!({"read": false}));
        alice.get(&at(&room, file)).refused(403);
        permit(json!({"default_read": true, "write": false}));
        upload(&alice, &room, None, b"x").refused(403);
        permit(json!({"default_write": true, "upload": false}));
        upload(&alice, &room, None, b"x").refused(403);
        upload(&world.nobody(), &room, None, b"x").refused(401);
        upload(&world.banned(), &room, None, b"x").refused(403);
        upload(&moderator, &room, None, b"x").created();
    });
}

#[test]
fn files_too_large_are_refused_and_leave_nothing() {
    for over in [Over::Http, Over::AesGcm] {
        let files = toml::Table::from_iter([("max_size".to_owned(), "50KiB".into())]);
        let world = World::on(World::bed().with("sogs.files", files), over);
        let room = world.room("lounge");
        let alice = world.user();
        upload(&alice, &room, None, &vec![7; 51_200]).created();
        upload(&alice, &room, None, &vec![7; 51_201]).refused(413);
        assert_eq!(on_disk(&world.bed.data().join("sogs/files")), 1);
    }
}

#[test]
fn files_may_stay_for_ever() {
    for over in [Over::Http, Over::AesGcm] {
        let files = toml::Table::from_iter([("expiry".to_owned(), "0s".into())]);
        let world = World::on(World::bed().with("sogs.files", files), over);
        let room = world.room("lounge");
        let (alice, admin) = (world.user(), world.admin(&room));
        let file = alice.uploads(&room, "up1.txt", b"text");
        assert_eq!(stays(&alice, &room, file), Some(HOUR));
        let message = shows(&alice, &room, &json!([file]));
        assert_eq!(stays(&alice, &room, file), None);
        admin
            .post(&room.at(&format!("/pin/{message}")), &json!({}))
            .ok();
        admin
            .post(&room.at(&format!("/unpin/{message}")), &json!({}))
            .ok();
        assert_eq!(stays(&alice, &room, file), None);
    }
}

#[test]
fn expired_files_leave_the_disk() {
    let files = toml::Table::from_iter([("unattached_expiry".to_owned(), "1ms".into())]);
    let world = World::on(World::bed().with("sogs.files", files), Over::Http);
    let room = world.room("lounge");
    let alice = world.user();
    let folder = world.bed.data().join("sogs/files");
    let file = alice.uploads(&room, "short.txt", b"text");
    std::thread::sleep(std::time::Duration::from_millis(5));
    alice.get(&at(&room, file)).refused(404);
    world.runs("sogs.files");
    assert_eq!(on_disk(&folder), 0);
}

#[test]
fn parts_of_a_file_can_be_fetched() {
    let world = World::new(Over::Http);
    let room = world.room("lounge");
    let alice = world.user();
    let file = alice.uploads(&room, "a.bin", b"0123456789");
    let range = |range| alice.ask("GET", &at(&room, file), &[("Range", range)], b"");
    for (asked, expected) in [
        ("bytes=2-4", "234"),
        ("bytes=7-", "789"),
        ("bytes=-3", "789"),
    ] {
        let part = range(asked);
        assert_eq!((part.status, &*part.text()), (206, expected), "{asked}");
    }
    assert_eq!(
        range("bytes=2-4").header("content-range"),
        Some("bytes 2-4/10")
    );
    assert_eq!(range("bytes=10-").status, 416);
    assert_eq!(range("lines=1-2").status, 200);
}

/// How many files are anywhere below a folder.
fn on_disk(folder: &std::path::Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return 0;
    };
    let paths = entries.map(|entry| entry.expect("a name").path());
    paths
        .map(|path| if path.is_dir() { on_disk(&path) } else { 1 })
        .sum()
}
