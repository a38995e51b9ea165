//! The configuration as a file: what was chosen, and where to find everything else.

use std::fmt::Write as _;

use toml::Value;

use super::wanted::{Smp, Sogs, Wanted};
use super::web::{Certificate, Web};

const HEAD: &str = "\
# The configuration of relayd, made by `relayctl init`.
#
# Everything that can be set, with its manual: relayctl config example
# After a change: relayctl config check, then relayctl reload or a restart.
";

/// The text of the file.
pub(super) fn render(wanted: &Wanted) -> String {
    let mut text = HEAD.to_owned();
    let data_dir = wanted.data_dir.display().to_string();
    add(
        &mut text,
        "",
        "\n# Keys, uploaded files, and the database if it is embedded.",
    );
    add(&mut text, "data_dir", data_dir.as_str());
    add(&mut text, "", "\n[storage]");
    add(&mut text, "url", wanted.database.as_str());
    sogs(&mut text, wanted.sogs.as_ref());
    smp(&mut text, wanted.smp.as_ref());
    web(&mut text, wanted.web.as_ref());
    text
}

fn sogs(text: &mut String, sogs: Option<&Sogs>) {
    add(text, "", "\n# The Session Open Group Server.\n[sogs]");
    add(text, "enabled", sogs.is_some());
    let Some(sogs) = sogs else { return };
    if let Some(url) = &sogs.base_url {
        add(
            text,
            "",
            "# Where Session apps reach it; the links of rooms begin with it.",
        );
        add(text, "base_url", url.as_str());
    }
    add(text, "listen", sogs.listen.clone());
}

fn smp(text: &mut String, smp: Option<&Smp>) {
    add(text, "", "\n# The SimpleX SMP relay.\n[smp]");
    add(text, "enabled", smp.is_some());
    let Some(smp) = smp else { return };
    if !smp.hosts.is_empty() {
        add(text, "", "# Where SimpleX apps reach it.");
        add(text, "hosts", smp.hosts.clone());
    }
    add(text, "listen", smp.listen.clone());
    if let Some(password) = &smp.password {
        add(text, "", "# Who knows it may create queues.");
        add(text, "create_password", password.as_str());
    }
}

fn web(text: &mut String, web: Option<&Web>) {
    let Some(web) = web else { return };
    add(text, "", "\n# Web ports of all relays.\n[web]");
    add(text, "listen", web.listen.clone());
    add(text, "tls_listen", web.tls_listen.clone());
    match &web.certificate {
        Certificate::Acme { hosts, contact } => {
            add(
                text,
                "",
                "\n# The certificate, had and renewed by itself.\n[web.acme]",
            );
            add(text, "enabled", true);
            add(text, "hosts", hosts.clone());
            add(text, "contact", contact.clone());
        }
        Certificate::Files { certificate, key } => {
            add(text, "certificate", certificate.as_str());
            add(text, "key", key.as_str());
        }
    }
}

/// A line: a key with its value, or what `value` says if there is no key.
fn add(text: &mut String, key: &str, value: impl Into<Value>) {
    let value = value.into();
    // Writing to a String cannot fail.
    let _ = match (key, &value) {
        ("", Value::String(line)) => writeln!(text, "{line}"),
        _ => writeln!(text, "{key} = {value}"),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_chosen_is_a_file_that_says_so() {
        let wanted = Wanted {
            data_dir: "/srv/\"relay\"".into(),
            database: "sqlite:relayd.db".to_owned(),
            sogs: None,
            smp: Some(Smp {
                hosts: vec!["smp.example.org".to_owned()],
                listen: vec!["[::]:5223".to_owned()],
                password: Some("secret".to_owned()),
            }),
            web: Some(Web {
                listen: vec!["[::]:80".to_owned()],
                tls_listen: vec!["[::]:443".to_owned()],
                certificate: Certificate::Acme {
                    hosts: vec!["smp.example.org".to_owned()],
                    contact: Vec::new(),
                },
            }),
        };
        let text = render(&wanted);
        insta::assert_snapshot!(text, @r#"
        # The configuration of relayd, made by `relayctl init`.
        #
        # Everything that can be set, with its manual: relayctl config example
        # After a change: relayctl config check, then relayctl reload or a restart.

        # Keys, uploaded files, and the database if it is embedded.
        data_dir = '/srv/"relay"'

        [storage]
        url = "sqlite:relayd.db"

        # The Session Open Group Server.
        [sogs]
        enabled = false

        # The SimpleX SMP relay.
        [smp]
        enabled = true
        # Where SimpleX apps reach it.
        hosts = ["smp.example.org"]
        listen = ["[::]:5223"]
        # Who knows it may create queues.
        create_password = "secret"

        # Web ports of all relays.
        [web]
        listen = ["[::]:80"]
        tls_listen = ["[::]:443"]

        # The certificate, had and renewed by itself.
        [web.acme]
        enabled = true
        hosts = ["smp.example.org"]
        contact = []
        "#);
        let parsed: toml::Table = text.parse().expect("TOML");
        assert_eq!(parsed["data_dir"].as_str(), Some("/srv/\"relay\""));
    }
}
