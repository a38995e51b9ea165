//! Times as people and scripts read them. In UTC: the page's script turns them into local ones.

use relay_core::clock::UnixTime;

const DAY: i64 = 24 * 60 * 60;

/// When something was written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Written(pub(super) UnixTime);

impl Written {
    /// As RFC 3339 has it.
    pub(super) fn iso(self) -> String {
        let (date, [hour, minute, second]) = self.parts();
        format!("{date}T{hour:02}:{minute:02}:{second:02}Z")
    }

    /// For people.
    pub(super) fn plain(self) -> String {
        let (date, [hour, minute, _]) = self.parts();
        format!("{date} {hour:02}:{minute:02} UTC")
    }

    fn parts(self) -> (String, [i64; 3]) {
        let secs = self.0.secs();
        let (days, of_day) = (secs.div_euclid(DAY), secs.rem_euclid(DAY));
        let (year, month, day) = date(days);
        let time = [of_day / 3600, of_day / 60 % 60, of_day % 60];
        (format!("{year:04}-{month:02}-{day:02}"), time)
    }
}

/// The date so many days after 1970 began. Years are counted from March, so that leap days end
/// them, in eras of 400 years, which are all of equal length.
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn iso(secs: i64) -> String {
        Written(UnixTime::from_secs(secs)).iso()
    }

    #[test]
    fn times_are_those_of_the_calendar() {
        assert_eq!(iso(0), "1970-01-01T00:00:00Z");
        assert_eq!(iso(-1), "1969-12-31T23:59:59Z");
        assert_eq!(iso(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(iso(1_709_251_199), "2024-02-29T23:59:59Z");
        assert_eq!(iso(4_107_542_400), "2100-03-01T00:00:00Z");
        assert_eq!(
            Written(UnixTime::from_secs(1_693_526_400)).plain(),
            "2023-09-01 00:00 UTC"
        );
    }

    #[test]
    fn every_day_follows_the_one_before() {
        let mut before = date(-200_000);
        for days in -199_999..200_000 {
            let (year, month, day) = date(days);
            let next_day = (before.0, before.1, before.2 + 1);
            let first = day == 1 && before.2 >= 28;
            assert!((year, month, day) == next_day || first, "{before:?}");
            before = (year, month, day);
        }
    }
}
