//! What something costs when it is done again and again on one core.

use std::hint::black_box;
use std::time::Duration;

use tokio::time::Instant;

use crate::report::Part;
use crate::stats::Spread;

/// Long enough for the clock, short enough to have many.
const SLICE: Duration = Duration::from_millis(5);

/// Microseconds: the median over slices of the given time, so that an interruption does not count.
pub(crate) fn micros<T>(each: Duration, mut work: impl FnMut() -> T) -> f64 {
    let until = Instant::now() + each;
    let mut slices = Vec::new();
    while slices.is_empty() || Instant::now() < until {
        slices.push(slice(&mut work));
    }
    Spread::of(&slices).map_or(0.0, |spread| spread.median)
}

fn slice<T>(work: &mut impl FnMut() -> T) -> f64 {
    let start = Instant::now();
    let mut times = 0_u32;
    while start.elapsed() < SLICE {
        black_box(work());
        times += 1;
    }
    start.elapsed().as_secs_f64() * 1e6 / f64::from(times)
}

/// The same as a part of a limit.
pub(crate) fn part<T>(name: &str, times: u32, each: Duration, work: impl FnMut() -> T) -> Part {
    Part {
        name: name.to_owned(),
        times,
        micros: micros(each, work),
    }
}
