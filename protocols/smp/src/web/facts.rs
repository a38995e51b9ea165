//! What is told about the server, in rows: what the operator says, and what the configuration says.

use std::time::Duration;

use crate::config::{InformationConfig, SmpConfig};

/// A row.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Fact {
    pub(super) label: &'static str,
    pub(super) values: Vec<Value>,
}

/// One thing that is said in a row.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Value {
    /// Where a row has several: what kind this is.
    pub(super) kind: Option<&'static str>,
    pub(super) text: String,
    /// Where it leads.
    pub(super) url: Option<String>,
}

/// What the operator says. The configuration was checked: links lead where links may.
pub(super) fn public(said: &InformationConfig) -> Vec<Fact> {
    let version = concat!("relayd ", env!("CARGO_PKG_VERSION")).to_owned();
    let admin = [
        simplex(said.admin_simplex.as_ref()),
        email(said.admin_email.as_ref()),
        pgp(said.admin_pgp.as_ref(), said.admin_pgp_fingerprint.as_ref()),
    ];
    let complaints = [
        simplex(said.complaints_simplex.as_ref()),
        email(said.complaints_email.as_ref()),
        pgp(
            said.complaints_pgp.as_ref(),
            said.complaints_pgp_fingerprint.as_ref(),
        ),
    ];
    let hosting_type = said.hosting_type.map(|kind| kind.text().to_owned());
    let country = said.server_country.as_ref();
    [
        fact("Server version", [Some(text(version))]),
        fact("Source code", [said.source_code.as_ref().map(link)]),
        fact("Web site", [said.website.as_ref().map(link)]),
        fact(
            "Usage conditions",
            [said.usage_conditions.as_ref().map(link)],
        ),
        fact("Amendments", [said.condition_amendments.as_ref().map(link)]),
        fact(
            "Operator",
            [entity(
                said.operator.as_ref(),
                said.operator_country.as_ref(),
            )],
        ),
        fact("Administrator contacts", admin),
        fact("Complaints and feedback", complaints),
        fact(
            "Hosting provider",
            [entity(said.hosting.as_ref(), said.hosting_country.as_ref())],
        ),
        fact("Hosting type", [hosting_type.map(text)]),
        fact(
            "Server country",
            [country.map(|code| text(code.to_ascii_uppercase()))],
        ),
    ]
    .into_iter()
    .filter(|fact| !fact.values.is_empty())
    .collect()
}

/// What the configuration says, as far as it concerns those who use the server.
pub(super) fn configuration(config: &SmpConfig) -> Vec<Fact> {
    let yes_no = |yes: bool| if yes { "Yes" } else { "No" }.to_owned();
    let connections = &config.connections;
    let versions = format!("{} to {}", connections.min_version, connections.max_version);
    [
        ("Persistence", "Queues and messages".to_owned()),
        (
            "Message expiration",
            lifetime(config.queues.message_lifetime.get()),
        ),
        ("Stats enabled", yes_no(config.statistics.daily_log)),
        ("New queues allowed", yes_no(config.new_queues)),
        (
            "Basic auth enabled",
            yes_no(config.create_password.is_some()),
        ),
        ("Private routing", yes_no(config.proxy.enabled)),
        ("Protocol versions", versions),
    ]
    .map(|(label, said)| fact(label, [Some(text(said))]))
    .into()
}

fn fact<const N: usize>(label: &'static str, values: [Option<Value>; N]) -> Fact {
    Fact {
        label,
        values: values.into_iter().flatten().collect(),
    }
}

fn text(text: String) -> Value {
    Value {
        kind: None,
        text,
        url: None,
    }
}

fn link(url: &String) -> Value {
    Value {
        kind: None,
        text: url.clone(),
        url: Some(url.clone()),
    }
}

fn entity(name: Option<&String>, country: Option<&String>) -> Option<Value> {
    let name = name?;
    Some(text(match country {
        Some(country) => format!("{name} ({})", country.to_ascii_uppercase()),
        None => name.clone(),
    }))
}

fn simplex(link: Option<&String>) -> Option<Value> {
    link.map(|url| Value {
        kind: Some("SimpleX"),
        text: "open address".to_owned(),
        url: Some(url.clone()),
    })
}

fn email(address: Option<&String>) -> Option<Value> {
    address.map(|address| Value {
        kind: Some("Email"),
        text: address.clone(),
        url: Some(format!("mailto:{address}")),
    })
}

/// Its fingerprint is what a key is known by; without one, where it is.
fn pgp(url: Option<&String>, fingerprint: Option<&String>) -> Option<Value> {
    let url = url?;
    Some(Value {
        kind: Some("PGP"),
        text: fingerprint.unwrap_or(url).clone(),
        url: Some(url.clone()),
    })
}

/// A time in months of thirty days, days, hours, minutes and seconds.
fn lifetime(time: Duration) -> String {
    let seconds = time.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    let parts = [
        (days / 30, "month", "months"),
        (days % 30, "day", "days"),
        (hours % 24, "hour", "hours"),
        (minutes % 60, "min", "min"),
        (seconds % 60, "sec", "sec"),
    ];
    let said: Vec<_> = parts
        .into_iter()
        .filter(|(count, ..)| *count > 0)
        .map(|(count, one, many)| format!("{count} {}", if count == 1 { one } else { many }))
        .collect();
    if said.is_empty() {
        "0 sec".to_owned()
    } else {
        said.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::HostingType;

    fn lines(facts: &[Fact]) -> Vec<String> {
        let line = |fact: &Fact| {
            let said = fact.values.iter().map(|value| value.text.as_str());
            format!("{}: {}", fact.label, said.collect::<Vec<_>>().join(" | "))
        };
        facts.iter().map(line).collect()
    }

    #[test]
    fn only_what_was_said_has_a_row() {
        let nothing = public(&InformationConfig::default());
        assert_eq!(nothing.len(), 1);
        let said = InformationConfig {
            operator: Some("Example".to_owned()),
            operator_country: Some("ch".to_owned()),
            hosting: Some("Machines".to_owned()),
            hosting_type: Some(HostingType::Owned),
            admin_email: Some("a@example.org".to_owned()),
            admin_pgp: Some("https://example.org/key".to_owned()),
            admin_pgp_fingerprint: Some("ABCD".to_owned()),
            complaints_pgp_fingerprint: Some("a fingerprint of no key".to_owned()),
            ..InformationConfig::default()
        };
        assert_eq!(
            lines(&public(&said))[1..],
            [
                "Operator: Example (CH)",
                "Administrator contacts: a@example.org | ABCD",
                "Hosting provider: Machines",
                "Hosting type: Owned",
            ]
        );
    }

    #[test]
    fn the_configuration_as_the_reference_words_it() {
        let config = SmpConfig {
            create_password: Some("pw".into()),
            new_queues: false,
            ..SmpConfig::default()
        };
        assert_eq!(
            lines(&configuration(&config))[..5],
            [
                "Persistence: Queues and messages",
                "Message expiration: 21 days",
                "Stats enabled: No",
                "New queues allowed: No",
                "Basic auth enabled: Yes",
            ]
        );
    }

    #[test]
    fn times_are_said_in_words() {
        for (seconds, said) in [
            (0, "0 sec"),
            (86_400, "1 day"),
            (2_592_000, "1 month"),
            (93_784, "1 day 2 hours 3 min 4 sec"),
            (5_356_800, "2 months 2 days"),
        ] {
            assert_eq!(lifetime(Duration::from_secs(seconds)), said);
        }
    }
}
