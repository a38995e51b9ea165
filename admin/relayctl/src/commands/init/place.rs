//! The folder of the configuration: what is there, and how a new file gets there.
//!
//! A file is written under another name, checked as relayd would check it, and renamed.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use relay_config::{SectionSpec, Sources};
use relay_core::settings::Settings;
use relay_core::web::settings::WebSettings;
use relay_smp::SmpConfig;
use relay_sogs::SogsConfig;
use relay_sogs::config::BaseUrl;
use relay_storage::{DatabaseUrl, StorageOptions};
use serde::Serialize;
use toml::{Table, Value};

use super::ask::Asker;
use super::diff;
use crate::configuration::Configuration;
use crate::failure::Failure;

/// Where packages and units look.
const SYSTEM: &str = "/etc/relayd";
const SYSTEM_DATA: &str = "/var/lib/relayd";

/// A folder for the configuration.
pub(super) struct Place {
    dir: PathBuf,
}

/// The configuration that is there already.
pub(super) struct Existing(Option<Parts>);

struct Parts {
    settings: Settings,
    storage: StorageOptions,
    sogs: SogsConfig,
    smp: SmpConfig,
    web: WebSettings,
}

/// A new file, checked and not yet in its place; goes away unless it is put there.
pub(super) struct Draft<'a> {
    place: &'a Place,
    path: PathBuf,
}

/// What is to become of a draft, and then what became of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Written {
    /// There was none.
    New,
    /// The one that is there says all of it.
    Unchanged,
    /// The one that was there is beside it now, as `relayd.toml.old`.
    Replaced,
    /// The one that is there stays; this one is beside it, as `relayd.toml.new`.
    Beside,
}

impl Place {
    pub(super) fn at(dir: &Path) -> Result<Self, Failure> {
        let dir = std::path::absolute(dir)
            .map_err(|error| Failure::Usage(format!("{}: {error}", dir.display())))?;
        Ok(Self { dir })
    }

    /// The configuration.
    pub(super) fn file(&self) -> PathBuf {
        self.dir.join("relayd.toml")
    }

    /// The same under another ending.
    pub(super) fn beside(&self, ending: &str) -> PathBuf {
        self.dir.join(format!("relayd.toml.{ending}"))
    }

    /// Where a draft is until it is put in its place.
    pub(super) fn draft_file(&self) -> PathBuf {
        self.dir.join(".relayd.toml.init")
    }

    /// Whether relayd looks here by itself.
    pub(super) fn is_of_system(&self) -> bool {
        self.dir == Path::new(SYSTEM)
    }

    /// Where data goes if nothing is said.
    pub(super) fn data_dir(&self) -> PathBuf {
        if self.is_of_system() {
            PathBuf::from(SYSTEM_DATA)
        } else {
            self.dir.join("relay-data")
        }
    }

    /// Writes a draft and has it checked, with what else is configured in this folder.
    pub(super) fn draft(&self, text: &str) -> Result<Draft<'_>, Failure> {
        let path = self.draft_file();
        let made = DirBuilder::new()
            .recursive(true)
            .mode(0o755)
            .create(&self.dir);
        made.and_then(|()| write_private(&path, text))
            .map_err(|error| self.unwritten(&error))?;
        let draft = Draft { place: self, path };
        let problems = Configuration::read(&only(&draft.path)).problems;
        match problems.first() {
            None => Ok(draft),
            Some(problem) => Err(Failure::Usage(format!(
                "this would be no configuration: {}",
                problem.replace(".relayd.toml.init", "relayd.toml")
            ))),
        }
    }

    fn unwritten(&self, error: &io::Error) -> Failure {
        Failure::Refused(format!(
            "cannot write into {}: {error}; run it as root, or choose another folder with --dir",
            self.dir.display()
        ))
    }
}

/// Nothing but this file and what lies in `conf.d` beside it.
fn only(path: &Path) -> Sources {
    Sources {
        flag: Some(path.to_owned()),
        ..Sources::default()
    }
}

fn write_private(path: &Path, text: &str) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

impl Draft<'_> {
    /// Decides what becomes of it. A file that says all this and more stays as it is.
    pub(super) fn settle(&self, text: &str, asker: &mut Asker) -> Result<Written, Failure> {
        let path = self.place.file();
        let there = match fs::read_to_string(&path) {
            Ok(there) => there,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Written::New),
            Err(error) => return Err(self.place.unwritten(&error)),
        };
        if says_all(&there, text) {
            return Ok(Written::Unchanged);
        }
        let shown = path.display();
        asker.explain(&format!(
            "{shown} is there and differs:\n\n{}",
            diff::lines(&there, text)
        ));
        if asker.is_silent() {
            return Ok(Written::Beside);
        }
        let replace = asker.confirm("Replace it (it is kept as relayd.toml.old)", false)?;
        Ok(if replace {
            Written::Replaced
        } else {
            Written::Beside
        })
    }

    /// Puts it where it belongs.
    pub(super) fn put(self, outcome: Written) -> Result<Written, Failure> {
        let (place, file) = (self.place, self.place.file());
        let put = match outcome {
            Written::Unchanged => Ok(()),
            Written::New => fs::rename(&self.path, &file),
            Written::Beside => fs::rename(&self.path, place.beside("new")),
            Written::Replaced => {
                let kept = place.beside("old");
                let _ = fs::remove_file(&kept);
                fs::hard_link(&file, kept).and_then(|()| fs::rename(&self.path, &file))
            }
        };
        let synced = put.and_then(|()| fs::File::open(&place.dir)?.sync_all());
        synced.map_err(|error| place.unwritten(&error))?;
        Ok(outcome)
    }
}

