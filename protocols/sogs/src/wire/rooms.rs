//! Rooms as clients see and change them.
//!
//! Roles a caller does not have, empty lists and what a room has not are left out, as the reference
//! does it. But Android keeps a room as a merge of every poll it was ever answered, so polls say
//! `false`, `[]` and, for what is cleared, `null`; elsewhere `null` does not decode.

use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};

use super::Refusal;
use super::json::{Flag, Seconds, WholeSeconds, body, present};
use crate::private::private_debug;

/// A room, for one caller.
#[derive(Clone, Eq, PartialEq)]
pub struct RoomInfo {
    /// As it was written when the room was made.
    pub token: String,
    /// The room's name.
    pub name: String,
    /// What the room is about.
    pub description: Option<String>,
    /// The file that is its image.
    pub image_id: Option<i64>,
    /// Changes with everything below, from 0.
    pub info_updates: i64,
    /// The last sequence number of the room's messages.
    pub message_sequence: i64,
    /// When the room was made.
    pub created: Seconds,
    /// Users seen within the cutoff.
    pub active_users: i64,
    /// In seconds.
    pub active_users_cutoff: i64,
    /// In the order they were pinned.
    pub pinned_messages: Vec<Pin>,
    /// Visible moderators that are no admins, by id.
    pub moderators: Vec<String>,
    /// Visible admins, by id.
    pub admins: Vec<String>,
    /// Hidden ones; empty for callers that are neither.
    pub hidden_moderators: Vec<String>,
    /// Hidden ones; empty for callers that are neither.
    pub hidden_admins: Vec<String>,
    /// What the caller may do.
    pub caller: CallerRights,
    /// Whether nothing is left out: in the details of a poll.
    pub explicit: bool,
}

/// What a caller may do in a room, in answers about the room and in polls.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct CallerRights {
    /// May read.
    pub read: bool,
    /// May write.
    pub write: bool,
    /// May write and upload.
    pub upload: bool,
    /// Moderates the room; admins do too.
    pub moderator: bool,
    /// Is an admin of the room.
    pub admin: bool,
    /// Moderates all rooms.
    pub global_moderator: bool,
    /// Is an admin of all rooms.
    pub global_admin: bool,
    /// The room's defaults, for those who moderate.
    pub defaults: Option<Defaults>,
}

/// What everybody may do in a room.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Defaults {
    /// May read.
    pub read: bool,
    /// May know that the room exists.
    pub accessible: bool,
    /// May write.
    pub write: bool,
    /// May upload, if they may write.
    pub upload: bool,
}

/// A pinned message.
#[derive(Clone, Eq, PartialEq, Serialize)]
pub struct Pin {
    /// Of the message.
    pub id: i64,
    /// Without a fraction: today's Android stops polling a room when it sees one here.
    pub pinned_at: WholeSeconds,
    /// Who did it.
    pub pinned_by: String,
}

/// The answer of `pollInfo`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PollInfo {
    /// Of the room.
    pub token: String,
    /// Users seen within the cutoff.
    pub active_users: i64,
    /// Never cached: differs from caller to caller.
    pub caller: CallerRights,
    /// Present if the caller's number of updates is not the room's.
    pub details: Option<RoomInfo>,
}

/// The answer to changes that touch what is known of a room.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct InfoUpdates {
    /// The new number.
    pub info_updates: i64,
}

/// The answer to the unpinning of one (`bool`) or all (a count).
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub struct Unpinned<T> {
    /// Whether, or how many.
    pub unpinned: T,
    /// The new number.
    pub info_updates: i64,
}

/// A change of a room: what is `None` stays.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct RoomChange {
    /// Without control characters.
    pub name: Option<String>,
    /// `Some(None)` removes it.
    pub description: Option<Description>,
    /// A file of this room.
    pub image: Option<i64>,
    /// May read.
    pub default_read: Option<bool>,
    /// May know that the room exists.
    pub default_accessible: Option<bool>,
    /// May write.
    pub default_write: Option<bool>,
    /// May upload.
    pub default_upload: Option<bool>,
}

/// A description to set; without text, to remove.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub struct Description(pub Option<String>);

impl PollInfo {
    /// Whether somebody who knows the room as of `known` needs its details. Who says 0 knows
    /// nothing.
    pub const fn wants_details(known: i64, info_updates: i64) -> bool {
        known != info_updates || known == 0
    }

