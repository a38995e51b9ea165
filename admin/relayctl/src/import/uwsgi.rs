//! The `uwsgi.ini` that PySOGS is started with: where it listens.

use super::Imported;
use super::ini::Ini;

const SERVER: &str = "relayd needs no uwsgi: it is one process with all the threads it needs";

pub(super) fn import(ini: &Ini) -> Imported {
    let mut imported = Imported::default();
    let sections = ini.sections().iter();
    let uwsgi = sections.filter(|section| section.name == "uwsgi");
    for (key, value) in uwsgi.flat_map(|section| &section.entries) {
        match key.as_str() {
            "http" | "http-socket" => imported.set("sogs.listen", vec![address(value)]),
            "socket" => {
                let reason = "relayd speaks HTTP, not uwsgi's protocol: set sogs.listen, and proxy_pass to it instead of uwsgi_pass";
                imported.drop("uwsgi", key, reason);
            }
            "chdir" => {
                let reason =
                    "relative paths in sogs.ini began there; relayd keeps its data in data_dir";
                imported.drop("uwsgi", key, reason);
            }
            "uid" | "gid" => {
                imported.drop("uwsgi", key, "the service manager says who relayd runs as");
            }
            key => imported.drop("uwsgi", key, SERVER),
        }
    }
    imported
}

/// `:80` is every address.
fn address(value: &str) -> String {
    match value.strip_prefix(':') {
        Some(port) => format!("0.0.0.0:{port}"),
        None => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_is_taken_over() {
        for (said, meant) in [
            ("http = :80", "0.0.0.0:80"),
            ("http-socket = 127.3.2.1:4242", "127.3.2.1:4242"),
        ] {
            let ini = Ini::parse(&format!("[uwsgi]\nchdir = /home/a\nprocesses = 2\n{said}"))
                .expect("read");
            let imported = import(&ini);
            let listen = &imported.settings["sogs"]["listen"][0];
            assert_eq!(listen.as_str(), Some(meant));
            assert_eq!(imported.dropped.len(), 2);
        }
    }
}
