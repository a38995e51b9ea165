//! `relayctl log`: what the daemon logs.

use relay_admin::paths;
use relay_admin::types::LogLevel;

use super::{Context, Outcome, Verdict};
use crate::cli::Log;
use crate::output::harmless;

pub(super) async fn run(command: Log, context: &Context) -> Outcome {
    let Log::Level { level } = command;
    let daemon = context.daemon()?;
    let now: LogLevel = match level {
        None => daemon.get(paths::LOG_LEVEL).await?,
        Some(level) => daemon.put(paths::LOG_LEVEL, &LogLevel { level }).await?,
    };
    context.output.answer(&now, || harmless(&now.level))?;
    Ok(Verdict::Good)
}
