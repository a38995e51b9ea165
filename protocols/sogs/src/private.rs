//! Debug output for what must not reach a log: ids, keys, nonces, tokens, paths, messages.

/// Implements `Debug` for types so that it gives their names and nothing of what is in them.
macro_rules! private_debug {
    ($($type:ident $(<$life:lifetime>)?),* $(,)?) => {$(
        impl std::fmt::Debug for $type $(<$life>)? {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($type), "(…)"))
            }
        }
    )*};
}

pub(crate) use private_debug;

#[cfg(test)]
mod tests {
    struct Secret;

    private_debug!(Secret);

    #[test]
    fn only_the_name_is_told() {
        assert_eq!(format!("{:?}", Some(Secret)), "Some(Secret(…))");
    }
}
