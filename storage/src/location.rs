//! Where the database is: `storage.url`, parsed.
//!
//! Promises that a password in the URL is never shown: `Display`, `Debug` and
//! `Serialize` all give the masked form. Only the connector sees the real one.

use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// `sqlite:PATH` (relative paths are below the data dir) or `postgres://…`.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// An embedded database in one file.
    Sqlite(PathBuf),
    /// A PostgreSQL server, by its complete URL.
    Postgres(String),
}

/// Why a `storage.url` was not understood.
#[derive(Debug, thiserror::Error)]
pub enum UrlError {
    /// Neither `sqlite:` nor `postgres://`.
    #[error("a database URL starts with `sqlite:` or `postgres://`")]
    Scheme,
    /// A memory database would lose what was acknowledged.
    #[error("`sqlite:` needs the path of a file (a memory database would lose acknowledged data)")]
    Memory,
    /// `sqlite:file?mode=…`
    #[error("`sqlite:` takes a path only, without `?` parameters")]
    Parameters,
}

impl DatabaseUrl {
    /// The same location with a relative SQLite path put below `data_dir`.
    #[must_use]
    pub fn below(&self, data_dir: &Path) -> Self {
        match self {
            Self::Sqlite(path) => Self::Sqlite(data_dir.join(path)),
            Self::Postgres(url) => Self::Postgres(url.clone()),
        }
    }

    /// The database file, when it is a file.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::Sqlite(path) => Some(path),
            Self::Postgres(_) => None,
        }
    }

    fn masked(&self) -> Cow<'_, str> {
        match self {
            Self::Sqlite(path) => format!("sqlite:{}", path.display()).into(),
            Self::Postgres(url) => mask_password(url),
        }
    }
}

impl Default for DatabaseUrl {
    fn default() -> Self {
        Self::Sqlite(PathBuf::from("relayd.db"))
    }
}

impl FromStr for DatabaseUrl {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Self::Postgres(with_user_as_parameter(text).into_owned()));
        }
        let path = text.strip_prefix("sqlite:").ok_or(UrlError::Scheme)?;
        let path = path.strip_prefix("//").unwrap_or(path);
        match path {
            "" | ":memory:" => Err(UrlError::Memory),
            path if path.contains('?') => Err(UrlError::Parameters),
            path => Ok(Self::Sqlite(PathBuf::from(path))),
        }
    }
}

/// `postgres://user@/database?host=/run/postgresql` is how libpq writes a unix socket, but no URL:
/// one with a user must have a host. The user means the same as a parameter.
fn with_user_as_parameter(url: &str) -> Cow<'_, str> {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.into();
    };
    match rest.split_once("@/") {
        Some((user, path)) if !user.contains(['/', '?']) => {
            let (user, password) = user.split_once(':').unwrap_or((user, ""));
            let joint = if path.contains('?') { '&' } else { '?' };
            let password = if password.is_empty() {
                String::new()
            } else {
                format!("&password={password}")
            };
            format!("{scheme}:///{path}{joint}user={user}{password}").into()
        }
        _ => url.into(),
    }
}

/// Hides `user:PASSWORD@` and a `password=` parameter.
fn mask_password(url: &str) -> Cow<'_, str> {
    let mut masked = Cow::Borrowed(url);
    let authority = url.find("://").map_or(0, |at| at + 3);
    let end = url[authority..]
        .find(['/', '?'])
        .map_or(url.len(), |at| authority + at);
    if let Some(at) = url[authority..end].rfind('@')
        && let Some(colon) = url[authority..authority + at].find(':')
    {
        let (before, after) = (&url[..=authority + colon], &url[authority + at..]);
        masked = format!("{before}<hidden>{after}").into();
    }
    if let Some(at) = masked.find("password=") {
        let start = at + "password=".len();
        let end = masked[start..]
            .find('&')
            .map_or(masked.len(), |len| start + len);
        masked = format!("{}<hidden>{}", &masked[..start], &masked[end..]).into();
    }
    masked
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}

impl Serialize for DatabaseUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DatabaseUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for DatabaseUrl {
    fn schema_name() -> Cow<'static, str> {
        "DatabaseUrl".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sqlite_paths_are_relative_to_the_data_dir() {
        let url: DatabaseUrl = "sqlite:relayd.db".parse().unwrap();
        assert_eq!(
            url.below(Path::new("/d")).file(),
            Some(Path::new("/d/relayd.db"))
        );
        let url: DatabaseUrl = "sqlite:///var/x.db".parse().unwrap();
        assert_eq!(
            url.below(Path::new("/d")).file(),
            Some(Path::new("/var/x.db"))
        );
    }

    #[test]
    fn a_socket_may_be_written_as_libpq_does() {
        for (text, shown) in [
            (
                "postgres://u@/db?host=/run",
                "postgres:///db?host=/run&user=u",
            ),
            (
                "postgres://u:p@/db",
                "postgres:///db?user=u&password=<hidden>",
            ),
            ("postgres://u@h/db?x=@/", "postgres://u@h/db?x=@/"),
        ] {
            assert_eq!(text.parse::<DatabaseUrl>().unwrap().to_string(), shown);
        }
    }

    #[test]
    fn passwords_are_masked_wherever_they_stand() {
        for (url, shown) in [
            ("postgres://u:p:w@h/db", "postgres://u:<hidden>@h/db"),
            ("postgres://u@h/db", "postgres://u@h/db"),
            (
                "postgres://h/db?user=u&password=x&a=b",
                "postgres://h/db?user=u&password=<hidden>&a=b",
            ),
            (
                "postgres://u:a@b@h:5432/db?host=/run",
                "postgres://u:<hidden>@h:5432/db?host=/run",
            ),
        ] {
            assert_eq!(url.parse::<DatabaseUrl>().unwrap().to_string(), shown);
        }
    }

    #[test]
    fn what_cannot_keep_data_is_refused() {
        for url in [
            "sqlite:",
            "sqlite::memory:",
            "mysql://h/db",
            "relayd.db",
            "sqlite:a?mode=ro",
        ] {
            assert!(url.parse::<DatabaseUrl>().is_err(), "{url}");
        }
    }
}
