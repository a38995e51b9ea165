//! The daemon as a program of its own; what it does is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    relayd::main(std::env::args_os())
}
