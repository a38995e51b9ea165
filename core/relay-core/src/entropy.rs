//! Randomness, injected. Code that needs random bytes is given an [`Entropy`] and takes a
//! generator from it; tests give a seeded one and see the same bytes every time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rand::rngs::{StdRng, SysRng};
use rand::{CryptoRng, Rng, SeedableRng};

/// Where generators come from. Every clone is the same source.
#[derive(Clone, Debug)]
pub struct Entropy {
    source: Source,
}

#[derive(Clone, Debug)]
enum Source {
    System,
    /// The seed of the next generator.
    Seeded(Arc<AtomicU64>),
}

/// The operating system gave no randomness; nothing secret can be made.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gives no randomness")]
pub struct NoEntropy;

impl Entropy {
    /// The operating system's; fails at once, at start, if that has none.
    pub fn system() -> Result<Self, NoEntropy> {
        StdRng::try_from_rng(&mut SysRng).map_err(|_| NoEntropy)?;
        Ok(Self {
            source: Source::System,
        })
    }

    /// Repeatable, for tests.
    pub fn seeded(seed: u64) -> Self {
        Self {
            source: Source::Seeded(Arc::new(AtomicU64::new(seed))),
        }
    }

    /// A new generator, seeded from the source.
    #[expect(
        clippy::expect_used,
        reason = "the system's randomness was there at start and does not go away"
    )]
    pub fn rng(&self) -> impl CryptoRng + Send + use<> {
        match &self.source {
            Source::System => {
                StdRng::try_from_rng(&mut SysRng).expect("randomness was there at start")
            }
            Source::Seeded(next) => StdRng::seed_from_u64(next.fetch_add(1, Ordering::Relaxed)),
        }
    }

    /// `N` random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.rng().fill_bytes(&mut bytes);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeded_entropy_repeats_and_its_generators_differ() {
        let (a, b) = (Entropy::seeded(7), Entropy::seeded(7));
        let (first, second) = (a.bytes::<32>(), a.bytes::<32>());
        assert_ne!(first, second);
        assert_eq!((first, second), (b.bytes(), b.bytes()));
    }

    #[test]
    fn the_systems_entropy_does_not_repeat() {
        let system = Entropy::system().expect("has randomness");
        assert_ne!(system.bytes::<32>(), system.bytes::<32>());
    }
}
