//! What was found.

use serde::Serialize;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Level {
    /// As it should be.
    Ok,
    /// Works, but not as well or as long as it should; or could not be seen.
    Warning,
    /// Does not work, or is not safe.
    Problem,
}

/// One thing that was looked at.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Finding {
    pub(super) section: &'static str,
    pub(super) level: Level,
    pub(super) found: String,
    /// What to do about it.
    pub(super) advice: Option<String>,
}

/// Everything that was looked at.
#[derive(Debug, Default, Serialize)]
pub(super) struct Report {
    pub(super) problems: u64,
    pub(super) warnings: u64,
    pub(super) findings: Vec<Finding>,
}

/// Where one check writes its findings.
pub(super) struct Section<'a> {
    name: &'static str,
    report: &'a mut Report,
}

impl Report {
    pub(super) fn section(&mut self, name: &'static str) -> Section<'_> {
        Section { name, report: self }
    }
}

impl Section<'_> {
    pub(super) fn ok(&mut self, found: impl Into<String>) {
        self.add(Level::Ok, found.into(), None);
    }

    pub(super) fn warning(&mut self, found: impl Into<String>, advice: impl Into<String>) {
        self.report.warnings += 1;
        self.add(Level::Warning, found.into(), Some(advice.into()));
    }

    pub(super) fn problem(&mut self, found: impl Into<String>, advice: impl Into<String>) {
        self.report.problems += 1;
        self.add(Level::Problem, found.into(), Some(advice.into()));
    }

    /// Takes a line that says what to do itself, after its last semicolon.
    pub(super) fn problem_line(&mut self, line: &str) {
        match line.rsplit_once("; ") {
            Some((found, advice)) => self.problem(found, advice),
            None => self.problem(line, "correct it"),
        }
    }

    /// A check that cannot be made, because of what another one found.
    pub(super) fn unknown(&mut self, what: &str) {
        self.warning(
            format!("{what}: cannot be looked at before the configuration is right"),
            "correct the configuration and run `relayctl doctor` again",
        );
    }

    fn add(&mut self, level: Level, found: String, advice: Option<String>) {
        self.report.findings.push(Finding {
            section: self.name,
            level,
            found,
            advice,
        });
    }
}
