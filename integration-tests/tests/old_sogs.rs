//! Guides and scripts for PySOGS work line by line: `sogs` as its users know it.

#![expect(clippy::expect_used, reason = "tests stop at what they did not expect")]

use std::time::Duration;

use integration_tests::Bed;
use relay_testkit::daemon::Finished;
use relay_testkit::{Relayd, Terminal};

const LIMIT: Duration = Duration::from_mins(1);
const ADMIN: &str = "05d871fc80ca007eed9b2f4df72853e2a2d5465a92fcb1889fb5c84aa2833b3b40";

fn bed() -> Bed {
    Bed::new()
        .with_sogs()
        .with("sogs.base_url", "http://example.net")
}

/// Runs a line of a guide in the bed's folder.
fn sh(bed: &Bed, line: &str) -> Finished {
    bed.relayd().shell(line)
}

/// What it said, after checking that it went well; keys are the same length everywhere.
#[track_caller]
fn said(bed: &Bed, line: &str) -> String {
    let finished = sh(bed, line);
    assert_eq!(
        (finished.code, &*finished.stderr),
        (Some(0), ""),
        "{line}: {finished:?}"
    );
    without_key(&finished.stdout)
}

#[track_caller]
fn refused(bed: &Bed, line: &str, code: i32) -> String {
    let finished = sh(bed, line);
    assert_eq!(finished.code, Some(code), "{line}: {finished:?}");
    format!("{}{}", finished.stdout, finished.stderr)
}

fn without_key(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("public_key=") {
        let key = after
            .find(|c: char| !c.is_ascii_hexdigit())
            .unwrap_or(after.len());
        assert_eq!(key, 64, "{after}");
        out.extend([before, "public_key=KEY"]);
        rest = &after[key..];
    }
    out + rest
}

/// The block of a room in which nothing has happened.
fn block(token: &str, name: &str, description: &str, moderators: &str) -> String {
    format!(
        "\n{token}\n{}\nName: {name}\nDescription: {description}\n\
         URL: http://example.net/{token}?public_key=KEY\n\
         Messages: 0 (0.0 MB)\nAttachments: 0 (0.0 MB)\nReactions: 0; top 5: \n\
         Active users: 0 (1d), 0 (7d), 0 (14d), 0 (30d)\n\
         Default permissions: +read, +write, +upload, +accessible\n\
         Moderators: {moderators}\n",
        "=".repeat(token.len())
    )
}

const NOBODY: &str = "0 admins (0 hidden), 0 moderators (0 hidden)";

/// The setup guide's commands, whether or not the server runs.
fn the_guide(bed: &Bed) {
    let made = said(
        bed,
        r#"sogs --add-room fish --name "Fishing" --description "Australian fisheries chat""#,
    );
    let shown = block("fish", "Fishing", "Australian fisheries chat", NOBODY);
    assert_eq!(made, format!("Created room fish:\n{shown}"));
    let line = format!("sogs --rooms + --add-moderators {ADMIN} --admin --visible");
    assert_eq!(
        said(bed, &line),
        format!("Added {ADMIN} as visible global admin\n")
    );
    assert_eq!(said(bed, "sogs -L"), shown);
    assert_eq!(said(bed, "sogs -L -v"), shown);
    let global =
        format!("1 global admins (0 hidden), 0 moderators (0 hidden):\n- {ADMIN} (admin)\n");
    assert_eq!(said(bed, "sogs -M"), global);
    assert_eq!(said(bed, "sogs --list-global-mods"), global);
    assert_eq!(
        said(bed, "sogs --delete-room fish --yes"),
        format!("{shown}Room deleted.\n")
    );
    assert_eq!(said(bed, "sogs --list-rooms"), "No rooms.\n");
}

#[test]
fn the_guide_works_while_the_server_runs() {
    let bed = bed();
    let _daemon = bed.start();
    the_guide(&bed);
    let error = refused(&bed, "sogs --initialize", 1);
    assert!(
        error.contains(
            "SOGS initialization failed: Unable to initialize database: tables already exist."
        ),
        "{error}"
    );
    assert_eq!(
        said(&bed, "sogs --upgrade"),
        "No database upgrades required.\n"
    );
}

