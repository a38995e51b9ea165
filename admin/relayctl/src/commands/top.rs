//! `relayctl top`: both relays at work, on a screen that is drawn anew again and again.
//!
//! Everything comes over the admin socket, so that it works where metrics are switched off. The
//! terminal is given back as it was, however this ends.

mod figures;
mod history;
mod screen;
mod terminal;
mod view;

use std::io::{self, IsTerminal as _};
use std::time::Duration;

use relay_admin::client::Client;
use relay_admin::paths;
use relay_admin::types::{Metrics, Status};
use tokio::time::{Instant, sleep};

use self::figures::Figures;
use self::view::{Sample, View};
use super::{Context, Outcome, Verdict};
use crate::cli::Top;
use crate::failure::Failure;

/// What an interval may be.
const INTERVALS: (Duration, Duration) = (Duration::from_millis(200), Duration::from_mins(1));

pub(super) async fn run(wanted: &Top, context: &Context) -> Outcome {
    let interval = wanted.interval.get().clamp(INTERVALS.0, INTERVALS.1);
    let daemon = context.daemon()?;
    if wanted.once || context.global.json {
        return once(&daemon, interval, context).await;
    }
    if !io::stdout().is_terminal() || !io::stdin().is_terminal() {
        return Err(Failure::Usage(
            "this is no terminal; add --once or --json for one sample".to_owned(),
        ));
    }
    // Before the screen is taken, so that an error is seen.
    let first = sample(&daemon).await?;
    terminal::watch(&daemon, first, interval).await?;
    Ok(Verdict::Good)
}

async fn once(daemon: &Client, interval: Duration, context: &Context) -> Outcome {
    let first = sample(daemon).await?;
    sleep(interval).await;
    let second = sample(daemon).await?;
    let view = View::between(&first, &second);
    context.output.answer(&view, || screen::in_lines(&view))?;
    Ok(Verdict::Good)
}

async fn sample(daemon: &Client) -> Result<Sample, Failure> {
    let status: Status = daemon.get(paths::STATUS).await?;
    let metrics: Metrics = daemon.get(paths::METRICS).await?;
    Ok(Sample {
        taken: Instant::now(),
        status,
        figures: Figures::parse(&metrics.text),
    })
}
