//! Command lines in the manner of the older program: `-l`, `-lx`, `-l x`, `--long x`, `--long=x`,
//! and options whose value may be left out.

/// An option of a command.
#[derive(Clone, Copy, Debug)]
pub(super) struct Opt {
    pub(super) short: Option<char>,
    pub(super) long: &'static str,
    pub(super) takes: Takes,
    pub(super) help: &'static str,
}

/// What follows an option.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Takes {
    Nothing,
    /// A value, by the name it has in the help.
    Value(&'static str),
    /// A value or nothing.
    Maybe(&'static str),
}

/// The options that were given, and what else there was.
#[derive(Debug, Default)]
pub(super) struct Given {
    options: Vec<(&'static str, Option<String>)>,
    pub(super) others: Vec<String>,
}

/// Why a command line is not run.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Wrong {
    /// Help was asked for.
    Help,
    /// A mistake, in one line.
    Mistake(String),
}

impl Given {
    /// Whether an option was given, with a value or without.
    pub(super) fn has(&self, long: &str) -> bool {
        self.options.iter().any(|(name, _)| *name == long)
    }

    /// The value of an option; of several, the last.
    pub(super) fn value(&self, long: &str) -> Option<&str> {
        let mut given = self.options.iter().rev().filter(|(name, _)| *name == long);
        given.next().and_then(|(_, value)| value.as_deref())
    }

    fn push(&mut self, option: &Opt, value: Option<String>) {
        self.options.push((option.long, value));
    }
}

/// Reads the arguments of a command; `others` is how many there may be that are no options.
pub(super) fn parse(args: &[String], options: &[Opt], others: usize) -> Result<Given, Wrong> {
    let mut parser = Parser {
        args: args.iter(),
        options,
        given: Given::default(),
    };
    while let Some(arg) = parser.args.next() {
        if let Some(long) = arg.strip_prefix("--") {
            parser.long(arg, long)?;
        } else if let Some(shorts) = arg.strip_prefix('-').filter(|rest| !rest.is_empty()) {
            parser.shorts(shorts)?;
        } else if parser.given.others.len() < others {
            parser.given.others.push(arg.clone());
        } else {
            return Err(Wrong::Mistake(format!("Invalid argument `{arg}'")));
        }
    }
    Ok(parser.given)
}

struct Parser<'a> {
    args: std::slice::Iter<'a, String>,
    options: &'a [Opt],
    given: Given,
}

impl Parser<'_> {
    fn long(&mut self, arg: &str, long: &str) -> Result<(), Wrong> {
        let (name, value) = match long.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (long, None),
        };
        if name == "help" {
            return Err(Wrong::Help);
        }
        let known = self.options.iter().find(|option| option.long == name);
        let option = *known.ok_or_else(|| unknown(arg))?;
        match (option.takes, value) {
            (Takes::Nothing, Some(_)) => Err(unknown(arg)),
            (Takes::Value(_), None) => self.next_as_value(&option, arg),
            (Takes::Maybe(_), None) => {
                let value = self.next_if_value();
                self.given.push(&option, value);
                Ok(())
            }
            (_, value) => {
                self.given.push(&option, value);
                Ok(())
            }
        }
    }

    fn shorts(&mut self, shorts: &str) -> Result<(), Wrong> {
        let mut letters = shorts.chars();
        while let Some(letter) = letters.next() {
            if letter == 'h' {
                return Err(Wrong::Help);
            }
            let arg = format!("-{letter}");
            let known = self
                .options
                .iter()
                .find(|option| option.short == Some(letter));
            let option = *known.ok_or_else(|| unknown(&arg))?;
            match (option.takes, letters.as_str()) {
                (Takes::Value(_), "") => return self.next_as_value(&option, &arg),
                (Takes::Value(_), rest) => {
                    let value = rest.strip_prefix('=').unwrap_or(rest);
                    self.given.push(&option, Some(value.to_owned()));
                    return Ok(());
                }
                (Takes::Nothing | Takes::Maybe(_), _) => self.given.push(&option, None),
            }
        }
        Ok(())
    }

    fn next_as_value(&mut self, option: &Opt, arg: &str) -> Result<(), Wrong> {
        let value = self.args.next();
        let value = value
            .ok_or_else(|| Wrong::Mistake(format!("The option `{arg}` expects an argument.")))?;
        self.given.push(option, Some(value.clone()));
        Ok(())
    }

    /// What follows, unless it is another option.
    fn next_if_value(&mut self) -> Option<String> {
        let next = self.args.as_slice().first()?;
        let is_value = !next.starts_with('-');
        is_value.then(|| self.args.next().cloned()).flatten()
    }
}

