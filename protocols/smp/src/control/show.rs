//! Values as the reference writes them, which scripts may read.

use crate::queue::Status;
use crate::wire::{BlockingInfo, BlockingReason, ClientNotice, QueueMode};

/// `EntityActive`, `EntityOff`, `EntityBlocked (…)`.
pub(super) fn status(status: &Status) -> String {
    match status {
        Status::Active => "EntityActive".to_owned(),
        Status::Off => "EntityOff".to_owned(),
        Status::Blocked(info) => format!("EntityBlocked ({})", blocking(*info)),
    }
}

/// `BlockingInfo {reason = BRSpam, notice = Nothing}`.
pub(super) fn blocking(info: BlockingInfo) -> String {
    let reason = match info.reason {
        BlockingReason::Spam => "BRSpam",
        BlockingReason::Content => "BRContent",
    };
    let notice = match info.notice {
        None => "Nothing".to_owned(),
        Some(ClientNotice { ttl }) => {
            let ttl = ttl.map_or_else(
                || "Nothing".to_owned(),
                |ttl| format!("Just {}", number(ttl)),
            );
            format!("Just (ClientNotice {{ttl = {ttl}}})")
        }
    };
    format!("BlockingInfo {{reason = {reason}, notice = {notice}}}")
}

/// `Just QMMessaging`.
pub(super) const fn mode(mode: Option<QueueMode>) -> &'static str {
    match mode {
        None => "Nothing",
        Some(QueueMode::Messaging) => "Just QMMessaging",
        Some(QueueMode::Contact) => "Just QMContact",
    }
}

/// A day, counted from 1970: `Just (RoundedSystemTime {roundedSeconds = …})`.
pub(super) fn day(day: i64) -> String {
    let seconds = day.saturating_mul(86_400);
    format!(
        "Just (RoundedSystemTime {{roundedSeconds = {}}})",
        number(seconds)
    )
}

/// `2026-11-21 19:00:00 UTC`.
pub(super) fn time(secs: i64) -> String {
    let moment = jiff::Timestamp::from_second(secs).unwrap_or_default();
    moment.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// Negative ones stand in brackets behind a constructor.
fn number(number: i64) -> String {
    if number < 0 {
        format!("({number})")
    } else {
        number.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_as_the_reference_has_them() {
        let spam = BlockingInfo {
            reason: BlockingReason::Spam,
            notice: None,
        };
        assert_eq!(
            status(&Status::Blocked(spam)),
            "EntityBlocked (BlockingInfo {reason = BRSpam, notice = Nothing})"
        );
        let content = BlockingInfo {
            reason: BlockingReason::Content,
            notice: Some(ClientNotice { ttl: Some(3600) }),
        };
        assert_eq!(
            blocking(content),
            "BlockingInfo {reason = BRContent, notice = Just (ClientNotice {ttl = Just 3600})}"
        );
        assert_eq!(
            day(20_000),
            "Just (RoundedSystemTime {roundedSeconds = 1728000000})"
        );
        assert_eq!(time(1_728_000_000), "2024-10-04 00:00:00 UTC");
        assert_eq!(mode(None), "Nothing");
    }
}
