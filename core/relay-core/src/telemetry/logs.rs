//! Logs, on stderr or to the journal, with a level that can be changed while running.

use std::io::IsTerminal;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tracing_subscriber::filter::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry, fmt, reload};

/// How log lines look, and where they go.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people on stderr; with colours when that is a terminal.
    #[default]
    Text,
    /// One JSON object a line on stderr.
    Json,
    /// The systemd journal, with fields.
    Journald,
}

/// Why logging could not be set up or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// Not a level.
    #[error(
        "`{0}` is not a log level; use error, warn, info, debug or trace, or a filter such as `info,relay_smp=debug`"
    )]
    Level(String),
    /// There is no journal to write to.
    #[error("the systemd journal cannot be written ({0}); set log.format to \"text\" or \"json\"")]
    Journal(std::io::Error),
    /// Something else in this process logs already.
    #[error("logging was set up already")]
    SetUpAlready,
}

/// Changes the level of a running daemon.
#[derive(Clone)]
pub struct LogLevel {
    change: std::sync::Arc<dyn Fn(EnvFilter) -> Result<(), LogError> + Send + Sync>,
    current: std::sync::Arc<std::sync::Mutex<String>>,
}

impl std::fmt::Debug for LogLevel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("LogLevel").field(&self.get()).finish()
    }
}

impl LogLevel {
    /// The level of a log that nobody writes.
    pub(crate) fn unheard(level: &str) -> Self {
        Self {
            change: std::sync::Arc::new(|_| Ok(())),
            current: std::sync::Arc::new(std::sync::Mutex::new(level.to_owned())),
        }
    }

    /// The filter in force.
    pub fn get(&self) -> String {
        self.current
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .clone()
    }

    /// Puts another filter in force.
    pub fn set(&self, level: &str) -> Result<(), LogError> {
        (self.change)(parse(level)?)?;
        level.clone_into(
            &mut self
                .current
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner),
        );
        Ok(())
    }
}

/// Checks a level without using it.
pub fn check(level: &str) -> Result<(), LogError> {
    parse(level).map(drop)
}

fn parse(level: &str) -> Result<EnvFilter, LogError> {
    let wrong = || LogError::Level(level.to_owned());
    // EnvFilter takes any word for the name of a target; a word alone must be a level.
    let is_level = |word: &str| word.parse::<tracing::Level>().is_ok() || word == "off";
    let words = level.split(',').map(str::trim);
    if !words
        .clone()
        .all(|word| word.contains('=') || is_level(word))
        || !words.clone().any(is_level)
    {
        return Err(wrong());
    }
    EnvFilter::builder().parse(level).map_err(|_| wrong())
}

/// Sets up logging for the process. Panics are logged too, by place, without their text,
/// which may hold anything (it is logged at debug level).
pub fn init(level: &str, format: LogFormat) -> Result<LogLevel, LogError> {
    let (filter, handle) = reload::Layer::new(parse(level)?);
    let layer: Box<dyn Layer<Registry> + Send + Sync> = match format {
        LogFormat::Text => {
            let ansi = std::io::stderr().is_terminal();
            fmt::layer()
                .with_writer(std::io::stderr)
                .with_ansi(ansi)
                .with_target(false)
                .boxed()
        }
        LogFormat::Json => fmt::layer()
            .json()
            .flatten_event(true)
            .with_writer(std::io::stderr)
            .boxed(),
        LogFormat::Journald => tracing_journald::layer()
            .map_err(LogError::Journal)?
            .boxed(),
    };
    let subscriber = tracing_subscriber::registry().with(layer.with_filter(filter));
    subscriber.try_init().map_err(|_| LogError::SetUpAlready)?;
    log_panics();
    let change = move |filter| handle.reload(filter).map_err(|_| LogError::SetUpAlready);
    let current = std::sync::Arc::new(std::sync::Mutex::new(level.to_owned()));
    Ok(LogLevel {
        change: std::sync::Arc::new(change),
        current,
    })
}

fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic
            .location()
            .map(ToString::to_string)
            .unwrap_or_default();
        let thread = std::thread::current();
        tracing::error!(
            thread = thread.name().unwrap_or_default(),
            "panic at {place}"
        );
        tracing::debug!(
            "panic at {place}: {}",
            panic.payload_as_str().unwrap_or_default()
        );
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_levels_and_filters_are_taken() {
        for good in ["info", "off", "warn,relay_smp=debug", "INFO"] {
            assert!(parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "loud",
            "info,loud",
            "relay_smp=debug",
            "info,relay_smp=loud",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