    /// With details in which nothing is left to be guessed from absence.
    #[must_use]
    pub fn with_details(mut self, mut details: RoomInfo) -> Self {
        details.explicit = true;
        self.details = Some(details);
        self
    }
}

impl Serialize for RoomInfo {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("token", &self.token)?;
        map.serialize_entry("name", &self.name)?;
        if self.explicit || self.description.is_some() {
            map.serialize_entry("description", &self.description)?;
        }
        if self.explicit || self.image_id.is_some() {
            map.serialize_entry("image_id", &self.image_id)?;
        }
        for (name, count) in [
            ("info_updates", self.info_updates),
            ("message_sequence", self.message_sequence),
            ("active_users", self.active_users),
            ("active_users_cutoff", self.active_users_cutoff),
        ] {
            map.serialize_entry(name, &count)?;
        }
        map.serialize_entry("created", &self.created)?;
        if self.explicit || !self.pinned_messages.is_empty() {
            map.serialize_entry("pinned_messages", &self.pinned_messages)?;
        }
        map.serialize_entry("moderators", &self.moderators)?;
        map.serialize_entry("admins", &self.admins)?;
        for (name, hidden) in [
            ("hidden_moderators", &self.hidden_moderators),
            ("hidden_admins", &self.hidden_admins),
        ] {
            if self.explicit || !hidden.is_empty() {
                map.serialize_entry(name, hidden)?;
            }
        }
        self.caller.write(&mut map, self.explicit)?;
        map.end()
    }
}

impl Serialize for PollInfo {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("token", &self.token)?;
        map.serialize_entry("active_users", &self.active_users)?;
        self.caller.write(&mut map, true)?;
        if let Some(details) = &self.details {
            map.serialize_entry("details", details)?;
        }
        map.end()
    }
}

impl CallerRights {
    fn write<M: SerializeMap>(&self, map: &mut M, explicit: bool) -> Result<(), M::Error> {
        map.serialize_entry("read", &self.read)?;
        map.serialize_entry("write", &self.write)?;
        map.serialize_entry("upload", &self.upload)?;
        for (role, has) in [
            ("moderator", self.moderator),
            ("admin", self.admin),
            ("global_moderator", self.global_moderator),
            ("global_admin", self.global_admin),
        ] {
            if explicit || has {
                map.serialize_entry(role, &has)?;
            }
        }
        if let Some(defaults) = &self.defaults {
            map.serialize_entry("default_read", &defaults.read)?;
            map.serialize_entry("default_accessible", &defaults.accessible)?;
            map.serialize_entry("default_write", &defaults.write)?;
            map.serialize_entry("default_upload", &defaults.upload)?;
        }
        Ok(())
    }
}

impl RoomChange {
    /// Reads the body of a `PUT`; one that changes nothing is refused.
    pub fn parse(bytes: &[u8]) -> Result<Self, Refusal> {
        #[derive(Deserialize)]
        struct Body {
            #[serde(default, deserialize_with = "present")]
            name: Option<String>,
            #[serde(default, deserialize_with = "present")]
            description: Option<Description>,
            #[serde(default, deserialize_with = "present")]
            image: Option<i64>,
            default_read: Option<Flag>,
            default_accessible: Option<Flag>,
            default_write: Option<Flag>,
            default_upload: Option<Flag>,
        }
        let body: Body = body(bytes)?;
        let flag = |flag: Option<Flag>| flag.map(|flag| flag.0);
        let change = Self {
            name: body.name.map(|name| clean(&name, &[])),
            description: body.description.map(clean_description),
            image: body.image,
            default_read: flag(body.default_read),
            default_accessible: flag(body.default_accessible),
            default_write: flag(body.default_write),
            default_upload: flag(body.default_upload),
        };
        if change == Self::default() {
            return Err(Refusal::Malformed);
        }
        Ok(change)
    }
}

fn clean_description(description: Description) -> Description {
    let text = description.0.map(|text| clean(&text, &['\t', '\n']));
    Description(text.filter(|text| !text.is_empty()))
}

fn clean(text: &str, keep: &[char]) -> String {
    let wanted = |c: &char| *c >= ' ' || keep.contains(c);
    text.chars().filter(wanted).collect()
}