fn unknown(arg: &str) -> Wrong {
    let name = arg.split('=').next().unwrap_or(arg);
    Wrong::Mistake(format!("Invalid option `{name}'"))
}

/// Drops what is meant for the older program's runtime: `+RTS -N -RTS`.
pub(super) fn without_runtime_options(args: impl Iterator<Item = String>) -> Vec<String> {
    let mut inside = false;
    args.filter(|arg| match arg.as_str() {
        "+RTS" => {
            inside = true;
            false
        }
        "-RTS" => {
            inside = false;
            false
        }
        _ => !inside,
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPTIONS: &[Opt] = &[
        Opt {
            short: Some('l'),
            long: "store-log",
            takes: Takes::Nothing,
            help: "",
        },
        Opt {
            short: Some('n'),
            long: "fqdn",
            takes: Takes::Value("FQDN"),
            help: "",
        },
        Opt {
            short: None,
            long: "control-port",
            takes: Takes::Maybe("PORT"),
            help: "",
        },
    ];

    fn read(args: &[&str]) -> Result<Given, Wrong> {
        let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
        parse(&args, OPTIONS, 1)
    }

    fn mistake(args: &[&str]) -> String {
        match read(args).unwrap_err() {
            Wrong::Mistake(line) => line,
            Wrong::Help => "help".to_owned(),
        }
    }

    #[test]
    fn every_spelling_is_understood() {
        for args in [
            &["-l", "-n", "a.example"][..],
            &["-ln", "a.example"],
            &["-lna.example"],
            &["--store-log", "--fqdn", "a.example"],
            &["--fqdn=a.example", "-l"],
        ] {
            let given = read(args).unwrap();
            assert!(given.has("store-log"), "{args:?}");
            assert_eq!(given.value("fqdn"), Some("a.example"), "{args:?}");
        }
    }

    #[test]
    fn a_value_may_be_left_out_where_it_may() {
        let port = |args: &[&str]| {
            let given = read(args).unwrap();
            assert!(given.has("control-port"));
            given.value("control-port").map(str::to_owned)
        };
        assert_eq!(port(&["--control-port", "-l"]), None);
        assert_eq!(port(&["--control-port=5225"]).as_deref(), Some("5225"));
        assert_eq!(port(&["--control-port", "5225"]).as_deref(), Some("5225"));
    }

    #[test]
    fn mistakes_are_named() {
        assert_eq!(mistake(&["--foo=secret"]), "Invalid option `--foo'");
        assert_eq!(mistake(&["-x"]), "Invalid option `-x'");
        assert_eq!(mistake(&["a", "b"]), "Invalid argument `b'");
        assert_eq!(mistake(&["-n"]), "The option `-n` expects an argument.");
        assert_eq!(mistake(&["-lh"]), "help");
        assert_eq!(mistake(&["--help"]), "help");
    }

    #[test]
    fn options_of_another_runtime_are_dropped() {
        let args = ["start", "+RTS", "-N", "-RTS", "-m"].map(str::to_owned);
        let kept = without_runtime_options(args.into_iter());
        assert_eq!(kept, ["start", "-m"]);
    }
}