#[test]
fn the_guide_works_while_no_server_runs() {
    let bed = bed();
    bed.write();
    let error = refused(&bed, "sogs --add-room fish", 1);
    assert!(
        error.starts_with("\n\nSOGS initialization failed: sqlite:"),
        "{error}"
    );
    assert!(
        error.contains("relayd.db database does not exist.\n\n\nPerhaps you need"),
        "{error}"
    );
    assert!(!bed.data().exists(), "nothing is made by a refusal");
    assert_eq!(
        said(&bed, "sogs --initialize"),
        "Database schema created.\n"
    );
    assert_eq!(
        said(&bed, "sogs --check-upgrades"),
        "No database upgrades required.\n"
    );
    assert_eq!(said(&bed, "sogs -U"), "No database upgrades required.\n");
    the_guide(&bed);
    said(&bed, "sogs --add-room kept");
    // What was done is there for the server, under the same key, and in the audit log.
    let before = sh(&bed, "sogs --print-url").stdout;
    let daemon = bed.start();
    assert_eq!(sh(&bed, "sogs --print-url").stdout, before);
    let audit = daemon.relayctl(["audit", "list"]).stdout;
    assert!(
        audit.contains("post sogs.rooms") && !audit.contains("unknown"),
        "{audit}"
    );
}

#[test]
fn rooms_and_people_are_changed_with_the_words_of_pysogs() {
    let bed = bed();
    let _daemon = bed.start();
    for room in ["abc", "xyz"] {
        said(
            &bed,
            &format!("sogs --add-room {room} --name 'Room {room}' --remove-perms u"),
        );
    }
    let other = ADMIN.replace("05d8", "05d9");
    let hidden = said(
        &bed,
        &format!("sogs --rooms abc xyz --add-moderators {other} --hidden"),
    );
    assert_eq!(
        hidden,
        format!(
            "Added {other} as hidden moderator of Room abc (abc)\nAdded {other} as hidden moderator of Room xyz (xyz)\n"
        )
    );
    said(
        &bed,
        &format!("sogs --rooms=abc --admin --add-moderators {ADMIN}"),
    );
    let shown = said(&bed, "sogs -Lv");
    assert!(
        shown.contains("Default permissions: +read, +write, -upload, +accessible\n"),
        "{shown}"
    );
    let moderators = format!(
        "Moderators: 1 admins (0 hidden), 1 moderators (1 hidden):\n    - {ADMIN} (admin)\n    - {other} (hidden moderator)\n\nxyz\n"
    );
    assert!(shown.contains(&moderators), "{shown}");
    assert_eq!(
        said(&bed, "sogs --add-perms u --remove-perms rw --rooms '*'"),
        "Disabled default read permission in abc\nDisabled default write permission in abc\nEnabled default upload permission in abc\n\
         Disabled default read permission in xyz\nDisabled default write permission in xyz\nEnabled default upload permission in xyz\n"
    );
    assert_eq!(
        said(
            &bed,
            &format!("sogs --rooms abc --users {other} --add-perms rw")
        ),
        format!(
            "Updated room permissions for U[{}…{}] in abc\n",
            &other[..6],
            &other[62..]
        )
    );
    said(
        &bed,
        &format!("sogs --clear-perms rwua --rooms='*' --users {other}"),
    );
    assert_eq!(
        said(
            &bed,
            r"sogs --rooms abc --name Better --description 'two\nlines'"
        ),
        "Updated abc description to:\n\ntwo\nlines\n\nChanged abc name from 'Room abc' to 'Better'\n"
    );
    assert_eq!(
        said(&bed, "sogs --rooms ABC --description ''"),
        "Updated abc description to:\n\nNone\n\n"
    );
    assert_eq!(
        said(
            &bed,
            &format!("sogs --rooms abc --delete-moderators {other}")
        ),
        format!("Removed {other} as moderator/admin of Better (abc)\n")
    );
    assert_eq!(
        said(&bed, &format!("sogs --rooms + --delete-moderators {other}")),
        format!("{other} was not a global moderator\n")
    );
    said(&bed, &format!("sogs --rooms + --add-moderators {other}"));
    assert_eq!(
        said(&bed, "sogs -M"),
        format!(
            "0 global admins (0 hidden), 1 moderators (1 hidden):\n- {other} (hidden moderator)\n"
        )
    );
    assert_eq!(
        said(&bed, &format!("sogs --rooms + --delete-moderators {other}")),
        format!("Removed {other} as global moderator\n")
    );
}

