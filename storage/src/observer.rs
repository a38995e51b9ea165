//! What the store tells whoever measures it.

use std::time::Duration;

use crate::Fault;

/// Receives figures from the writer's own task: must be quick.
pub trait Observer: Send + Sync {
    /// A batch was committed, or failed, together.
    fn batch(&self, units: usize, bytes: usize, took: Duration);
    /// The store's health changed.
    fn health(&self, fault: Option<Fault>);
}

/// Measures nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unobserved;

impl Observer for Unobserved {
    fn batch(&self, _: usize, _: usize, _: Duration) {}
    fn health(&self, _: Option<Fault>) {}
}