impl Drop for Draft<'_> {
    fn drop(&mut self) {
        // It is gone if it was put in its place.
        let _ = fs::remove_file(&self.path);
    }
}

/// Whether everything that `new` says stands in `there` as well.
fn says_all(there: &str, new: &str) -> bool {
    let parse = |text: &str| text.parse::<Table>().ok();
    let tables = parse(there).zip(parse(new));
    tables.is_some_and(|(there, new)| holds(&there, &new))
}

fn holds(there: &Table, new: &Table) -> bool {
    new.iter()
        .all(|(key, value)| match (there.get(key), value) {
            (Some(Value::Table(there)), Value::Table(new)) => holds(there, new),
            (Some(only), Value::Array(list)) if !only.is_array() => *list == [only.clone()],
            (Some(there), new) => there == new,
            (None, _) => false,
        })
}

impl Existing {
    pub(super) fn read(place: &Place) -> Result<Self, Failure> {
        let file = place.file();
        match fs::symlink_metadata(&file).map_err(|error| (error.kind(), error)) {
            Err((io::ErrorKind::NotFound, _)) => return Ok(Self(None)),
            Err((io::ErrorKind::NotADirectory, error)) => return Err(place.unwritten(&error)),
            _ => {}
        }
        let specs = [
            SectionSpec::of::<Settings>(),
            SectionSpec::of::<StorageOptions>(),
            SectionSpec::of::<SogsConfig>(),
            SectionSpec::of::<SmpConfig>(),
            SectionSpec::of::<WebSettings>(),
        ];
        let loaded = relay_config::load_only(&only(&file), &specs)
            .map_err(|errors| Failure::Usage(format!("{errors}; correct it, or move it away")))?;
        Ok(Self(Some(Parts {
            settings: loaded.section()?,
            storage: loaded.section()?,
            sogs: loaded.section()?,
            smp: loaded.section()?,
            web: loaded.section()?,
        })))
    }

    pub(super) fn is_there(&self) -> bool {
        self.0.is_some()
    }

    pub(super) fn runs_sogs(&self) -> bool {
        self.0.as_ref().is_some_and(|parts| parts.sogs.enabled)
    }

    pub(super) fn runs_smp(&self) -> bool {
        self.0.as_ref().is_some_and(|parts| parts.smp.enabled)
    }

    pub(super) fn base_url(&self) -> Option<BaseUrl> {
        self.0.as_ref()?.sogs.base_url.clone()
    }

    pub(super) fn sogs_listen(&self) -> Vec<String> {
        let parts = self.0.iter();
        let listen = parts.flat_map(|parts| parts.sogs.listen.iter());
        listen.map(ToString::to_string).collect()
    }

    pub(super) fn smp_listen(&self) -> Vec<String> {
        let parts = self.0.iter();
        let listen = parts.flat_map(|parts| parts.smp.listen.iter());
        listen.map(ToString::to_string).collect()
    }

    pub(super) fn smp_hosts(&self) -> Vec<String> {
        let parts = self.0.as_ref();
        parts
            .map(|parts| parts.smp.hosts.clone())
            .unwrap_or_default()
    }

    pub(super) fn smp_password(&self) -> Option<String> {
        let password = self.0.as_ref()?.smp.create_password.as_ref()?;
        Some(password.reveal().to_owned())
    }

    pub(super) fn web(&self) -> Option<&WebSettings> {
        self.0.as_ref().map(|parts| &parts.web)
    }

    pub(super) fn data_dir(&self) -> Option<PathBuf> {
        Some(self.0.as_ref()?.settings.data_dir.clone())
    }

    pub(super) fn database(&self) -> Option<String> {
        Some(match &self.0.as_ref()?.storage.url {
            DatabaseUrl::Sqlite(path) => format!("sqlite:{}", path.display()),
            DatabaseUrl::Postgres(url) => url.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_says_more_needs_no_change() {
        let new = "a = 1\n[s]\nlisten = [\"x\"]\n";
        assert!(says_all(
            "# mine\nb = 2\na = 1\n[s]\nlisten = \"x\"\nmore = 3\n",
            new
        ));
        assert!(!says_all("a = 2\n[s]\nlisten = \"x\"\n", new));
        assert!(!says_all("a = 1\n", new));
        assert!(!says_all("broken = ", new));
    }

    #[test]
    fn a_file_in_the_place_of_the_folder_is_told_before_anything_is_asked() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let place = Place::at(file.path()).unwrap();
        let refused = Existing::read(&place).map(drop).unwrap_err().to_string();
        assert!(
            refused.starts_with("cannot write into") && refused.contains("--dir"),
            "{refused}"
        );
    }
}
