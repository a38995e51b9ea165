//! A wrapper for what must not reach a log or a metric: client addresses, keys, ids, nonces.

use std::fmt;

/// A value that cannot be printed: no `Display`, and `Debug` says only that it is private.
#[derive(Clone, Copy, Default, Eq, Hash, PartialEq)]
pub struct Private<T>(T);

impl<T> Private<T> {
    /// Wraps a value.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value, to work with it; not to print it.
    pub const fn get(&self) -> &T {
        &self.0
    }

    /// The value.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> fmt::Debug for Private<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(private)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing_even_nested() {
        let value = Some(Private::new("queue id"));
        assert_eq!(format!("{value:?}"), "Some((private))");
    }
}
