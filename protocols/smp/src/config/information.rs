//! `[smp.information]`: what the operator says about the server on its page.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check::Problem;

/// Longer is no name.
const MAX_TEXT: usize = 200;

/// What the operator says about the server; shown on its page, see `[smp.web]`. All of it is
/// optional.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct InformationConfig {
    /// Where the source code of this server is.
    #[schemars(extend("x-example" = "https://git.example.org/relayd", "x-reload" = true))]
    pub source_code: Option<String>,

    /// Where the conditions of use are.
    #[schemars(extend("x-example" = "https://smp.example.org/conditions.html", "x-reload" = true))]
    pub usage_conditions: Option<String>,

    /// Where what differs from those conditions is.
    #[schemars(extend("x-example" = "https://smp.example.org/amendments.html", "x-reload" = true))]
    pub condition_amendments: Option<String>,

    /// The country the server is in: two letters, ISO 3166.
    #[schemars(extend("x-example" = "IS", "x-reload" = true))]
    pub server_country: Option<String>,

    /// Who runs the server: a person or an organisation.
    #[schemars(extend("x-example" = "Example Association", "x-reload" = true))]
    pub operator: Option<String>,

    /// The country of the operator: two letters, ISO 3166.
    #[schemars(extend("x-example" = "CH", "x-reload" = true))]
    pub operator_country: Option<String>,

    /// The operator's web site.
    #[schemars(extend("x-example" = "https://example.org", "x-reload" = true))]
    pub website: Option<String>,

    /// SimpleX address of the administrators: a link that the app shows as one's own address.
    #[schemars(extend("x-example" = "https://smp.example.org/a#...", "x-reload" = true))]
    pub admin_simplex: Option<String>,

    /// E-mail address of the administrators.
    #[schemars(extend("x-example" = "admin@example.org", "x-reload" = true))]
    pub admin_email: Option<String>,

    /// Where the PGP key of the administrators is.
    #[schemars(extend("x-example" = "https://example.org/admin.asc", "x-reload" = true))]
    pub admin_pgp: Option<String>,

    /// The fingerprint of that key.
    #[schemars(extend("x-reload" = true))]
    pub admin_pgp_fingerprint: Option<String>,

    /// SimpleX address for complaints and feedback.
    #[schemars(extend("x-example" = "https://smp.example.org/a#...", "x-reload" = true))]
    pub complaints_simplex: Option<String>,

    /// E-mail address for complaints and feedback.
    #[schemars(extend("x-example" = "complaints@example.org", "x-reload" = true))]
    pub complaints_email: Option<String>,

    /// Where the PGP key for complaints and feedback is.
    #[schemars(extend("x-example" = "https://example.org/complaints.asc", "x-reload" = true))]
    pub complaints_pgp: Option<String>,

    /// The fingerprint of that key.
    #[schemars(extend("x-reload" = true))]
    pub complaints_pgp_fingerprint: Option<String>,

    /// Whose machine it runs on.
    #[schemars(extend("x-example" = "Example Hosting", "x-reload" = true))]
    pub hosting: Option<String>,

    /// The country of that provider: two letters, ISO 3166.
    #[schemars(extend("x-example" = "SE", "x-reload" = true))]
    pub hosting_country: Option<String>,

    /// What kind of machine that is.
    #[schemars(extend("x-example" = "virtual", "x-reload" = true))]
    pub hosting_type: Option<HostingType>,
}

/// What kind of machine a server runs on.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum HostingType {
    /// A virtual machine.
    Virtual,
    /// A whole machine that is rented.
    Dedicated,
    /// The operator's own machine in somebody else's place.
    Colocation,
    /// The operator's own machine in a place of its own.
    Owned,
}

impl HostingType {
    /// As the page shows it.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Virtual => "Virtual",
            Self::Dedicated => "Dedicated",
            Self::Colocation => "Colocation",
            Self::Owned => "Owned",
        }
    }
}