#[test]
fn what_pysogs_lacks_and_its_users_ask_for() {
    let bed = bed();
    let _daemon = bed.start();
    assert_eq!(
        said(&bed, "sogs --print-url"),
        "http://example.net/[room]?public_key=KEY\n"
    );
    said(&bed, "sogs --add-room fish --name Fishing");
    assert_eq!(
        said(&bed, "sogs --print-url"),
        "http://example.net/fish?public_key=KEY\n"
    );
    assert_eq!(
        said(
            &bed,
            &format!("sogs --rooms fish --ban {ADMIN} --ban-time 7d")
        ),
        format!("Banned {ADMIN} from Fishing (fish)\n")
    );
    assert_eq!(
        said(&bed, &format!("sogs --rooms + --ban {ADMIN}")),
        format!("Banned {ADMIN} globally\n")
    );
    let bans = said(&bed, "sogs --list-bans");
    assert!(bans.starts_with("2 bans:\n"), "{bans}");
    assert!(bans.contains(&format!("- {ADMIN} (global)\n")), "{bans}");
    assert!(
        bans.contains(&format!("- {ADMIN} (fish, until 20")),
        "{bans}"
    );
    said(&bed, &format!("sogs --rooms fish --unban {ADMIN}"));
    assert_eq!(
        said(&bed, &format!("sogs --rooms + --unban {ADMIN}")),
        format!("Unbanned {ADMIN} globally\n")
    );
    let cleared = said(&bed, "sogs --clear-room fish --yes");
    assert!(
        cleared.ends_with("Room cleared: 0 messages deleted.\n"),
        "{cleared}"
    );
}

#[test]
fn mistakes_are_refused_with_the_words_of_pysogs() {
    let bed = bed();
    let _daemon = bed.start();
    said(&bed, "sogs --add-room fish");
    for (line, code, words) in [
        (
            "sogs --add-room FISH",
            1,
            "Error: room 'FISH' already exists!\n",
        ),
        (
            "sogs --add-room a.b",
            1,
            "Error: room tokens may only contain a-z, A-Z, 0-9, _, and - characters\n",
        ),
        (
            "sogs --delete-room whale --yes",
            1,
            "Error: no such room 'whale'\n",
        ),
        ("sogs --rooms whale --name x", 1, "No such room: 'whale'\n"),
        (
            "sogs --rooms fish + --name x",
            1,
            "Error: '+'/'*' arguments to --rooms cannot be used with other rooms\n",
        ),
        (
            "sogs --rooms '*' --name x",
            1,
            "Error: --rooms cannot be '+' or '*' (i.e. global/all) with --name\n",
        ),
        (
            "sogs --rooms + --add-perms r",
            1,
            "Error: --rooms cannot be '+' (i.e. global) when updating room permissions\n",
        ),
        (
            "sogs --rooms fish --add-perms x",
            1,
            "Error: invalid permission flag 'x'\n",
        ),
        (
            "sogs --rooms fish --add-moderators 05abc",
            1,
            "Error: '05abc' is not a valid session id\n",
        ),
        (
            "sogs --name x",
            1,
            "A room must be specified (using --rooms) when updating permissions or room details\n",
        ),
        (
            "sogs -L -M",
            1,
            "Error: --list-rooms and --list-global-mods are incompatible\n",
        ),
        (
            "sogs --nonsense",
            2,
            "sogs: error: unrecognized arguments: --nonsense\n",
        ),
        ("sogs", 1, "Error: no action given\n"),
        ("SOGS_CONFIG=/nowhere sogs -L", 1, "path does not exist!\n"),
    ] {
        let words_said = refused(&bed, line, code);
        assert!(words_said.contains(words), "{line}: {words_said}");
    }
    assert!(said(&bed, "sogs --help").starts_with("Runs a Session Open Group Server"));
    assert!(said(&bed, "sogs --version").starts_with("PySOGS 0.3."));
    assert_eq!(said(&bed, "sogs -L"), block("fish", "fish", "None", NOBODY));
}

