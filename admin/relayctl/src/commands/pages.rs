//! `relayctl completions`, `man` and `openapi`: what packages install and others build on, made
//! from the command line and the routes themselves.

use std::fs;
use std::path::{Path, PathBuf};

use clap::CommandFactory as _;
use clap_complete::Shell;
use clap_mangen::Man;
use relay_admin::server::openapi;
use serde_json::json;

use super::{Context, Outcome, Verdict};
use crate::cli;
use crate::failure::Failure;

pub(super) fn completions(shell: Shell, context: &Context) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut cli::command(), "relayctl", &mut script);
    let script = String::from_utf8_lossy(&script);
    context
        .output
        .answer(&json!({ "completions": script }), || script.to_string())?;
    Ok(Verdict::Good)
}

pub(super) fn openapi(context: &Context) -> Outcome {
    let own = relay_admin::server::api();
    let relays = relayd::protocols();
    let theirs: Vec<_> = relays.iter().flat_map(|p| p.admin_operations()).collect();
    let document = openapi::document(own.operations().iter().chain(&theirs));
    context
        .output
        .answer(&document, || format!("{document:#}"))?;
    Ok(Verdict::Good)
}

pub(super) fn man(dir: Option<&Path>, context: &Context) -> Outcome {
    match dir {
        Some(dir) => write_all(dir, context),
        None => print_one(context),
    }
}

fn print_one(context: &Context) -> Outcome {
    let mut page = Vec::new();
    Man::new(cli::command()).render(&mut page).map_err(unmade)?;
    let page = String::from_utf8_lossy(&page);
    context
        .output
        .answer(&json!({ "man": page }), || page.to_string())?;
    Ok(Verdict::Good)
}

fn write_all(dir: &Path, context: &Context) -> Outcome {
    let failed = |error| {
        Failure::Refused(format!(
            "cannot write into {}: {error}; name another folder with --dir",
            dir.display()
        ))
    };
    fs::create_dir_all(dir).map_err(failed)?;
    let mut pages = pages(cli::command());
    pages.push(Man::new(relayd::Args::command()).section("8"));
    let written: Result<Vec<PathBuf>, _> = pages.iter().map(|page| page.generate_to(dir)).collect();
    let written = written.map_err(failed)?;
    let text = || format!("{} pages written into {}", written.len(), dir.display());
    context
        .output
        .answer(&json!({ "written": &written }), text)?;
    Ok(Verdict::Good)
}

/// One for the command and one for each below it, `help` left out.
fn pages(command: clap::Command) -> Vec<Man> {
    let mut command = command.disable_help_subcommand(true);
    command.build();
    let mut pages = Vec::new();
    collect(&command, &mut pages);
    pages
}

fn collect(command: &clap::Command, pages: &mut Vec<Man>) {
    pages.push(Man::new(command.clone()));
    for below in command.get_subcommands() {
        collect(below, pages);
    }
}

fn unmade(error: std::io::Error) -> Failure {
    Failure::Refused(format!("the page cannot be made: {error}"))
}
