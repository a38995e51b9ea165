//! `relayctl config import`: settings of PySOGS become ours, and nothing is lost unseen.

#![expect(clippy::expect_used, reason = "tests stop at what they did not expect")]

use relay_testkit::Relayd;
use relay_testkit::daemon::Finished;
use tempfile::TempDir;

/// As the setup guide of PySOGS has it, with more of what its sample file offers.
const SOGS_INI: &str = "\
; SOGS configuration.
[db]
url = sqlite:///sogs.db
[crypto]
key_file = key_x25519
[net]
base_url = http://sogs.example.com
;omq_listen = tcp://*:22028
http_show_index = no
[files]
expiry = 30
max_size = 6000000
[messages]
profanity_filter = yes
[room:sailors]
profanity_filter = no
[filter:*:*]
profile_name=LanguagePolice
reply=Hi \\@, I'm afraid your message couldn't be sent: \\r is English-only!
[log]
level = INFO
";

const UWSGI_INI: &str = "\
[uwsgi]
chdir = /home/USER/session-pysogs
uid = USER
gid = GROUP
plugins = python3,http
processes = 2
http = 127.0.0.1:9998
mount = /=sogs.web:app
";

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory can be made");
        std::fs::write(dir.path().join("sogs.ini"), SOGS_INI).expect("written");
        std::fs::write(dir.path().join("uwsgi.ini"), UWSGI_INI).expect("written");
        Self(dir)
    }

    fn sh(&self, line: &str) -> Finished {
        Relayd::new(self.0.path()).shell(line)
    }
}

#[test]
fn what_is_printed_is_a_configuration() {
    let folder = Folder::new();
    let imported = folder.sh("relayctl config import sogs.ini uwsgi.ini");
    assert_eq!(imported.code, Some(0), "{imported:?}");
    for line in [
        "# Made by `relayctl config import` from sogs.ini, uwsgi.ini.",
        "base_url = \"http://sogs.example.com\"",
        "listen = [\"127.0.0.1:9998\"]",
        "expiry = \"30d\"",
        "max_size = 6000000",
        "[sogs.rooms.sailors]",
        "level = \"info\"",
    ] {
        assert!(
            imported.stdout.contains(line),
            "{line}:\n{}",
            imported.stdout
        );
    }
    let told = &imported.stderr;
    assert!(
        told.contains("dropped: [db] url: relayd keeps a database of its own"),
        "{told}"
    );
    assert!(told.contains("dropped: [uwsgi] processes: "), "{told}");
    assert!(
        told.contains("next: to keep the server's identity, copy "),
        "{told}"
    );
    let checked = folder.sh("relayctl config import sogs.ini uwsgi.ini 2>/dev/null >relayd.toml && relayctl config check");
    assert_eq!(checked.code, Some(0), "{checked:?}");
    let shown = folder.sh("relayctl config show").stdout;
    assert!(shown.contains("http://sogs.example.com"), "{shown}");
}

#[test]
fn files_are_not_written_over() {
    let folder = Folder::new();
    let import = "relayctl config import sogs.ini --output relayd.toml";
    let written = folder.sh(import);
    assert_eq!(
        (written.code, &*written.stdout),
        (Some(0), "written to relayd.toml\n")
    );
    let again = folder.sh(import);
    assert_eq!(again.code, Some(1), "{again:?}");
    assert!(
        again.stderr.contains("relayd.toml exists; add --force"),
        "{again:?}"
    );
    assert_eq!(folder.sh(&format!("{import} --force")).code, Some(0));
    assert_eq!(folder.sh("relayctl config check").code, Some(0));
}

#[test]
fn scripts_get_json() {
    let folder = Folder::new();
    let finished = folder.sh("relayctl config import sogs.ini --json");
    assert_eq!((finished.code, &*finished.stderr), (Some(0), ""));
    let answer = finished.json();
    assert_eq!(answer["dropped"][0]["key"], "[db] url");
    assert!(
        answer["toml"].as_str().expect("text").contains("[sogs]"),
        "{answer}"
    );
    assert!(
        answer["next"][0]
            .as_str()
            .expect("text")
            .contains("key_x25519"),
        "{answer}"
    );
}

#[test]
fn what_cannot_be_taken_is_refused_in_one_line() {
    let folder = Folder::new();
    for (file, words) in [
        (
            "[net]\nbase_url = sogs.example.com\n",
            "Invalid value [net].base_url=sogs.example.com",
        ),
        (
            "[net]\nbase_url = http://sogs.example.com/path/\n",
            "relayd would not take what is in there",
        ),
        (
            "[room:no token]\nprofanity_filter = yes\n",
            "relayd would not take what is in there",
        ),
        ("[net\n", "line 1: "),
        ("[other]\na = 1\n", "this is none of sogs.ini"),
    ] {
        std::fs::write(folder.0.path().join("bad.ini"), file).expect("written");
        let refused = folder.sh("relayctl config import bad.ini");
        assert_eq!(
            (refused.code, &*refused.stdout),
            (Some(2), ""),
            "{file}: {refused:?}"
        );
        assert!(refused.stderr.contains(words), "{file}: {refused:?}");
        assert_eq!(refused.stderr.lines().count(), 1, "{refused:?}");
    }
    let missing = folder.sh("relayctl config import nowhere.ini");
    assert_eq!(missing.code, Some(2), "{missing:?}");
}
