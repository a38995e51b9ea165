//! What an authority asks for over HTTP, and what it is answered.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Answers by token; there only while an authority looks.
#[derive(Debug, Default)]
pub(crate) struct Tokens(Mutex<HashMap<String, String>>);

impl Tokens {
    /// What to answer, if this was asked for by an authority of ours.
    pub(crate) fn answer(&self, token: &str) -> Option<String> {
        self.lock().get(token).cloned()
    }

    pub(super) fn add(&self, token: &str, answer: &str) {
        self.lock().insert(token.to_owned(), answer.to_owned());
    }

    pub(super) fn remove(&self, token: &str) {
        self.lock().remove(token);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
