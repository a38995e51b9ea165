//! The names of other programs that relayctl is installed under too. Called by an older program's
//! name, it speaks that program's flags, output and exit codes, so that scripts and guides go on
//! working. Called relayd, it is the daemon: all of that is in it anyway, and one file is half as
//! large as two.

mod key;
mod say;
pub(crate) mod smp_server;
mod sogs;
mod sogs2021;

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::ExitCode;

/// Another program: given its arguments, its own name first.
pub(crate) type Program = fn(Vec<OsString>) -> ExitCode;

/// The other program that goes by this name, which may be a whole path.
pub(crate) fn by_name(argv0: &OsStr) -> Option<Program> {
    let name = Path::new(argv0).file_name()?;
    match name.to_str()? {
        "relayd" => Some(relayd::main),
        "smp-server" => Some(smp_server::main),
        "sogs" => Some(sogs::main),
        "session-open-group-server" => Some(sogs2021::main),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_programs_are_known_by_name_wherever_they_are() {
        for known in [
            "relayd",
            "sogs",
            "session-open-group-server",
            "smp-server",
            "/usr/local/bin/smp-server",
            "./smp-server",
        ] {
            assert!(by_name(OsStr::new(known)).is_some(), "{known}");
        }
        for other in [
            "relayctl",
            "/usr/bin/relayctl",
            "",
            "/",
            "smp-server-2",
            "relayd2",
        ] {
            assert!(by_name(OsStr::new(other)).is_none(), "{other}");
        }
    }
}