private_debug!(RoomInfo, Pin);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use relay_core::clock::UnixTime;
    use serde_json::{Value, json};

    use super::*;

    fn room() -> RoomInfo {
        RoomInfo {
            token: "Lounge".to_owned(),
            name: "The lounge".to_owned(),
            description: None,
            image_id: None,
            info_updates: 1,
            message_sequence: 0,
            created: Seconds(UnixTime::from_millis(1_642_701_309_500)),
            active_users: 12,
            active_users_cutoff: 604_800,
            pinned_messages: vec![Pin {
                id: 7,
                pinned_at: WholeSeconds(UnixTime::from_millis(1_642_701_309_500)),
                pinned_by: "15ab".to_owned(),
            }],
            moderators: vec![],
            admins: vec!["15ab".to_owned()],
            hidden_moderators: vec![],
            hidden_admins: vec![],
            caller: CallerRights {
                read: true,
                ..CallerRights::default()
            },
            explicit: false,
        }
    }

    #[test]
    fn rooms_as_androids_parser_wants_them() {
        let json = serde_json::to_value(room()).expect("json");
        let expected = json!({
            "token": "Lounge", "name": "The lounge", "info_updates": 1, "message_sequence": 0,
            "created": 1_642_701_309.5, "active_users": 12, "active_users_cutoff": 604_800,
            "pinned_messages": [{"id": 7, "pinned_at": 1_642_701_309, "pinned_by": "15ab"}],
            "moderators": [], "admins": ["15ab"], "read": true, "write": false, "upload": false,
        });
        assert_eq!(json, expected);
    }

    #[test]
    fn details_of_polls_say_null_and_moderators_see_defaults() {
        let defaults = Defaults {
            read: true,
            accessible: true,
            write: false,
            upload: false,
        };
        let caller = CallerRights {
            moderator: true,
            defaults: Some(defaults),
            ..CallerRights::default()
        };
        let poll = PollInfo {
            token: "x".to_owned(),
            active_users: 1,
            caller,
            details: None,
        };
        let short = serde_json::to_value(&poll).expect("json");
        assert_eq!(short["default_accessible"], true);
        assert_eq!(short.get("details"), None);
        let long = serde_json::to_value(poll.with_details(room())).expect("json");
        assert_eq!(long["details"].get("description"), Some(&Value::Null));
        assert_eq!(long["details"].get("image_id"), Some(&Value::Null));
        assert_eq!(long["details"].get("default_read"), None);
        for (key, nothing) in [("hidden_admins", json!([])), ("global_admin", json!(false))] {
            assert_eq!(long["details"].get(key), Some(&nothing), "{key}");
        }
        assert_eq!(long["admin"], false);
    }

    #[test]
    fn who_knows_nothing_gets_details() {
        assert!(PollInfo::wants_details(0, 0));
        assert!(PollInfo::wants_details(0, 1));
        assert!(PollInfo::wants_details(2, 1));
        assert!(!PollInfo::wants_details(1, 1));
    }

    #[test]
    fn names_lose_control_characters() {
        let change = RoomChange::parse(br#"{"name":"a\u0007\tb","description":"a\tb\nc\r"}"#);
        let change = change.expect("a change");
        assert_eq!(change.name.as_deref(), Some("ab"));
        assert_eq!(
            change.description,
            Some(Description(Some("a\tb\nc".to_owned())))
        );
        for nothing in [r#"{"description":null}"#, r#"{"description":"\r"}"#] {
            let change = RoomChange::parse(nothing.as_bytes()).expect("a change");
            assert_eq!(change.description, Some(Description(None)));
        }
    }

    #[test]
    fn defaults_may_be_numbers_and_nothing_is_no_change() {
        let change = RoomChange::parse(br#"{"default_read":1,"default_write":false,"x":5}"#);
        let change = change.expect("a change");
        assert_eq!(
            (change.default_read, change.default_write),
            (Some(true), Some(false))
        );
        for bad in [
            "{}",
            r#"{"name":null}"#,
            r#"{"name":5}"#,
            r#"{"image":"5"}"#,
            r#"{"image":null}"#,
            r#"{"default_read":"yes"}"#,
            r#"{"default_read":null}"#,
            "[]",
            "",
        ] {
            assert_eq!(
                RoomChange::parse(bad.as_bytes()),
                Err(Refusal::Malformed),
                "{bad}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_body_is_answered(bytes: Vec<u8>, text: String) {
            let _ = RoomChange::parse(&bytes);
            let body = json!({"name": text, "description": text}).to_string();
            let change = RoomChange::parse(body.as_bytes()).expect("a change");
            prop_assert!(!change.name.expect("a name").contains(|c: char| c < ' '));
        }
    }
}
