//! Clients written in Python from the protocols' descriptions, which share no code with us.
//!
//! They need PyNaCl (`python3-nacl` of Debian). Their own output says what was seen to work.

use std::path::Path;
use std::process::Command;

use relay_testkit::skip;

/// The one to run; `None` when Python or PyNaCl is not here, which is said loudly.
pub fn client(script: &str) -> Option<Command> {
    let Some(python) = ["python3", "/usr/bin/python3"]
        .into_iter()
        .find(|python| has_nacl(python))
    else {
        skip::loudly("no Python with PyNaCl", "install python3-nacl");
        return None;
    };
    let mut command = Command::new(python);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("independent");
    command.arg(folder.join(script));
    Some(command)
}

/// Runs it to its end and gives what it printed.
///
/// # Panics
///
/// When it found something wrong, with what it printed.
pub fn succeeds(command: &mut Command) -> String {
    let output = command.output().expect("Python can be run");
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{printed}{errors}");
    printed
}

fn has_nacl(python: &str) -> bool {
    let found = Command::new(python).args(["-c", "import nacl"]).output();
    found.is_ok_and(|output| output.status.success())
}
