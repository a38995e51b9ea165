//! Times and durations as people read them. Times are in UTC, so that operators in two places
//! and the log of a server in a third agree.

use std::time::Duration;

use jiff::Timestamp;

/// Unix seconds as `2026-11-21 14:02:18`.
pub(crate) fn stamp(secs: i64) -> String {
    match Timestamp::from_second(secs) {
        Ok(time) => time.strftime("%Y-%m-%d %H:%M:%S").to_string(),
        Err(_) => format!("second {secs}"),
    }
}

/// The two largest units: `3d 4h`, `12m 5s`, `1.5s`, `20ms`.
pub(crate) fn span(secs: f64) -> String {
    let duration = Duration::try_from_secs_f64(secs).unwrap_or_default();
    let whole = duration.as_secs();
    let (days, hours, minutes) = (whole / 86_400, whole / 3600 % 24, whole / 60 % 60);
    let pair = |big: u64, unit, small: u64, next| match small {
        0 => format!("{big}{unit}"),
        small => format!("{big}{unit} {small}{next}"),
    };
    match whole {
        0 if duration.is_zero() => "0s".to_owned(),
        0 => format!("{}ms", duration.as_millis()),
        1..10 => format!("{:.1}s", duration.as_secs_f64()),
        10..60 => format!("{whole}s"),
        60..3600 => pair(minutes, "m", whole % 60, "s"),
        3600..86_400 => pair(hours, "h", minutes, "m"),
        _ => pair(days, "d", hours, "h"),
    }
}

/// Bytes as `512 B`, `1.5 MiB`.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let exponent = (bytes.ilog2() / 10).clamp(1, 5);
    // Tenths, so that no float is needed.
    let tenths = (u128::from(bytes) * 10) >> (10 * exponent);
    let unit = UNITS.get(exponent as usize - 1).unwrap_or(&"PiB");
    format!("{}.{} {unit}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        assert_eq!(stamp(1_795_269_738), "2026-11-21 14:02:18");
        assert_eq!(stamp(i64::MAX), "second 9223372036854775807");
    }

    #[test]
    fn spans() {
        for (secs, shown) in [
            (0.0, "0s"),
            (0.0123, "12ms"),
            (1.54, "1.5s"),
            (59.9, "59s"),
            (60.0, "1m"),
            (725.0, "12m 5s"),
            (7260.0, "2h 1m"),
            (273_600.0, "3d 4h"),
            (-1.0, "0s"),
        ] {
            assert_eq!(span(secs), shown);
        }
    }

    #[test]
    fn sizes() {
        for (bytes, shown) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1536, "1.5 KiB"),
            (1 << 30, "1.0 GiB"),
            (u64::MAX, "16383.9 PiB"),
        ] {
            assert_eq!(size(bytes), shown);
        }
    }
}
