//! Files and certificates, and what is wrong with them.

mod certificates;
mod files;
mod keeping;

use rand::SeedableRng;
use rand::rngs::StdRng;
use relay_core::clock::UnixTime;

use super::*;
use crate::config::KeyKind;

const NOW: UnixTime = UnixTime::from_secs(1_790_000_000);

fn rng() -> StdRng {
    StdRng::seed_from_u64(11)
}
