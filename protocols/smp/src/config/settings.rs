//! The section as it is in force now.

use std::sync::Arc;

use arc_swap::ArcSwap;

use super::SmpConfig;

/// The section as it is in force now; clones see a reload too. Whoever needs a key marked
/// `x-reload` looks it up here each time.
#[derive(Clone, Debug, Default)]
pub struct Settings(Arc<ArcSwap<SmpConfig>>);

impl Settings {
    /// Starts with this.
    pub fn new(config: SmpConfig) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(config)))
    }

    /// What holds now.
    pub fn now(&self) -> Arc<SmpConfig> {
        self.0.load_full()
    }

    /// Takes the new section over.
    pub fn replace(&self, config: SmpConfig) {
        self.0.store(Arc::new(config));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_see_a_reload() {
        let settings = Settings::default();
        let seen_elsewhere = settings.clone();
        assert!(seen_elsewhere.now().new_queues);
        settings.replace(SmpConfig {
            new_queues: false,
            ..SmpConfig::default()
        });
        assert!(!seen_elsewhere.now().new_queues);
    }
}
