//! The routes, asked without a socket.

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use relay_core::clock::{TestClock, UnixTime};
use relay_core::entropy::Entropy;
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;

use super::*;
use crate::config::{KeyKind, SmpConfig};
use crate::identity::Folder;

fn desk() -> (TempDir, Desk) {
    let dir = tempfile::tempdir().unwrap();
    let clock = Arc::new(TestClock::at(UnixTime::from_secs(1_790_000_000)));
    let folder = Folder::at(dir.path());
    let entropy = Entropy::seeded(3);
    let keeper = Keeper::open(folder, KeyKind::Ed448, "smp.example.org", clock, entropy);
    let settings = Settings::new(SmpConfig {
        create_password: Some("pw".into()),
        ..SmpConfig::default()
    });
    (dir, Desk::new(settings, Arc::new(keeper.unwrap())))
}

async fn ask(desk: &Desk, method: &str, path: &str, body: Value) -> (StatusCode, Value) {
    let request = Request::builder()
        .method(method)
        .uri(paths::below(path))
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()))
        .unwrap();
    let response = desk.clone().routes().oneshot(request).await.unwrap();
    let status = response.status();
    let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap())
}

#[tokio::test]
async fn the_address_follows_configuration_and_sockets() {
    let (_dir, desk) = desk();
    desk.bound_to(&["127.0.0.1:4321".to_owned()]);
    let (status, answer) = ask(&desk, "GET", paths::ADDRESS, Value::Null).await;
    assert_eq!(status, StatusCode::OK);
    let fingerprint = answer["fingerprint"].as_str().unwrap();
    let expected = format!("smp://{fingerprint}:pw@127.0.0.1:4321");
    assert_eq!(answer["address"], expected);
    assert_eq!(answer["public_address"], expected.replace(":pw", ""));
    assert_eq!(answer["has_hosts"], false);

    desk.settings.replace(SmpConfig {
        hosts: vec!["smp.example.org".to_owned()],
        port: Some(443),
        ..SmpConfig::default()
    });
    let (_, answer) = ask(&desk, "GET", paths::ADDRESS, Value::Null).await;
    let expected = format!("smp://{fingerprint}@smp.example.org:443");
    assert_eq!(answer["address"], expected);
}

#[tokio::test]
async fn a_certificate_is_shown_and_replaced() {
    let (dir, desk) = desk();
    let (_, before) = ask(&desk, "GET", paths::CERTIFICATE, Value::Null).await;
    let roles: Vec<_> = before["chain"].as_array().unwrap().iter().collect();
    assert_eq!(
        (&roles[0]["role"], &roles[1]["role"]),
        (&json!("server"), &json!("ca"))
    );
    assert_eq!(roles[0]["name"], "CN=smp.example.org");
    assert_eq!(roles[0]["key_kind"], "ed448");
    assert_eq!(before["has_ca_key"], true);

    let wanted = json!({ "key_kind": "ed25519", "name": "b.example" });
    let (status, after) = ask(&desk, "POST", paths::ROTATION, wanted).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(after["fingerprint"], before["fingerprint"]);
    assert_eq!(after["chain"][0]["name"], "CN=b.example");
    assert_eq!(after["chain"][0]["key_kind"], "ed25519");
    assert_eq!(after["chain"][1], before["chain"][1]);
    let (_, shown) = ask(&desk, "GET", paths::CERTIFICATE, Value::Null).await;
    assert_eq!(shown, after);

    for (body, expected) in [
        (json!({ "name": "b.example:5223" }), StatusCode::BAD_REQUEST),
        (json!({ "key_kind": "rsa" }), StatusCode::BAD_REQUEST),
        (json!({ "kind": "ed448" }), StatusCode::BAD_REQUEST),
    ] {
        let (status, answer) = ask(&desk, "POST", paths::ROTATION, body).await;
        assert_eq!(status, expected);
        assert!(answer["error"].is_string(), "{answer}");
    }
    std::fs::remove_file(dir.path().join("ca.key")).unwrap();
    let (status, answer) = ask(&desk, "POST", paths::ROTATION, json!({})).await;
    assert_eq!(status, StatusCode::CONFLICT);
    let line = answer["error"].as_str().unwrap();
    assert!(
        line.contains("ca.key") && line.contains("put it back"),
        "{line}"
    );
}