#[test]
fn deleting_a_room_is_asked_about() {
    let bed = bed();
    let _daemon = bed.start();
    said(&bed, "sogs --add-room fish");
    let question = "Are you sure you want to delete this room? [yN] ";
    for (answer, code) in [("", 2), ("no\n", 2)] {
        let finished = sh(
            &bed,
            &format!("printf '{answer}' | sogs --delete-room fish"),
        );
        assert_eq!(finished.code, Some(code), "{finished:?}");
        assert!(
            finished.stdout.contains(question) && finished.stdout.ends_with("Aborted.\n"),
            "{finished:?}"
        );
    }
    let command = bed.relayd().shell_command("exec sogs --delete-room fish");
    let mut terminal = Terminal::run(&command, (24, 80));
    terminal.answer(question, "y", LIMIT);
    let exit = terminal.wait(LIMIT);
    assert!(
        exit.code == Some(0) && exit.stdout.ends_with("Room deleted.\r\n"),
        "{exit:?}"
    );
    assert_eq!(said(&bed, "sogs -L"), "No rooms.\n");
}

#[test]
fn without_our_configuration_sogs_ini_is_read() {
    // A folder without a relayd.toml.
    let bed = Folder::new();
    let place = bed.0.path().join("sogs.ini");
    std::fs::write(
        place,
        "[net]\nbase_url = http://sogs.example.com\n[crypto]\nkey_file = old_key\n",
    )
    .expect("written");
    std::fs::write(bed.0.path().join("old_key"), [0x11; 32]).expect("written");
    assert_eq!(bed.said("sogs --initialize"), "Database schema created.\n");
    bed.said("sogs --add-room fish");
    let url = bed.sh("sogs --print-url").stdout;
    assert!(
        url.starts_with("http://sogs.example.com/fish?public_key="),
        "{url}"
    );
    let key =
        std::fs::read(bed.0.path().join("relay-data").join("sogs/key_x25519")).expect("taken over");
    assert_eq!(key, [0x11; 32]);
    let elsewhere = bed.0.path().join("etc");
    std::fs::create_dir(&elsewhere).expect("made");
    std::fs::write(
        elsewhere.join("other.ini"),
        "[net]\nbase_url = https://other.example.com\n",
    )
    .expect("written");
    let url = bed.sh("SOGS_CONFIG=etc/other.ini sogs --print-url").stdout;
    assert!(url.starts_with("https://other.example.com/fish?"), "{url}");
    std::fs::write(elsewhere.join("bad.ini"), "[files]\nexpiry = soon\n").expect("written");
    let error = bed.sh("SOGS_CONFIG=etc/bad.ini sogs -L").stderr;
    assert!(
        error.contains("Invalid value [files].expiry=soon"),
        "{error}"
    );
}

/// A place where nothing is configured.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary directory can be made"))
    }

    fn sh(&self, line: &str) -> Finished {
        Relayd::new(self.0.path()).shell(line)
    }

    #[track_caller]
    fn said(&self, line: &str) -> String {
        let finished = self.sh(line);
        assert_eq!(finished.code, Some(0), "{line}: {finished:?}");
        without_key(&finished.stdout)
    }
}
