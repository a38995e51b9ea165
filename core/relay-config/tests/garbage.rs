//! Whatever is in a file or a variable is taken or refused, and where it is taken, every section can
//! be had. Nothing panics.

#![expect(clippy::unwrap_used, reason = "tests stop at what they did not expect")]

mod support;

use proptest::prelude::*;
use proptest::string::string_regex;
use support::{Machine, Smp, Storage, Top, with};

/// Something like a line of a file: of known and unknown names, of good and bad values.
fn line() -> impl Strategy<Value = String> {
    let name = "(smp|storage|sogs|limits|peers|names|acme|listen|idle|block|url|host|port|[a-c]{1,3}|\"[^\"\\\\]{0,4}\")";
    let value = "(true|[0-9]{1,22}|-1|inf|1.5|\\[\\]|\\[\"a:1\", 2\\]|\\{ idle = 1 \\}|'[^']{0,6}'|\"(1s|9KiB|a:1|\\\\n)\"|[^\n]{0,6})";
    let like = |pattern: &str| string_regex(pattern).unwrap();
    prop_oneof![
        like(&format!("\\[{name}(\\.{name})?\\]")),
        like(&format!("\\[\\[{name}\\.{name}\\]\\]")),
        like(&format!("{name}(\\.{name})? = {value}")),
        like("[^\n]{0,12}"),
    ]
}

fn load(machine: &Machine) {
    if let Ok(loaded) = machine.load() {
        loaded.section::<Top>().unwrap();
        loaded.section::<Storage>().unwrap();
        loaded.section::<Smp>().unwrap();
    }
}

proptest! {
    #[test]
    fn lines(lines in prop::collection::vec(line(), 0..8)) {
        load(&with(&lines.join("\n")));
    }

    #[test]
    fn bytes(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        load(&Machine::new().file("home/relayd.toml", bytes));
    }

    #[test]
    fn variables(
        name in "RELAYD(__?(SMP|LIMITS|PEERS|IDLE|LISTEN|STORAGE|URL|[A-Z0-9]{0,3})){0,4}",
        value in "\\PC{0,20}",
    ) {
        load(&Machine::new().env(&name, &value));
    }
}