/// Whether a text may stand in a key, and what is said if not.
type Rule = (fn(&str) -> bool, &'static str);

const URL: Rule = (is_url, "is not a URL like https://example.org/page");
const EMAIL: Rule = (is_email, "is not an e-mail address like admin@example.org");
const SIMPLEX: Rule = (
    is_contact_link,
    "is not a SimpleX address like https://smp.example.org/a#... or simplex:/contact#...",
);
const COUNTRY: Rule = (
    is_country,
    "is not the two letters of a country (ISO 3166), like CH",
);
const TEXT: Rule = (is_text, "must be a line of 1 to 200 characters");

impl InformationConfig {
    /// The first key whose value cannot be what it should.
    pub(super) fn problem(&self) -> Option<Problem> {
        let mut wrong = self.rules().into_iter().filter_map(|(key, value, rule)| {
            let value = value.as_deref()?;
            let (holds, reason) = rule;
            (!holds(value)).then(|| (key, format!("`{}` {reason}", shown(value))))
        });
        wrong.next()
    }

    fn rules(&self) -> [(&'static str, &Option<String>, Rule); 17] {
        [
            ("information.source_code", &self.source_code, URL),
            ("information.usage_conditions", &self.usage_conditions, URL),
            (
                "information.condition_amendments",
                &self.condition_amendments,
                URL,
            ),
            ("information.server_country", &self.server_country, COUNTRY),
            ("information.operator", &self.operator, TEXT),
            (
                "information.operator_country",
                &self.operator_country,
                COUNTRY,
            ),
            ("information.website", &self.website, URL),
            ("information.admin_simplex", &self.admin_simplex, SIMPLEX),
            ("information.admin_email", &self.admin_email, EMAIL),
            ("information.admin_pgp", &self.admin_pgp, URL),
            (
                "information.admin_pgp_fingerprint",
                &self.admin_pgp_fingerprint,
                TEXT,
            ),
            (
                "information.complaints_simplex",
                &self.complaints_simplex,
                SIMPLEX,
            ),
            (
                "information.complaints_email",
                &self.complaints_email,
                EMAIL,
            ),
            ("information.complaints_pgp", &self.complaints_pgp, URL),
            (
                "information.complaints_pgp_fingerprint",
                &self.complaints_pgp_fingerprint,
                TEXT,
            ),
            ("information.hosting", &self.hosting, TEXT),
            (
                "information.hosting_country",
                &self.hosting_country,
                COUNTRY,
            ),
        ]
    }
}

/// Enough to find it again.
fn shown(value: &str) -> String {
    value.chars().filter(|c| !c.is_control()).take(60).collect()
}

fn is_text(text: &str) -> bool {
    !text.trim().is_empty()
        && text.chars().count() <= MAX_TEXT
        && !text.chars().any(char::is_control)
}

fn is_one_word(text: &str) -> bool {
    !text.is_empty() && !text.chars().any(|c| c.is_whitespace() || c.is_control())
}

fn is_url(text: &str) -> bool {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    is_one_word(text)
        && rest.is_some_and(|rest| !rest.starts_with(['/', '?', '#']) && !rest.is_empty())
}

fn is_email(text: &str) -> bool {
    let parts = text.split_once('@');
    is_one_word(text)
        && parts
            .is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'))
        && !text.contains(['<', '>', '"', '?', '&'])
}

fn is_country(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// Of an address, whether in the app's scheme or on a server's page, short or long; not of a
/// one-time invitation.
fn is_contact_link(text: &str) -> bool {
    let path = match text.strip_prefix("simplex:/") {
        Some(path) => Some(path),
        None => text
            .strip_prefix("https://")
            .and_then(|rest| rest.split_once('/'))
            .filter(|(host, _)| !host.is_empty())
            .map(|(_, path)| path),
    };
    let parts = path.and_then(|path| path.split_once('#'));
    is_one_word(text)
        && parts.is_some_and(|(kind, secret)| {
            let kind = kind.trim_end_matches('/');
            ["contact", "a", "c", "g", "r"].contains(&kind) && !secret.is_empty()
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_that_open_something_and_nothing_else() {
        for good in ["https://example.org", "http://[::1]:80/x?y#z"] {
            assert!(is_url(good), "{good}");
        }
        for bad in [
            "",
            "example.org",
            "https://",
            "https:///x",
            "javascript:alert(1)",
            "https://a b",
            "ftp://a",
        ] {
            assert!(!is_url(bad), "{bad}");
        }
        for good in [
            "simplex:/contact#/?v=2-7&smp=smp%3A%2F%2Fx",
            "https://simplex.chat/contact#/?v=1",
            "https://smp.example.org/a#abc",
            "simplex:/a#abc?h=smp.example.org",
            "https://smp.example.org/g#x",
        ] {
            assert!(is_contact_link(good), "{good}");
        }
        for bad in [
            "https://smp.example.org/a",
            "https://smp.example.org/a#",
            "https://smp.example.org/i#abc",
            "https:///a#abc",
            "javascript:/a#abc",
            "simplex:/b#abc",
            "simplex:/a#a b",
        ] {
            assert!(!is_contact_link(bad), "{bad}");
        }
    }

    #[test]
    fn people_and_countries() {
        assert!(is_email("admin@example.org"));
        for bad in ["admin", "@example.org", "a@", "a@b@c", "a b@c", "a@b?cc=x"] {
            assert!(!is_email(bad), "{bad}");
        }
        assert!(is_country("ch") && !is_country("CHE") && !is_country("1a"));
        assert!(is_text("Ünïcode e.V.") && !is_text(" ") && !is_text("a\nb"));
    }

    #[test]
    fn the_first_wrong_key_is_named_and_long_values_are_cut() {
        let information = InformationConfig {
            website: Some("example.org".to_owned()),
            hosting: Some("x".repeat(300)),
            ..InformationConfig::default()
        };
        let (key, reason) = information.problem().unwrap();
        assert_eq!(key, "information.website");
        assert!(reason.starts_with("`example.org` is not a URL"), "{reason}");
        let information = InformationConfig {
            website: None,
            ..information
        };
        let (key, reason) = information.problem().unwrap();
        assert_eq!((key, reason.len() < 120), ("information.hosting", true));
        assert_eq!(InformationConfig::default().problem(), None);
    }
}
