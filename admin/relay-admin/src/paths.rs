//! Where each thing is asked for. A relay's own routes are below `/v1/<name>/`.

/// `GET`: [`crate::types::Status`].
pub const STATUS: &str = "/v1/status";
/// `GET`: [`crate::types::Metrics`].
pub const METRICS: &str = "/v1/metrics";
/// `GET` and `PUT`: [`crate::types::LogLevel`].
pub const LOG_LEVEL: &str = "/v1/log/level";
/// `GET`: a list of [`crate::types::Worker`].
pub const WORKERS: &str = "/v1/workers";
/// `POST`: runs a worker now; [`crate::types::WorkerRun`].
pub const WORKER_RUN: &str = "/v1/workers/{name}/run";
/// `PUT` [`crate::types::WorkerPaused`]: [`crate::types::Worker`].
pub const WORKER_PAUSED: &str = "/v1/workers/{name}/paused";
/// `POST` [`crate::types::BackupRequest`]: [`crate::types::Backup`].
pub const BACKUPS: &str = "/v1/backups";
/// `GET` (`/v1/audit/100`: that many): a list of [`crate::types::AuditEntry`].
pub const AUDIT_NEWEST: &str = "/v1/audit/{limit}";
/// `POST` [`crate::types::AuditNote`]: [`crate::types::AuditNoted`].
pub const AUDIT_NOTES: &str = "/v1/audit/notes";
/// `POST` [`crate::types::AuditPrune`]: [`crate::types::AuditPruned`].
pub const AUDIT_PRUNE: &str = "/v1/audit/prune";
/// `GET`: what is in force, a list of [`crate::types::Setting`].
pub const CONFIG: &str = "/v1/config";
/// `POST`: [`crate::types::Reload`].
pub const RELOAD: &str = "/v1/reload";
/// `POST`: drains and ends the daemon.
pub const STOP: &str = "/v1/stop";
/// `POST`: [`crate::types::Upgrade`].
pub const UPGRADE: &str = "/v1/upgrade";

/// `GET`: all of this as an OpenAPI document.
pub const OPENAPI: &str = "/v1/openapi.json";

/// A path with its `{…}` filled in.
pub fn with(path: &str, value: &str) -> String {
    match (path.find('{'), path.find('}')) {
        (Some(open), Some(close)) => {
            format!("{}{}{}", &path[..open], escaped(value), &path[close + 1..])
        }
        _ => path.to_owned(),
    }
}

fn escaped(value: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-~".contains(&byte);
    let escape = |byte: u8| {
        if is_plain(byte) {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    };
    value.bytes().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_cannot_break_out_of_their_place() {
        assert_eq!(
            with(WORKER_RUN, "store.maintenance"),
            "/v1/workers/store.maintenance/run"
        );
        assert_eq!(with(WORKER_RUN, "../x y?"), "/v1/workers/..%2Fx%20y%3F/run");
    }
}
