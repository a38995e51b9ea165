//! Medians, quartiles and ratios of samples: few numbers, no assumption about how they are
//! distributed.

use serde::{Deserialize, Serialize};

/// A median and how far the middle half of the samples lies around it.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Spread {
    /// A quarter of the samples is smaller.
    pub(crate) low: f64,
    /// Half of the samples is smaller.
    pub(crate) median: f64,
    /// A quarter of the samples is larger.
    pub(crate) high: f64,
}

impl Spread {
    /// Of these samples; `None` of none.
    pub(crate) fn of(samples: &[f64]) -> Option<Self> {
        let mut sorted: Vec<f64> = samples.iter().copied().filter(|x| x.is_finite()).collect();
        sorted.sort_by(f64::total_cmp);
        Some(Self {
            low: quantile(&sorted, 0.25)?,
            median: quantile(&sorted, 0.5)?,
            high: quantile(&sorted, 0.75)?,
        })
    }

    /// Where `self / other` lies: from the ratio of the medians, and the quartiles at their worst.
    pub(crate) fn ratio(self, other: Self) -> Self {
        Self {
            low: self.low / other.high,
            median: self.median / other.median,
            high: self.high / other.low,
        }
    }

    /// Half the width of the middle half, as a part of the median.
    pub(crate) fn relative(self) -> f64 {
        if self.median == 0.0 {
            0.0
        } else {
            (self.high - self.low) / 2.0 / self.median
        }
    }
}

/// The ratios of samples taken in pairs, which a drifting machine does not distort.
pub(crate) fn paired(a: &[f64], b: &[f64]) -> Option<Spread> {
    let ratios: Vec<f64> = a.iter().zip(b).map(|(a, b)| a / b).collect();
    Spread::of(&ratios)
}

/// Between samples it is interpolated; `None` of none.
fn quantile(sorted: &[f64], part: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let place = part * real(last);
    let below = whole(place).min(last);
    let above = (below + 1).min(last);
    let rest = place - real(below);
    Some(sorted[below] + (sorted[above] - sorted[below]) * rest)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of samples are far below 2^52"
)]
fn real(count: usize) -> f64 {
    count as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a place between samples is small and not negative"
)]
fn whole(place: f64) -> usize {
    place as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_has_no_median() {
        assert_eq!(Spread::of(&[]), None);
        assert_eq!(Spread::of(&[f64::NAN]), None);
    }

    #[test]
    fn quartiles_are_interpolated_and_order_does_not_matter() {
        let spread = Spread::of(&[4.0, 1.0, 3.0, 2.0, 5.0]).unwrap();
        assert_eq!((spread.low, spread.median, spread.high), (2.0, 3.0, 4.0));
        let spread = Spread::of(&[1.0, 2.0]).unwrap();
        assert_eq!((spread.low, spread.median, spread.high), (1.25, 1.5, 1.75));
        assert!((spread.relative() - 1.0 / 6.0).abs() < 1e-9);
    }

    #[test]
    fn one_sample_has_no_spread() {
        let spread = Spread::of(&[7.0]).unwrap();
        assert_eq!((spread.low, spread.median, spread.high), (7.0, 7.0, 7.0));
    }

    #[test]
    fn a_ratio_is_as_uncertain_as_both_its_sides() {
        let a = Spread {
            low: 9.0,
            median: 10.0,
            high: 11.0,
        };
        let b = Spread {
            low: 4.0,
            median: 5.0,
            high: 6.0,
        };
        let ratio = a.ratio(b);
        assert_eq!((ratio.low, ratio.median, ratio.high), (1.5, 2.0, 2.75));
    }

    #[test]
    fn drift_cancels_in_pairs() {
        let a = [100.0, 50.0, 10.0];
        let b = [50.0, 25.0, 5.0];
        let ratio = paired(&a, &b).unwrap();
        assert_eq!((ratio.low, ratio.median, ratio.high), (2.0, 2.0, 2.0));
    }
}
