//! `[smp.statistics]`: the daily file of smp-server.

use std::path::{Path, PathBuf};

use relay_core::config::Span;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The statistics file that dashboards of smp-server read. `[metrics]` has the same and more.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct StatisticsConfig {
    /// Whether a line of comma-separated figures is added to the file each day at 0:00 UTC.
    pub daily_log: bool,

    /// The file; `smp/smp-server-stats.daily.log` in the data dir when not set.
    #[schemars(extend("x-example" = "/var/opt/simplex/smp-server-stats.daily.log"))]
    pub daily_log_file: Option<PathBuf>,

    /// Which figures.
    pub columns: Columns,

    /// How often counters are written to the database; a crash loses no more than what was counted
    /// since.
    pub save_interval: Span,
}

/// Which figures a line of the daily file has.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Columns {
    /// The 96 of smp-server 6.4 and 6.5.
    #[default]
    Current,
    /// The 9 that its documentation of 2022 names: fromTime, qCreated, qSecured, qDeleted,
    /// msgSent, msgRecv, dayMsgQueues, weekMsgQueues, monthMsgQueues.
    #[serde(rename = "2022")]
    Of2022,
}

impl StatisticsConfig {
    /// Where the daily file is.
    pub fn daily_log_in(&self, data_dir: &Path) -> PathBuf {
        match &self.daily_log_file {
            Some(file) => file.clone(),
            None => data_dir.join("smp/smp-server-stats.daily.log"),
        }
    }
}

impl Default for StatisticsConfig {
    fn default() -> Self {
        Self {
            daily_log: false,
            daily_log_file: None,
            columns: Columns::default(),
            save_interval: Span::secs(60),
        }
    }
}
