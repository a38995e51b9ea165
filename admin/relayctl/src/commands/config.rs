//! `relayctl config`: the configuration, with and without a daemon.

mod import;

use std::path::PathBuf;

use relay_admin::paths;
use relay_admin::types::Setting;
use relay_config::{Origin, Shown};
use serde::Serialize;
use serde_json::json;

use super::{Context, Outcome, Verdict};
use crate::cli::Config;
use crate::configuration::{Configuration, all_sections};
use crate::output::harmless;

pub(super) async fn run(command: Config, context: &Context) -> Outcome {
    match command {
        Config::Check => check(context),
        Config::Example => example(context),
        Config::Import {
            files,
            output,
            force,
        } => import::run(&files, output.as_deref(), force, context),
        Config::Schema => schema(context),
        Config::Show { running: false } => show(context),
        Config::Show { running: true } => show_running(context).await,
    }
}

/// What a check comes to.
#[derive(Serialize)]
struct Checked {
    fine: bool,
    files: Vec<PathBuf>,
    relays: Vec<&'static str>,
    problems: Vec<String>,
}

fn check(context: &Context) -> Outcome {
    let configuration = Configuration::read(&context.global.sources());
    let checked = Checked::of(&configuration);
    context.output.answer(&checked, || checked.text())?;
    Ok(Verdict::good_if(checked.fine))
}

impl Checked {
    fn of(configuration: &Configuration) -> Self {
        let blueprint = configuration.blueprint.as_ref();
        let files = blueprint.map_or(&[][..], |blueprint| blueprint.loaded.files());
        let plans = blueprint.into_iter().flat_map(|blueprint| &blueprint.plans);
        Self {
            fine: configuration.problems.is_empty(),
            files: files.to_vec(),
            relays: plans.map(|(name, _)| *name).collect(),
            problems: configuration.problems.clone(),
        }
    }

    fn text(&self) -> String {
        if !self.fine {
            let lines: Vec<_> = self.problems.iter().map(|line| harmless(line)).collect();
            return lines.join("\n");
        }
        let files: Vec<_> = self.files.iter().map(|f| f.display().to_string()).collect();
        format!(
            "the configuration is fine ({}); relays switched on: {}",
            or(&files, "no file, built-in defaults"),
            or(&self.relays, "none")
        )
    }
}

fn or<S: AsRef<str>>(list: &[S], nothing: &str) -> String {
    let list: Vec<&str> = list.iter().map(AsRef::as_ref).collect();
    if list.is_empty() {
        nothing.to_owned()
    } else {
        list.join(", ")
    }
}

fn example(context: &Context) -> Outcome {
    let text = relay_config::example(&all_sections());
    context
        .output
        .answer(&json!({ "example": text }), || text.clone())?;
    Ok(Verdict::Good)
}

fn schema(context: &Context) -> Outcome {
    let schema = relay_config::schema(&all_sections());
    context.output.answer(&schema, || format!("{schema:#}"))?;
    Ok(Verdict::Good)
}

fn show(context: &Context) -> Outcome {
    let sections = all_sections();
    let loaded = relay_config::load(&context.global.sources(), &sections)?;
    let shown = relay_config::show(&loaded, &sections);
    let text = || relay_config::render(&shown);
    context.output.answer(&shown, text)?;
    Ok(Verdict::Good)
}

async fn show_running(context: &Context) -> Outcome {
    let settings: Vec<Setting> = context.daemon()?.get(paths::CONFIG).await?;
    let text = || relay_config::render(&settings.iter().map(shown).collect::<Vec<_>>());
    context.output.answer(&settings, text)?;
    Ok(Verdict::Good)
}

/// In the form of [`show`], so that the two can be compared line by line.
fn shown(setting: &Setting) -> Shown {
    Shown {
        key: setting.key.clone(),
        value: setting.value.clone(),
        origin: origin(&setting.origin),
        secret: false,
        reloadable: false,
        changed_from_default: false,
    }
}

/// Reads what [`Origin`] writes.
fn origin(text: &str) -> Origin {
    if let Some(variable) = text.strip_prefix("environment ") {
        let variable = variable.to_owned();
        return Origin::Environment { variable };
    }
    let place = text.rsplit_once(':');
    let file = place.and_then(|(path, line)| Some((path.into(), line.parse().ok()?)));
    file.map_or(Origin::Default, |(path, line)| Origin::File { path, line })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_read_as_they_are_written() {
        for text in [
            "default",
            "environment RELAYD__LOG__LEVEL",
            "/etc/a:b.toml:12",
        ] {
            assert_eq!(origin(text).to_string(), text);
        }
    }
}
