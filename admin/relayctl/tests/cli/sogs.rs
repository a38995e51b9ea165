//! `relayctl sogs`: a server run from the command line.

use serde_json::json;

use crate::support::{House, done, refused};

const ANN: &str = "05aa00000000000000000000000000000000000000000000000000000000000000";

/// The lines without what differs from server to server.
fn steady(house: &House, text: &str) -> String {
    let mut text = house.steady(text);
    while let Some(at) = text.find("public_key=") {
        let end = text[at + 11..].find(|c: char| !c.is_ascii_hexdigit());
        let end = end.map_or(text.len(), |end| at + 11 + end);
        text.replace_range(at..end, "KEY");
    }
    text
}

#[test]
fn rooms_are_made_changed_and_deleted() {
    let house = House::with_sogs();
    let _daemon = house.start();
    let made = done(house.ctl(["sogs", "room", "add", "lounge", "--name", "The Lounge"]));
    insta::assert_snapshot!(steady(&house, &made), @r#"
    lounge: The Lounge
    link  https://chat.test-relay.net/lounge?KEY
    everybody may  read, write, upload, know of it
    made  DATE TIME
    "#);
    let line = refused(&house, ["sogs", "room", "add", "LOUNGE"], 1);
    assert!(line.contains("room edit"), "{line}");
    done(house.ctl([
        "sogs",
        "room",
        "edit",
        "lounge",
        "--description",
        "For all",
        "--slow-mode",
        "10s",
    ]));
    let shown = done(house.ctl(["sogs", "room", "show", "Lounge"]));
    insta::assert_snapshot!(steady(&house, &shown), @r#"
    lounge: The Lounge
    about  For all
    link  https://chat.test-relay.net/lounge?KEY
    everybody may  read, write, upload, know of it
    made  DATE TIME
    slow mode  10s
    messages  0 (0 B)
    files  0 (0 B)
    reactions  0
    active  0 in 1 day, 0 in 7, 0 in 14, 0 in 30
    banned  0
    "#);
    let image = house.path().join("image.png");
    let image = image.to_str().unwrap_or_default();
    refused(
        &house,
        ["sogs", "room", "edit", "lounge", "--image", image],
        2,
    );
    assert!(std::fs::write(image, b"\x89PNG\r\n\x1a\n").is_ok());
    done(house.ctl(["sogs", "room", "edit", "lounge", "--image", image]));
    let figures = house
        .ctl(["sogs", "room", "show", "lounge", "--json"])
        .json();
    assert_eq!(figures["files"], 1);
    let line = refused(&house, ["sogs", "room", "delete", "lounge"], 2);
    assert!(line.contains("--yes"), "{line}");
    done(house.ctl(["sogs", "room", "delete", "lounge", "--yes"]));
    assert_eq!(
        house.ctl(["sogs", "room", "list", "--json"]).json(),
        json!([])
    );
    let line = refused(&house, ["sogs", "room", "show", "lounge"], 1);
    assert!(line.contains("room list"), "{line}");
}

#[test]
fn people_get_roles_bans_and_permissions() {
    let house = House::with_sogs();
    let _daemon = house.start();
    for room in ["lounge", "news"] {
        done(house.ctl(["sogs", "room", "add", room]));
    }
    done(house.ctl([
        "sogs", "mod", "add", ANN, "--room", "*", "--admin", "--hidden",
    ]));
    insta::assert_snapshot!(steady(&house, &done(house.ctl(["sogs", "mod", "list", "news"]))), @r#"
    ROOM  ROLE  SHOWN  ID
    news  admin  no  05aa00000000000000000000000000000000000000000000000000000000000000
    "#);
    done(house.ctl([
        "sogs", "mod", "remove", ANN, "--room", "lounge", "--room", "news",
    ]));
    assert_eq!(
        house.ctl(["sogs", "mod", "list", "--json"]).json(),
        json!([])
    );

    done(house.ctl(["sogs", "ban", "add", ANN, "--room", "+", "--for", "7d"]));
    let bans = house.ctl(["sogs", "ban", "list", "+", "--json"]).json();
    assert_eq!(
        (&bans[0]["id"], &bans[0]["room"]),
        (&json!(ANN), &json!(null))
    );
    assert!(bans[0]["until"].is_i64());
    let user = done(house.ctl(["sogs", "user", "show", ANN]));
    assert!(user.contains("on this server    banned"), "{user}");
    done(house.ctl(["sogs", "ban", "remove", ANN, "--room", "+"]));
    assert_eq!(
        house.ctl(["sogs", "ban", "list", "--json"]).json(),
        json!([])
    );

    let set = ["sogs", "perms", "set", "news", "--deny", "wu"];
    assert_eq!(done(house.ctl(set)), "everybody may read, know of it\n");
    let set = [
        "sogs", "perms", "set", "news", "--user", ANN, "--allow", "w",
    ];
    let set = done(house.ctl(set));
    assert!(set.ends_with(&format!("{ANN}  +write\n")), "{set}");
    refused(
        &house,
        [
            "sogs", "perms", "set", "news", "--allow", "w", "--deny", "w",
        ],
        2,
    );
    refused(&house, ["sogs", "mod", "add", "05", "--room", "news"], 1);
    refused(&house, ["sogs", "user", "show", "05bb"], 1);

    let log = done(house.ctl(["sogs", "log"]));
    assert!(log.contains("ban") && log.contains(ANN), "{log}");
    let audit = done(house.ctl(["audit", "list"]));
    assert!(
        audit.contains("put sogs.bans") && audit.contains("banned from the whole server"),
        "{audit}"
    );
}

#[test]
fn links_filters_and_figures_are_shown() {
    let house = House::with_sogs();
    let _daemon = house.start();
    done(house.ctl(["sogs", "room", "add", "lounge"]));
    let links = done(house.ctl(["sogs", "url", "lounge", "--qr"]));
    assert!(
        links.starts_with("https://chat.test-relay.net/lounge?public_key="),
        "{links}"
    );
    assert!(links.contains('█'), "{links}");
    refused(&house, ["sogs", "url", "nowhere"], 1);
    let stats = house.ctl(["sogs", "stats", "--json"]).json();
    assert_eq!(
        (&stats["rooms"], &stats["messages"]),
        (&json!(1), &json!(0))
    );
    assert_eq!(
        done(house.ctl(["sogs", "filter", "test", "hello"])),
        "it would be posted\n"
    );
    insta::assert_snapshot!(house.steady(&done(house.ctl(["sogs", "filter", "show"]))), @r#"
    ROOM  ALPHABETS  SILENT  WORDS  SILENT  MODERATORS TOO
    (all others)  none  yes  no  yes  no
    "#);
    refused(&house, ["sogs", "message", "show", "7"], 1);
    let run = done(house.ctl(["worker", "run", "sogs.files"]));
    assert!(run.starts_with("no files deleted"), "{run}");
}
