//! What something costs when it is done again and again on one core.
//!
//! What is counted is this thread's processor time, as it is of servers: a busy machine takes
//! longer and does not make cryptography dearer.

use std::hint::black_box;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::report::Part;
use crate::stats::Spread;

/// Long enough for the clock, short enough to have many.
const SLICE: Duration = Duration::from_millis(5);

/// Looking at the clock costs, too.
const BETWEEN: u32 = 4;

/// Microseconds: the median over slices of the given time, so that an interruption does not count.
pub(crate) fn micros<T>(each: Duration, mut work: impl FnMut() -> T) -> f64 {
    let until = spent() + each;
    let mut slices = Vec::new();
    while slices.is_empty() || spent() < until {
        slices.push(slice(&mut work));
    }
    Spread::of(&slices).map_or(0.0, |spread| spread.median)
}

fn slice<T>(work: &mut impl FnMut() -> T) -> f64 {
    let start = spent();
    let mut times = 0_u32;
    loop {
        (0..BETWEEN).for_each(|_| drop(black_box(work())));
        times += BETWEEN;
        let spent = spent().saturating_sub(start);
        if spent >= SLICE {
            return spent.as_secs_f64() * 1e6 / f64::from(times);
        }
    }
}

/// Processor time of this thread.
fn spent() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}

/// The same as a part of a limit.
pub(crate) fn part<T>(name: &str, times: u32, each: Duration, work: impl FnMut() -> T) -> Part {
    Part {
        name: name.to_owned(),
        times,
        micros: micros(each, work),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_costs_nothing_and_working_does() {
        let waiting = slice_of(|| std::thread::sleep(Duration::from_micros(200)));
        assert!(waiting < 150.0, "{waiting}");
        let work = |rounds: u32| {
            slice_of(|| {
                (0..rounds).fold(1_u64, |x, y| black_box(x.wrapping_mul(31) ^ u64::from(y)))
            })
        };
        let (little, much) = (work(1_000), work(10_000));
        assert!(much > 5.0 * little, "{little} {much}");
    }

    fn slice_of<T>(work: impl FnMut() -> T) -> f64 {
        micros(Duration::ZERO, work)
    }
}
