//! `relayctl init`: from nothing to a relayd that can be started.
//!
//! Everything is asked before anything is written. What is written appears whole: the keys, made by
//! the code that a first start makes them with, and last the configuration. Running it again keeps
//! keys, and never replaces a configuration that differs without being told to.

mod ask;
mod diff;
mod document;
mod identity;
mod next;
mod owner;
mod place;
mod wanted;
mod web;

use self::ask::Asker;
use self::identity::Identities;
use self::place::Place;
use self::wanted::Wanted;
use super::{Context, Outcome, Verdict};
use crate::cli::Init;

pub(super) async fn run(init: Init, context: &Context) -> Outcome {
    let place = Place::at(&init.dir)?;
    let mut asker = Asker::new(init.yes);
    let wanted = Wanted::find(init, &place, &mut asker).await?;
    let text = document::render(&wanted);
    let draft = place.draft(&text)?;
    let outcome = draft.settle(&text, &mut asker)?;
    let identities = Identities::make(&wanted)?;
    owner::give(&place, &wanted)?;
    let written = draft.put(outcome)?;
    let done = next::Done::new(&wanted, &identities, &place, written);
    context.output.answer(&done, || done.text(context.output))?;
    Ok(Verdict::Good)
}
