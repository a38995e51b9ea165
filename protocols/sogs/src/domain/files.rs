//! Files: what they may be called, how long they stay, and whose post may show them.

use std::time::Duration;

use relay_core::clock::UnixTime;

const MAX_DISK_NAME: usize = 60;
const DISK_NAME_START: usize = 40;
const DISK_NAME_END: usize = 17;

/// How long files stay.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Lifetimes {
    /// Uploads that no message shows.
    pub unattached: Duration,
    /// How long after its upload a message may begin to show it.
    pub attachable: Duration,
    /// Files of messages; for ever if `None`.
    pub attached: Option<Duration>,
}

/// An upload, as far as it matters who may show it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Upload {
    /// The room it was uploaded to; `None` if that is gone.
    pub room: Option<i64>,
    /// Who uploaded it.
    pub uploader: Option<i64>,
    /// The message that shows it already.
    pub message: Option<i64>,
    /// When.
    pub uploaded: UnixTime,
    /// When it will be forgotten; `None` is never.
    pub expiry: Option<UnixTime>,
}

impl Default for Lifetimes {
    /// An hour to post it, then fifteen days.
    fn default() -> Self {
        let hour = Duration::from_hours(1);
        Self {
            unattached: hour,
            attachable: hour,
            attached: Some(15 * 24 * hour),
        }
    }
}

impl Lifetimes {
    /// When an upload expires that nothing shows.
    pub fn on_upload(&self, now: UnixTime) -> UnixTime {
        now.plus(self.unattached)
    }

    /// When a file of a message expires, counted from its attachment, or from its upload if its
    /// message is no longer pinned.
    pub fn attached_until(&self, from: UnixTime) -> Option<UnixTime> {
        self.attached.map(|lifetime| from.plus(lifetime))
    }
}

impl Upload {
    /// Whether a message may begin to show it: one's own, of this room, recent, shown by no other
    /// and not the room's image, which never expires.
    pub fn may_attach(&self, room: i64, author: i64, now: UnixTime, lifetimes: Lifetimes) -> bool {
        self.room == Some(room)
            && self.uploader == Some(author)
            && self.message.is_none()
            && self.expiry.is_some()
            && now.since(self.uploaded) <= lifetimes.attachable
    }

    /// Whether it can still be downloaded from a room.
    pub fn available(&self, room: i64, now: UnixTime) -> bool {
        self.room == Some(room) && self.expiry.is_none_or(|expiry| expiry > now)
    }
}

/// A name as it is kept and given back: what would end or split it elsewhere is replaced.
pub fn clean_name(given: &str) -> String {
    given.replace(['\0', '/'], "\u{fffd}")
}

/// A name that is safe on any disk and still tells what the file is.
pub fn disk_name(id: i64, name: Option<&str>) -> String {
    let name = name.filter(|name| !name.is_empty()).unwrap_or("(unnamed)");
    let mut safe: Vec<char> = Vec::with_capacity(name.len());
    let mut replacing = false;
    for c in name.chars() {
        let keep = c.is_alphanumeric() || "_+-.'()@[]".contains(c);
        if keep || !replacing {
            safe.push(if keep { c } else { '_' });
        }
        replacing = !keep;
    }
    if safe.len() > MAX_DISK_NAME {
        let end = safe.split_off(safe.len() - DISK_NAME_END);
        safe.truncate(DISK_NAME_START);
        safe.extend("...".chars().chain(end));
    }
    let safe: String = safe.into_iter().collect();
    format!("{id}_{safe}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn upload() -> Upload {
        Upload {
            room: Some(1),
            uploader: Some(2),
            message: None,
            uploaded: UnixTime::from_secs(100),
            expiry: Some(UnixTime::from_secs(3700)),
        }
    }

    #[test]
    fn only_ones_own_fresh_uploads_are_attached() {
        let at = |secs| UnixTime::from_secs(secs);
        let may = |upload: Upload| upload.may_attach(1, 2, at(3700), Lifetimes::default());
        assert!(may(upload()));
        for taken in [
            Upload {
                room: Some(9),
                ..upload()
            },
            Upload {
                uploader: Some(9),
                ..upload()
            },
            Upload {
                uploader: None,
                ..upload()
            },
            Upload {
                message: Some(9),
                ..upload()
            },
            Upload {
                expiry: None,
                ..upload()
            },
            Upload {
                uploaded: at(99),
                ..upload()
            },
        ] {
            assert!(!may(taken), "{taken:?}");
        }
    }

    #[test]
    fn files_are_there_until_they_expire() {
        let at = |secs| UnixTime::from_secs(secs);
        assert!(upload().available(1, at(3699)));
        assert!(!upload().available(1, at(3700)));
        assert!(!upload().available(2, at(0)));
        let image = Upload {
            expiry: None,
            ..upload()
        };
        assert!(image.available(1, at(i64::MAX / 1000)));
        let for_ever = Lifetimes {
            attached: None,
            ..Lifetimes::default()
        };
        assert_eq!(for_ever.attached_until(at(5)), None);
    }

    #[test]
    fn names_are_kept_but_for_two_characters() {
        assert_eq!(clean_name("a/b\0c\\d\"🍍"), "a\u{fffd}b\u{fffd}c\\d\"🍍");
        assert_eq!(disk_name(7, None), "7_(unnamed)");
        assert_eq!(disk_name(7, Some("../a b*?c.txt")), "7_.._a_b_c.txt");
        let long = format!("{}{}", "a".repeat(60), "b".repeat(17));
        let expected = format!("7_{}...{}", "a".repeat(40), "b".repeat(17));
        assert_eq!(disk_name(7, Some(&long)), expected);
    }

    proptest! {
        #[test]
        fn disk_names_are_single_short_components(id in 0..1000_i64, name: String) {
            let disk = disk_name(id, Some(&clean_name(&name)));
            prop_assert!(!disk.contains(['/', '\\', '\0', '\n', ':']));
            prop_assert!(disk.chars().count() <= 65);
            let start = format!("{id}_");
            prop_assert!(disk.starts_with(&start));
        }
    }
}
