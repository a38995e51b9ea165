//! Saying that something was not tested, so that nobody takes silence for success.

use std::io::{self, Write};

/// Says on stderr that tests are left out because of `missing`, which `remedy` would supply.
///
/// Writes past the test harness' capture on purpose.
///
/// # Panics
///
/// When `CI` is set and not empty: there, everything is tested.
pub fn loudly(missing: &str, remedy: &str) {
    let line = format!("SKIPPED: {missing}; {remedy}");
    let in_ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty());
    assert!(!in_ci, "{line} (CI is set, so this is an error)");
    // A closed stderr is no reason to fail a test.
    let _ = writeln!(io::stderr(), "{line}");
}
