//! Where each thing is asked for.

/// `GET`: [`super::types::Address`].
pub const ADDRESS: &str = "/v1/smp/address";
/// `GET`: [`super::types::Certificates`].
pub const CERTIFICATE: &str = "/v1/smp/cert";
/// `POST` [`super::types::Rotation`]: [`super::types::Certificates`].
pub const ROTATION: &str = "/v1/smp/cert/rotate";

/// A path as this relay's routes have it.
pub(super) fn below(path: &str) -> &str {
    path.strip_prefix("/v1/smp").unwrap_or(path)
}
