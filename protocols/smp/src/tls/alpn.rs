//! What a client says by ALPN that it speaks.

/// A name that was agreed on. Whatever it is, the connection speaks SMP: `http/1.1` is what apps
/// say on port 443, to look like a browser.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Alpn {
    /// `smp/1`.
    Smp1,
    /// `h2`.
    Http2,
    /// `http/1.1`.
    Http11,
}

impl Alpn {
    /// All that are known.
    pub(super) const ALL: [Self; 3] = [Self::Smp1, Self::Http2, Self::Http11];

    /// As it stands in TLS.
    pub const fn name(self) -> &'static [u8] {
        match self {
            Self::Smp1 => b"smp/1",
            Self::Http2 => b"h2",
            Self::Http11 => b"http/1.1",
        }
    }

    pub(super) fn from_name(name: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|alpn| alpn.name() == name)
    }
}
