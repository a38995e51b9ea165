//! How figures went, for the little curves beside them.

use std::collections::VecDeque;

use super::view::View;

/// More looks than any terminal has columns for.
const LENGTH: usize = 512;

/// The last values of one figure, in hundredths.
#[derive(Debug, Default)]
pub(super) struct Curve(VecDeque<u64>);

/// The figures that have a curve.
#[derive(Debug, Default)]
pub(super) struct History {
    pub(super) requests: Curve,
    pub(super) polls: Curve,
    pub(super) posts: Curve,
    pub(super) sent: Curve,
    pub(super) received: Curve,
    pub(super) blocks: Curve,
    pub(super) units: Curve,
    pub(super) cpu: Curve,
}

impl Curve {
    fn push(&mut self, value: f64) {
        if self.0.len() == LENGTH {
            self.0.pop_front();
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "casting saturates, and rates are not negative"
        )]
        self.0.push_back((value * 100.0) as u64);
    }

    /// The newest values, as many as there is room for; the newest last.
    pub(super) fn newest(&self, room: usize) -> impl Iterator<Item = u64> + '_ {
        self.0
            .iter()
            .skip(self.0.len().saturating_sub(room))
            .copied()
    }
}

impl History {
    /// Adds a look.
    pub(super) fn add(&mut self, view: &View) {
        if let Some(sogs) = &view.sogs {
            self.requests.push(sogs.requests_per_second);
            self.polls.push(sogs.polls_per_second);
            self.posts.push(sogs.posts_per_second);
        }
        if let Some(smp) = &view.smp {
            self.sent.push(smp.sent_per_second);
            self.received.push(smp.received_per_second);
            self.blocks.push(smp.blocks_in_per_second);
        }
        self.units.push(view.store.units_per_second);
        self.cpu.push(view.process.cpu);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_are_kept() {
        let mut curve = Curve::default();
        for value in 0..600 {
            curve.push(f64::from(value));
        }
        assert_eq!(curve.newest(2).collect::<Vec<_>>(), [59_800, 59_900]);
        assert_eq!(curve.newest(10_000).count(), LENGTH);
    }
}
