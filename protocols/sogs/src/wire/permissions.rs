//! What single users may do in a room, now and later.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Refusal;
use super::json::{Flag, Seconds, body, is_false};
use crate::private::private_debug;

/// The longest time a change can be put off.
const MAX_DELAY: f64 = 1_000_000_000.0;

/// What is set for one user; what follows from the room's defaults is absent.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
pub struct UserPermissions {
    /// May read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read: Option<bool>,
    /// May know that the room exists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accessible: Option<bool>,
    /// May write.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub write: Option<bool>,
    /// May upload.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upload: Option<bool>,
    /// Moderates, and is no admin.
    #[serde(skip_serializing_if = "is_false")]
    pub moderator: bool,
    /// Is an admin.
    #[serde(skip_serializing_if = "is_false")]
    pub admin: bool,
    /// Is a moderator or admin nobody is shown.
    #[serde(skip_serializing_if = "is_false")]
    pub hidden: bool,
    /// May do nothing.
    #[serde(skip_serializing_if = "is_false")]
    pub banned: bool,
}

/// A scheduled change.
#[derive(Clone, Eq, PartialEq, Serialize)]
pub struct FuturePermission {
    /// When.
    pub at: Seconds,
    /// Of whom; absent where one user was asked about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// May read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read: Option<bool>,
    /// May write.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub write: Option<bool>,
    /// May upload.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upload: Option<bool>,
    /// Is banned, or is not any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub banned: Option<bool>,
}

/// What happens to one permission of a user.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Change {
    /// Nothing.
    #[default]
    Keep,
    /// The room's default counts again.
    Clear,
    /// It is so.
    Set(bool),
}

/// A change of a user's permissions.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PermissionChange {
    /// May read.
    pub read: Change,
    /// May know that the room exists.
    pub accessible: Change,
    /// May write.
    pub write: Change,
    /// May upload.
    pub upload: Change,
    /// Whether scheduled changes of the same permissions are dropped.
    pub unschedule: bool,
}

/// A change to be made later.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct LaterChange {
    /// How much later.
    pub delay: Duration,
    /// May read.
    pub read: Option<bool>,
    /// May write.
    pub write: Option<bool>,
    /// May upload.
    pub upload: Option<bool>,
}

impl Change {
    fn new(set: Option<Flag>, clear: Option<Flag>) -> Result<Self, Refusal> {
        match (set, clear.unwrap_or_default().0) {
            (Some(_), true) => Err(Refusal::Malformed),
            (Some(Flag(value)), false) => Ok(Self::Set(value)),
            (None, true) => Ok(Self::Clear),
            (None, false) => Ok(Self::Keep),
        }
    }
}

impl PermissionChange {
    /// Reads the body of a `POST`; one that changes nothing is refused.
    pub fn parse(bytes: &[u8]) -> Result<Self, Refusal> {
        #[derive(Deserialize)]
        struct Body {
            read: Option<Flag>,
            accessible: Option<Flag>,
            write: Option<Flag>,
            upload: Option<Flag>,
            default_read: Option<Flag>,
            default_accessible: Option<Flag>,
            default_write: Option<Flag>,
            default_upload: Option<Flag>,
            unschedule: Option<Value>,
        }
        let body: Body = body(bytes)?;
        let change = Self {
            read: Change::new(body.read, body.default_read)?,
            accessible: Change::new(body.accessible, body.default_accessible)?,
            write: Change::new(body.write, body.default_write)?,
            upload: Change::new(body.upload, body.default_upload)?,
            unschedule: body.unschedule != Some(Value::Bool(false)),
        };
        let changes = [change.read, change.accessible, change.write, change.upload];
        if changes.iter().all(|change| *change == Change::Keep) {
            return Err(Refusal::Malformed);
        }
        Ok(change)
    }
}

impl LaterChange {
    /// Reads the body of a `POST`.
    pub fn parse(bytes: &[u8]) -> Result<Self, Refusal> {
        #[derive(Deserialize)]
        struct Body {
            r#in: f64,
            read: Option<Flag>,
            write: Option<Flag>,
            upload: Option<Flag>,
        }
        let body: Body = body(bytes)?;
        let flags = [body.read, body.write, body.upload];
        let [read, write, upload] = flags.map(|flag| flag.map(|flag| flag.0));
        if !(body.r#in > 0.0 && body.r#in < MAX_DELAY) || flags.iter().all(Option::is_none) {
            return Err(Refusal::Malformed);
        }
        let delay = Duration::try_from_secs_f64(body.r#in).map_err(|_| Refusal::Malformed)?;
        Ok(Self {
            delay,
            read,
            write,
            upload,
        })
    }
}

private_debug!(FuturePermission);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use relay_core::clock::UnixTime;
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_is_set_appears() {
        let nothing = serde_json::to_value(UserPermissions::default()).expect("json");
        assert_eq!(nothing, json!({}));
        let some = UserPermissions {
            write: Some(false),
            admin: true,
            hidden: true,
            ..UserPermissions::default()
        };
        let some = serde_json::to_value(some).expect("json");
        assert_eq!(some, json!({"write": false, "admin": true, "hidden": true}));
        let later = FuturePermission {
            at: Seconds(UnixTime::from_secs(5)),
            session_id: None,
            read: None,
            write: Some(true),
            upload: None,
            banned: None,
        };
        let later = serde_json::to_value(later).expect("json");
        assert_eq!(later, json!({"at": 5.0, "write": true}));
    }

    #[test]
    fn permissions_are_set_cleared_or_kept() {
        let change =
            PermissionChange::parse(br#"{"read":false,"default_write":true,"upload":null}"#);
        let expected = PermissionChange {
            read: Change::Set(false),
            accessible: Change::Keep,
            write: Change::Clear,
            upload: Change::Keep,
            unschedule: true,
        };
        assert_eq!(change, Ok(expected));
        let kept = PermissionChange::parse(br#"{"read":true,"unschedule":false}"#);
        assert!(!kept.expect("a change").unschedule);
        for bad in [
            "{}",
            r#"{"read":null}"#,
            r#"{"unschedule":false}"#,
            r#"{"read":false,"default_read":true}"#,
            r#"{"read":"no"}"#,
        ] {
            let change = PermissionChange::parse(bad.as_bytes());
            assert_eq!(change, Err(Refusal::Malformed), "{bad}");
        }
    }

    #[test]
    fn later_is_between_now_and_thirty_years() {
        let change = LaterChange::parse(br#"{"in":1.5,"write":1}"#).expect("a change");
        assert_eq!(change.delay, Duration::from_millis(1500));
        assert_eq!((change.read, change.write), (None, Some(true)));
        for bad in [
            r#"{"write":true}"#,
            r#"{"in":5}"#,
            r#"{"in":5,"write":null}"#,
            r#"{"in":"5","write":true}"#,
            r#"{"in":0,"write":true}"#,
            r#"{"in":-1,"write":true}"#,
            r#"{"in":1e9,"write":true}"#,
        ] {
            let change = LaterChange::parse(bad.as_bytes());
            assert_eq!(change, Err(Refusal::Malformed), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_body_is_answered(bytes: Vec<u8>, delay: f64) {
            let _ = PermissionChange::parse(&bytes);
            let _ = LaterChange::parse(json!({"in": delay, "read": true}).to_string().as_bytes());
        }
    }
}
