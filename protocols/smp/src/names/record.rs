//! What a name stands for.

use serde::{Deserialize, Serialize};

/// As the resolver says it and clients read it: in this order, with what is not set as an empty
/// text, an empty list or null, and without whatever else a resolver may say.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    name: String,
    nickname: String,
    website: String,
    location: String,
    simplex_contact: Vec<String>,
    simplex_channel: Vec<String>,
    eth: Option<String>,
    btc: Option<String>,
    xmr: Option<String>,
    dot: Option<String>,
    owner: String,
    resolver: String,
}

/// A resolver's answer as clients read it; nothing if it is no record.
pub(super) fn for_clients(answer: &[u8]) -> Option<Vec<u8>> {
    let record: Record = serde_json::from_slice(answer).ok()?;
    serde_json::to_vec(&record).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_set_is_null_and_what_is_not_known_is_left_out() {
        let answer = br#"{"resolver":"r","owner":"o","dot":"d","simplexChannel":[],
            "simplexContact":["c"],"location":"","website":"","nickname":"","name":"n","x":1}"#;
        let told = r#"{"name":"n","nickname":"","website":"","location":"","simplexContact":["c"],"simplexChannel":[],"eth":null,"btc":null,"xmr":null,"dot":"d","owner":"o","resolver":"r"}"#;
        assert_eq!(for_clients(answer).unwrap(), told.as_bytes());
        for wrong in [
            &b""[..],
            b"{}",
            b"[]",
            b"<html>",
            br#"{"name":null}"#,
            b"\xff",
        ] {
            assert_eq!(for_clients(wrong), None);
        }
    }
}
