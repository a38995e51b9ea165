//! [`Sources`]: everything outside the program that configuration is read from, as values, so that
//! a test can say what the process, the directory and the system hold.

use std::{
    env, fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use crate::ConfigError;

/// The variable that names the configuration file.
pub const CONFIG_VARIABLE: &str = "RELAYD_CONFIG";

/// Where configuration comes from.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// `--config FILE`.
    pub flag: Option<PathBuf>,
    /// The environment; only names that begin with `RELAYD_` matter.
    pub env: Vec<(String, String)>,
    /// The directory in which `relayd.toml` is looked for, and relative names begin.
    pub cwd: PathBuf,
    /// The file of the whole system, read when there is no nearer one.
    pub system_file: PathBuf,
}

impl Sources {
    /// What this process was started with.
    pub fn of_process(flag: Option<PathBuf>) -> Self {
        let env = env::vars_os().filter_map(|(name, text)| {
            let name = name.to_string_lossy().into_owned();
            let text = text.to_string_lossy().into_owned();
            name.starts_with("RELAYD_").then_some((name, text))
        });
        Self {
            flag,
            env: env.collect(),
            cwd: env::current_dir().unwrap_or_default(),
            system_file: "/etc/relayd/relayd.toml".into(),
        }
    }

    /// The file to read: the flag's, the variable's, `./relayd.toml`, the system's, or none.
    pub fn file(&self) -> Result<Option<PathBuf>, ConfigError> {
        let variable = self
            .env
            .iter()
            .find(|(name, text)| name == CONFIG_VARIABLE && !text.is_empty());
        if let Some(path) = &self.flag {
            return self.named(path, "--config").map(Some);
        }
        if let Some((_, path)) = variable {
            return self.named(Path::new(path), CONFIG_VARIABLE).map(Some);
        }
        let near = Some(self.cwd.join("relayd.toml")).filter(|_| can_be_entered(&self.cwd));
        let usual = near.into_iter().chain([self.system_file.clone()]);
        Ok(usual.into_iter().find(|path| is_there(path)))
    }

    fn named(&self, path: &Path, named_by: &'static str) -> Result<PathBuf, ConfigError> {
        let path = self.cwd.join(path);
        if is_there(&path) {
            Ok(path)
        } else {
            Err(ConfigError::Missing { path, named_by })
        }
    }
}

/// Who came to a directory that is not theirs (`sudo -u relayd relayctl` from /root) chose nothing
/// that may lie there.
fn can_be_entered(directory: &Path) -> bool {
    let inside = fs::symlink_metadata(directory.join("."));
    !inside.is_err_and(|error| error.kind() == ErrorKind::PermissionDenied)
}

/// A file that is there but cannot be read counts: going on without it would start a relay with
/// settings nobody chose.
fn is_there(path: &Path) -> bool {
    match fs::symlink_metadata(path) {
        Ok(_) => true,
        Err(error) => !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory),
    }
}
