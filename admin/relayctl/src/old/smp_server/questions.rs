//! What `init` asks. An empty answer takes what is offered; a pipe that ends early leaves the rest
//! to the options, so that scripts of earlier releases, which asked less, go on working.

use super::End;
use super::console::{ask, say};
use super::places::{Places, shown};
use super::wanted::{Password, SOURCE, Wanted};
use relay_smp::wire::Address;

/// Asks everything.
pub(super) fn ask_all(wanted: Wanted, places: &Places) -> Result<Wanted, End> {
    say("Use `smp-server init -h` for available options.");
    wanted.check()?;
    let mut answers = wanted;
    if ask("SMP server will be initialized (press Enter)")?.is_none() {
        return Ok(answers);
    }
    let question = "Enable store log to restore queues and messages on server restart";
    answers.store_log = yes_or_no(question, true, answers.store_log)?;
    let question = "Enable logging daily statistics";
    answers.daily_stats = yes_or_no(question, false, answers.daily_stats)?;
    answers.password = password(answers.password)?;
    answers.fqdn = host(&answers)?.or(answers.fqdn);
    let source = source_code(answers.source_code.as_deref().unwrap_or(SOURCE))?;
    answers.source_code = source.or(answers.source_code);
    answers.web_path = web_path(&answers, places)?.or(answers.web_path);
    Ok(answers)
}

fn yes_or_no(question: &str, offered: bool, without_answer: bool) -> Result<bool, End> {
    let choice = if offered { "Yn" } else { "yN" };
    loop {
        match ask(&format!("{question} ({choice}): "))?.as_deref() {
            None => return Ok(without_answer),
            Some("") => return Ok(offered),
            Some("y" | "Y") => return Ok(true),
            Some("n" | "N") => return Ok(false),
            Some(_) => say("Invalid input, please enter 'y' or 'n'"),
        }
    }
}

fn password(without_answer: Password) -> Result<Password, End> {
    say("Require a password to create new messaging queues?");
    let question = "'r' for random (default), 'n' - no password (recommended for public servers), or enter password: ";
    let mut asked = ask(question)?;
    loop {
        match asked.as_deref() {
            None => return Ok(without_answer),
            Some("" | "r") => return Ok(Password::Random),
            Some("n") => return Ok(Password::None),
            Some(own) if Address::is_password(own) => return Ok(Password::Own(own.to_owned())),
            Some(_) => say(
                "Invalid password. Only latin letters, digits and symbols other than '@', ':' and '/' are allowed",
            ),
        }
        asked = ask("")?;
    }
}

fn host(offered: &Wanted) -> Result<Option<String>, End> {
    let name = offered.common_name();
    loop {
        let question = format!("Enter server FQDN or IP address for certificate ({name}): ");
        match ask(&question)? {
            Some(host) if host.is_empty() => return Ok(None),
            Some(host) if !Address::is_host(&host) => {
                say("Invalid host. Enter a host name or an IP address, without a port");
            }
            answer => return Ok(answer),
        }
    }
}

/// What is offered is taken with an empty answer; without any, nothing is said.
fn source_code(offered: &str) -> Result<Option<String>, End> {
    let mut asked = ask(&format!("Enter server source code URI ({offered}): "))?;
    loop {
        match asked {
            Some(uri) if uri.is_empty() => return Ok(Some(offered.to_owned())),
            Some(uri) if !uri.starts_with("https://") && !uri.starts_with("http://") => {
                say("Invalid source code. URI should start from http:// or https://");
            }
            answer => return Ok(answer),
        }
        asked = ask("")?;
    }
}

fn web_path(wanted: &Wanted, places: &Places) -> Result<Option<String>, End> {
    let usual = shown(&places.state.join("www"));
    let offered = wanted.web_path.as_deref().unwrap_or(&usual);
    let question = format!(
        "Enter path to store generated server pages to show connection links ({offered}): "
    );
    Ok(ask(&question)?.filter(|path| !path.is_empty()))
}
