//! What a server says it can do. Clients know three names, and hide what is not named.

use axum::http::StatusCode;
use serde::Serialize;

/// The answer of `/capabilities`.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Capabilities {
    capabilities: Vec<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missing: Vec<String>,
}

impl Capabilities {
    /// Of a server that requires blinded ids or does not, given the `required` parameter.
    pub fn new(require_blinded: bool, required: &str) -> Self {
        let blind = require_blinded.then_some("blind");
        let capabilities: Vec<_> = blind.into_iter().chain(["reactions", "sogs"]).collect();
        let required = required.split(',').filter(|name| !name.is_empty());
        let missing = required.filter(|name| !capabilities.contains(name));
        Self {
            missing: missing.map(str::to_owned).collect(),
            capabilities,
        }
    }

    /// 412 if something required is missing.
    pub fn status(&self) -> StatusCode {
        if self.missing.is_empty() {
            StatusCode::OK
        } else {
            StatusCode::PRECONDITION_FAILED
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(require_blinded: bool, required: &str) -> (u16, String) {
        let capabilities = Capabilities::new(require_blinded, required);
        let json = serde_json::to_string(&capabilities).expect("json");
        (capabilities.status().as_u16(), json)
    }

    #[test]
    fn blinding_is_named_where_it_is_required() {
        let all = r#"{"capabilities":["blind","reactions","sogs"]}"#;
        assert_eq!(answer(true, ""), (200, all.to_owned()));
        assert_eq!(answer(true, "sogs,blind"), (200, all.to_owned()));
        let open = r#"{"capabilities":["reactions","sogs"]}"#;
        assert_eq!(answer(false, ""), (200, open.to_owned()));
    }

    #[test]
    fn missing_ones_are_named_in_the_order_asked() {
        let json = r#"{"capabilities":["reactions","sogs"],"missing":["magic","blind"]}"#;
        assert_eq!(answer(false, "magic,sogs,blind"), (412, json.to_owned()));
    }
}
