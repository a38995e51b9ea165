//! Where the real `relayd` and `relayctl` are.
//!
//! `RELAYD_BIN_DIR` names their directory (an installed package, say). Without it they are built,
//! once per process, with the profile and the target directory of the running test: a no-op when
//! they are fresh, so that no test runs against yesterday's daemon.

use std::ffi::OsString;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Names of programs that `relayctl` answers to.
const OLD_NAMES: [&str; 3] = ["sogs", "session-open-group-server", "smp-server"];

/// Path of the daemon.
pub fn relayd() -> PathBuf {
    directory().join("relayd")
}

/// Path of the CLI.
pub fn relayctl() -> PathBuf {
    directory().join("relayctl")
}

/// Makes a directory in which `relayctl` goes by the names of the programs that relayd replaces,
/// beside its own and the daemon's.
///
/// # Panics
///
/// When the links cannot be made.
pub fn link_old_names(dir: &Path) {
    let link = |name: &str, program: PathBuf| {
        let place = dir.join(name);
        if !place.exists() {
            symlink(program, place).expect("a link can be made");
        }
    };
    std::fs::create_dir_all(dir).expect("a directory can be made");
    for name in OLD_NAMES {
        link(name, relayctl());
    }
    link("relayctl", relayctl());
    link("relayd", relayd());
}

/// The directory both are in.
///
/// # Panics
///
/// When they have to be built and that fails, with the compiler's words.
pub fn directory() -> &'static Path {
    static DIRECTORY: OnceLock<PathBuf> = OnceLock::new();
    DIRECTORY.get_or_init(|| match std::env::var_os("RELAYD_BIN_DIR") {
        Some(dir) => PathBuf::from(dir),
        None => build(&Place::of_this_test()),
    })
}

/// A profile's directory within a target directory.
#[derive(Debug, Eq, PartialEq)]
struct Place {
    target_dir: PathBuf,
    profile_dir: String,
}

impl Place {
    fn of_this_test() -> Self {
        let test = std::env::current_exe().expect("the running test has a path");
        Self::of(&test).expect("tests lie in <target directory>/<profile>/deps")
    }

    fn of(test: &Path) -> Option<Self> {
        let mut above = test
            .ancestors()
            .skip(1)
            .skip_while(|dir| dir.ends_with("deps"));
        let profile_dir = above.next()?.file_name()?.to_str()?.to_owned();
        let target_dir = above.next()?.to_path_buf();
        Some(Self {
            target_dir,
            profile_dir,
        })
    }

    /// Cargo's name for the profile: two of them have directories named otherwise.
    fn profile(&self) -> &str {
        match &*self.profile_dir {
            "debug" => "dev",
            name => name,
        }
    }
}

fn build(place: &Place) -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(cargo);
    // Cargo set these for this test; build scripts that look at them (ring's) would run again, and
    // with them half of all dependencies, here and in the next test run.
    let of_this_test = std::env::vars_os().map(|(key, _)| key).filter(|key| {
        let key = key.to_string_lossy();
        key.starts_with("CARGO_PKG_") || key.starts_with("CARGO_MANIFEST_")
    });
    of_this_test.for_each(|key| {
        command.env_remove(key);
    });
    let output = command
        .args([
            "build",
            "--locked",
            "--package",
            "relayd",
            "--package",
            "relayctl",
        ])
        .args(["--profile", place.profile(), "--target-dir"])
        .arg(&place.target_dir)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .output()
        .expect("cargo starts");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "relayd and relayctl do not build:\n{complaint}"
    );
    place.target_dir.join(&place.profile_dir)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_follows_from_the_tests_path() {
        let place = Place::of(Path::new("/house/target/debug/deps/kit-0123")).unwrap();
        assert_eq!(place.target_dir, Path::new("/house/target"));
        assert_eq!((&*place.profile_dir, place.profile()), ("debug", "dev"));
    }

    #[test]
    fn benchmarks_and_examples_have_places_too() {
        let place = Place::of(Path::new("/t/release/deps/writer-0123")).unwrap();
        assert_eq!(place.profile(), "release");
        assert_eq!(Place::of(Path::new("/t/release/loadgen")), Some(place));
    }
}
