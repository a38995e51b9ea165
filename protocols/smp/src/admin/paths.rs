//! Where each thing is asked for.

/// What all of them begin with.
pub const BELOW: &str = "/v1/smp";

/// `GET`: [`super::types::Address`].
pub const ADDRESS: &str = "/v1/smp/address";
/// `GET`: [`super::types::Certificates`].
pub const CERTIFICATE: &str = "/v1/smp/cert";
/// `POST` [`super::types::Rotation`]: [`super::types::Certificates`].
pub const ROTATION: &str = "/v1/smp/cert/rotate";

/// `GET`: [`super::types::Statistics`].
pub const STATISTICS: &str = "/v1/smp/stats";
/// By sender or link id. `GET`: [`super::types::Queue`]; `DELETE`: [`super::types::DeletedQueue`].
pub const QUEUE: &str = "/v1/smp/queue/{id}";
/// `POST` [`super::types::BlockRequest`]: [`super::types::BlockOutcome`].
pub const QUEUE_BLOCK: &str = "/v1/smp/queue/{id}/block";
/// `POST`: [`super::types::UnblockOutcome`].
pub const QUEUE_UNBLOCK: &str = "/v1/smp/queue/{id}/unblock";

/// A path as this relay's routes have it.
#[cfg(test)]
pub(super) fn below(path: &str) -> &str {
    path.strip_prefix("/v1/smp").unwrap_or(path)
}
