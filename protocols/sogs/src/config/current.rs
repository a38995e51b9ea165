//! The settings in force, which a reload replaces.

use std::sync::{Arc, PoisonError, RwLock};

use super::{AuthConfig, SogsConfig};

/// The settings in force. Clones see the same.
#[derive(Clone, Debug)]
pub struct Current(Arc<RwLock<Arc<SogsConfig>>>);

impl Current {
    /// Beginning with these.
    pub fn new(config: SogsConfig) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(config))))
    }

    /// Those in force now. Whoever handles a request takes them once, so that no request sees two.
    pub fn get(&self) -> Arc<SogsConfig> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes over new ones, but for what a start alone reads.
    pub fn reload(&self, new: SogsConfig) {
        let mut current = self.0.write().unwrap_or_else(PoisonError::into_inner);
        *current = Arc::new(SogsConfig {
            enabled: current.enabled,
            listen: current.listen.clone(),
            proxy_protocol_from: current.proxy_protocol_from.clone(),
            jobs: current.jobs.clone(),
            cache: current.cache.clone(),
            auth: AuthConfig {
                require_blinded_ids: current.auth.require_blinded_ids,
                accept_blinded_v2: current.auth.accept_blinded_v2,
                ..new.auth
            },
            ..new
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reload_replaces_what_need_not_be_restarted_for() {
        let current = Current::new(SogsConfig::default());
        let seen_by_a_request = current.get();
        let mut new = SogsConfig::default();
        new.web.index = false;
        new.cache.users = 1;
        current.reload(new);
        assert!(seen_by_a_request.web.index);
        assert!(!current.get().web.index);
        assert_eq!(current.get().cache.users, 20_000);
    }
}
