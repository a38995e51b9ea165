//! The routes, asked without a socket.

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use relay_core::clock::{TestClock, UnixTime};
use relay_core::entropy::Entropy;
use relay_storage::{Database, DatabaseUrl, StorageOptions, Store, Unobserved};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;

use super::*;
use crate::config::{KeyKind, SmpConfig};
use crate::engine::{self, Ground};
use crate::identity::Folder;
use crate::store::MIGRATIONS;

async fn engine(dir: &TempDir, clock: Arc<TestClock>) -> Engine {
    let options = StorageOptions {
        url: DatabaseUrl::Sqlite(dir.path().join("test.db")),
        ..StorageOptions::default()
    };
    let database = Database::open(options).await.unwrap();
    let migrations = [relay_storage::MIGRATIONS, MIGRATIONS];
    database.migrate(&migrations).await.unwrap();
    let ground = Ground {
        store: Store::start(database, Arc::new(Unobserved)),
        clock,
        entropy: Entropy::seeded(4),
    };
    Engine::start(ground, engine::Settings::default())
        .await
        .unwrap()
}

pub(crate) async fn desk() -> (TempDir, Desk) {
    let dir = tempfile::tempdir().unwrap();
    let clock = Arc::new(TestClock::at(UnixTime::from_secs(1_790_000_000)));
    let engine = engine(&dir, Arc::clone(&clock)).await;
    let folder = Folder::at(dir.path());
    let entropy = Entropy::seeded(3);
    let keeper = Keeper::open(folder, KeyKind::Ed448, "smp.example.org", clock, entropy);
    let settings = Settings::new(SmpConfig {
        create_password: Some("pw".into()),
        ..SmpConfig::default()
    });
    (dir, Desk::new(settings, Arc::new(keeper.unwrap()), engine))
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
    let (_dir, desk) = desk().await;
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
    let (dir, desk) = desk().await;
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

#[tokio::test]
async fn queues_that_do_not_exist_and_ids_that_are_none() {
    let (_dir, desk) = desk().await;
    let at = |path: &str, id: &str| relay_admin::paths::with(path, id);
    let id = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB";
    let spam = json!({ "reason": "spam" });
    for (method, path, body) in [
        ("GET", paths::QUEUE, Value::Null),
        ("DELETE", paths::QUEUE, Value::Null),
        ("POST", paths::QUEUE_BLOCK, spam),
        ("POST", paths::QUEUE_UNBLOCK, Value::Null),
    ] {
        let (status, answer) = ask(&desk, method, &at(path, id), body.clone()).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{method} {path}: {answer}");
        let (status, _) = ask(&desk, method, &at(path, "no id!"), body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{method} {path}");
    }
    for wrong in [
        json!({}),
        json!({ "reason": "boredom" }),
        json!({ "reason": "spam", "notice_ttl": 0 }),
    ] {
        let path = at(paths::QUEUE_BLOCK, id);
        let (status, _) = ask(&desk, "POST", &path, wrong).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
    }
}

#[tokio::test]
async fn figures_have_the_reference_names() {
    let (_dir, desk) = desk().await;
    let (status, answer) = ask(&desk, "GET", paths::STATISTICS, Value::Null).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(answer["queues"], 0);
    assert_eq!(
        answer["active_queues"],
        json!({ "day": 0, "week": 0, "month": 0 })
    );
    let counters = answer["counters"].as_array().unwrap();
    let sent = json!({ "name": "msgSent", "total": 0, "period": 0 });
    assert!(counters.contains(&sent), "{counters:?}");
}
