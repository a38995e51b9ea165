//! `relayctl status`: everything on one screen of 80 by 24, as long as nothing is wrong.

use relay_admin::paths;
use relay_admin::types::{Part, Status, Store};

use super::{Context, Outcome, Verdict, worker};
use crate::output::{Colour, Output, harmless, table};
use crate::time;

pub(super) async fn run(context: &Context) -> Outcome {
    let status: Status = context.daemon()?.get(paths::STATUS).await?;
    let output = context.output;
    output.answer(&status, || screen(&status, output))?;
    Ok(Verdict::good_if(status.ready))
}

fn screen(status: &Status, output: Output) -> String {
    let blocks = [
        headline(status, output),
        table(["PART", "STATE"], status.parts.iter().map(part)),
        store(&status.store),
        worker::summary(&status.workers),
    ];
    blocks.join("\n\n")
}

fn headline(status: &Status, output: Output) -> String {
    let ready = if status.ready {
        output.paint(Colour::Good, "ready")
    } else {
        output.paint(Colour::Bad, "not ready")
    };
    #[expect(clippy::cast_precision_loss, reason = "shown in two units")]
    let up = time::span(status.uptime as f64);
    format!(
        "relayd {}  {}, {ready}\nprocess {}, up {up} (since {} UTC)",
        harmless(&status.version),
        harmless(&status.phase),
        status.pid,
        time::stamp(status.started)
    )
}

fn part(part: &Part) -> [String; 2] {
    let state = match &part.reason {
        None => "well".to_owned(),
        Some(reason) => format!("not well: {reason}"),
    };
    [part.name.clone(), state]
}

fn store(store: &Store) -> String {
    let fault = store.fault.as_ref();
    let state = fault.map_or_else(|| "well".to_owned(), |fault| format!("fault: {fault}"));
    let row = [
        store.url.clone(),
        store.durability.clone(),
        store.queue.to_string(),
        state,
    ];
    table(["DATABASE", "DURABILITY", "WAITING", "STATE"], [row])
}
