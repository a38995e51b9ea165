//! What an operator can set about the engine.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use zeroize::Zeroizing;

use super::Room;
use crate::stats::daily::Columns;

const HOUR: Duration = Duration::from_hours(1);

/// The engine's settings. The defaults are the protocol's usual values.
#[derive(Clone)]
pub(crate) struct Settings {
    /// Whether queues may be created at all.
    pub(crate) new_queues: bool,
    /// Who knows it may create queues; without one, everybody may.
    pub(crate) create_password: Option<Zeroizing<Vec<u8>>>,
    /// Most messages in a queue; the next one is replaced by a marker.
    pub(crate) queue_quota: u32,
    /// How long a message waits for its recipient; `None` for ever.
    pub(crate) message_lifetime: Option<Duration>,
    /// How often old messages are looked for.
    pub(crate) message_check: Duration,
    /// Whether old messages are looked for when the relay starts.
    pub(crate) expire_on_start: bool,
    /// Whether a queue's old messages go when a new one comes.
    pub(crate) expire_on_send: bool,
    /// How long a notification waits for its notifier.
    pub(crate) notification_lifetime: Duration,
    /// How often old notifications are looked for.
    pub(crate) notification_check: Duration,
    /// How often the counts of services are compared with their queues.
    pub(crate) service_check: Duration,
    /// How often notifications are handed out.
    pub(crate) notification_tick: Duration,
    /// How often connections are told what they lost (`END`, `DELD`). The reference waits 15 s.
    pub(crate) end_tick: Duration,
    /// Most bytes of message bodies that wait in memory; beyond that they wait in the database.
    pub(crate) waiting: Room,
    /// Most bytes of queue records in memory.
    pub(crate) cache_bytes: u64,
    /// Most queues an operator's helper may block in a day.
    pub(crate) blocks_a_day: u32,
    /// Where a line of statistics is added every day; nowhere without it.
    pub(crate) statistics_file: Option<PathBuf>,
    /// The columns of that line.
    pub(crate) statistics_columns: Columns,
    /// How often counters are written to the database.
    pub(crate) statistics_flush: Duration,
}

/// The settings as they are now.
#[derive(Debug)]
pub(crate) struct LiveSettings(ArcSwap<Settings>);

impl LiveSettings {
    pub(crate) fn new(settings: Settings) -> Self {
        Self(ArcSwap::from_pointee(settings))
    }

    /// What holds now.
    pub(crate) fn now(&self) -> Arc<Settings> {
        self.0.load_full()
    }

    /// Takes new ones over.
    pub(crate) fn replace(&self, settings: Settings) {
        self.0.store(Arc::new(settings));
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            new_queues: true,
            create_password: None,
            queue_quota: 128,
            message_lifetime: Some(21 * 24 * HOUR),
            message_check: 2 * HOUR,
            expire_on_start: true,
            expire_on_send: true,
            notification_lifetime: 24 * HOUR,
            notification_check: HOUR,
            service_check: 24 * HOUR,
            notification_tick: Duration::from_millis(1500),
            end_tick: Duration::from_millis(250),
            waiting: Room {
                each: 256 * 1024,
                all: 256 * 1024 * 1024,
            },
            cache_bytes: 64 * 1024 * 1024,
            blocks_a_day: 20,
            statistics_file: None,
            statistics_columns: Columns::default(),
            statistics_flush: Duration::from_mins(1),
        }
    }
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Settings")
    }
}
