//! Moderators and bans: of some rooms, of all one moderates, or of the whole server.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Refusal;
use super::json::{Flag, body};

/// Where something is to hold.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Scope {
    /// In these rooms, by token as written.
    Rooms(Vec<String>),
    /// In every room where the caller may do this: `["*"]`.
    Everywhere,
    /// On the server.
    Global,
}

/// What becomes of somebody.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Role {
    /// Admin, and so moderator.
    Admin,
    /// At least moderator: an admin stays one.
    Moderator,
    /// Moderator, and no admin.
    PlainModerator,
    /// No admin; a moderator stays one.
    NotAdmin,
    /// Neither.
    Neither,
}

/// A change of somebody's role.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RoleChange {
    /// Where.
    pub scope: Scope,
    /// What becomes of them.
    pub role: Role,
    /// Whether everybody sees it.
    pub visible: bool,
}

/// A ban.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Ban {
    /// Where.
    pub scope: Scope,
    /// For how long; for ever if not said. What is over before it begins ends with the next pass
    /// over what is due.
    pub timeout: Option<Duration>,
}

/// The answer to a change of roles.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct RoleChanged {
    /// By token, of every room concerned.
    pub info_updates: BTreeMap<String, i64>,
}

#[derive(Deserialize)]
struct Body {
    rooms: Option<Vec<String>>,
    global: Option<Flag>,
    admin: Option<Flag>,
    moderator: Option<Flag>,
    visible: Option<Flag>,
    timeout: Option<f64>,
}

impl Scope {
    /// Reads the body of an unban, which has nothing else.
    pub fn parse(bytes: &[u8]) -> Result<Self, Refusal> {
        body::<Body>(bytes)?.scope()
    }
}

impl Body {
    fn scope(&self) -> Result<Scope, Refusal> {
        let rooms = self.rooms.as_deref().unwrap_or_default();
        let global = self.global.unwrap_or_default().0;
        match rooms {
            [] if global => Ok(Scope::Global),
            [] => Err(Refusal::Malformed),
            _ if global => Err(Refusal::Malformed),
            [all] if all == "*" => Ok(Scope::Everywhere),
            _ if rooms.iter().any(|room| room == "*") => Err(Refusal::Malformed),
            _ => Ok(Scope::Rooms(rooms.to_vec())),
        }
    }

    fn role(&self) -> Result<Role, Refusal> {
        let flag = |flag: Option<Flag>| flag.map(|flag| flag.0);
        match (flag(self.admin), flag(self.moderator)) {
            (Some(true), Some(true) | None) => Ok(Role::Admin),
            (None, Some(true)) => Ok(Role::Moderator),
            (Some(false), Some(true)) => Ok(Role::PlainModerator),
            (Some(false), None) => Ok(Role::NotAdmin),
            (None | Some(false), Some(false)) => Ok(Role::Neither),
            (Some(true), Some(false)) | (None, None) => Err(Refusal::Malformed),
        }
    }
}

impl RoleChange {
    /// Reads the body of a `POST`.
    pub fn parse(bytes: &[u8]) -> Result<Self, Refusal> {
        let body: Body = body(bytes)?;
        let scope = body.scope()?;
        Ok(Self {
            role: body.role()?,
            visible: body.visible.map_or(scope != Scope::Global, |flag| flag.0),
            scope,
        })
    }
}

impl Ban {
    /// Reads the body of a `POST`.
    pub fn parse(bytes: &[u8]) -> Result<Self, Refusal> {
        let body: Body = body(bytes)?;
        let timeout = body.timeout.filter(|timeout| *timeout != 0.0);
        let timeout = timeout.map(|timeout| Duration::try_from_secs_f64(timeout.max(0.0)));
        let timeout = timeout.transpose();
        Ok(Self {
            scope: body.scope()?,
            timeout: timeout.map_err(|_| Refusal::Malformed)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn scope(json: &Value) -> Result<Scope, Refusal> {
        Scope::parse(json.to_string().as_bytes())
    }

    #[test]
    fn rooms_or_the_server() {
        let rooms = |tokens: &[&str]| Scope::Rooms(tokens.iter().map(|&t| t.to_owned()).collect());
        assert_eq!(
            scope(&json!({"rooms": ["a"], "global": false})),
            Ok(rooms(&["a"]))
        );
        assert_eq!(scope(&json!({"rooms": ["a", "b"]})), Ok(rooms(&["a", "b"])));
        assert_eq!(scope(&json!({"rooms": ["*"]})), Ok(Scope::Everywhere));
        assert_eq!(
            scope(&json!({"global": true, "rooms": null})),
            Ok(Scope::Global)
        );
        for bad in [
            json!({}),
            json!({"rooms": []}),
            json!({"rooms": "a"}),
            json!({"rooms": [5]}),
            json!({"rooms": ["a", "*"]}),
            json!({"rooms": ["a"], "global": true}),
            json!([["a"]]),
            json!("a"),
        ] {
            assert_eq!(scope(&bad), Err(Refusal::Malformed), "{bad}");
        }
    }

    #[test]
    fn roles_follow_the_table() {
        let (yes, no, unsaid) = (json!(true), json!(false), Value::Null);
        for (admin, moderator, expected) in [
            (&yes, &yes, Some(Role::Admin)),
            (&yes, &unsaid, Some(Role::Admin)),
            (&unsaid, &yes, Some(Role::Moderator)),
            (&no, &yes, Some(Role::PlainModerator)),
            (&no, &unsaid, Some(Role::NotAdmin)),
            (&unsaid, &no, Some(Role::Neither)),
            (&no, &no, Some(Role::Neither)),
            (&yes, &no, None),
            (&unsaid, &unsaid, None),
        ] {
            let json = json!({"rooms": ["a"], "admin": admin, "moderator": moderator});
            let change = RoleChange::parse(json.to_string().as_bytes());
            assert_eq!(change.ok().map(|change| change.role), expected, "{json}");
        }
    }

    #[test]
    fn moderators_of_rooms_are_seen_and_those_of_servers_are_not() {
        let visible = |json: Value| {
            let change = RoleChange::parse(json.to_string().as_bytes());
            change.expect("a change").visible
        };
        assert!(visible(json!({"rooms": ["a"], "admin": true})));
        assert!(!visible(json!({"global": true, "admin": true})));
        assert!(visible(
            json!({"global": true, "admin": true, "visible": true})
        ));
        assert!(!visible(
            json!({"rooms": ["*"], "admin": true, "visible": false})
        ));
    }

    #[test]
    fn bans_end_if_they_say_when() {
        let timeout = |timeout: Value| {
            let json = json!({"rooms": ["a"], "timeout": timeout});
            Ban::parse(json.to_string().as_bytes()).map(|ban| ban.timeout)
        };
        assert_eq!(timeout(Value::Null), Ok(None));
        assert_eq!(timeout(json!(0)), Ok(None));
        assert_eq!(timeout(json!(1.5)), Ok(Some(Duration::from_millis(1500))));
        assert_eq!(timeout(json!(-1)), Ok(Some(Duration::ZERO)));
        for bad in [json!("1"), json!(1e300), json!(true)] {
            assert_eq!(timeout(bad.clone()), Err(Refusal::Malformed), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_body_is_answered(bytes: Vec<u8>, timeout: f64) {
            let _ = RoleChange::parse(&bytes);
            let _ = Ban::parse(json!({"global": true, "timeout": timeout}).to_string().as_bytes());
        }
    }
}
