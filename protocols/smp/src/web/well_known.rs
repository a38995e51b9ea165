//! By which phones know that the SimpleX app may open this server's links by itself. The names and
//! fingerprints are those of the published apps.

use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::Web;

const APPLE_APP: &str = "5NN7GUYB6T.chat.simplex.app";
const ANDROID_APP: &str = "chat.simplex.app";

/// Of the keys that sign the app, in the several places it can be had from.
const ANDROID_KEYS: [&str; 3] = [
    "5E:3E:DC:C2:00:FB:A8:D5:F4:88:F3:CA:4C:32:5B:05:78:C5:6A:9C:03:A1:CC:B5:92:9C:D7:5C:7E:57:E2:4D",
    "3C:52:C4:FD:3C:AD:1C:07:C9:B0:0A:70:80:E3:58:FA:B9:FE:FC:B8:AF:5A:EC:14:77:65:F1:6D:0F:21:AD:85",
    "AE:C1:95:DC:FD:46:14:BD:3A:91:EC:26:D1:D5:14:C8:75:71:C5:CC:8D:CF:48:08:3F:92:83:14:3C:A2:B9:A6",
];

/// Links that the app for iOS takes.
const KINDS: [&str; 6] = ["contact", "invitation", "a", "c", "g", "i"];

/// Where phones look: those of Apple, and Android's.
pub(super) const PATHS: [&str; 2] = [
    "/.well-known/apple-app-site-association",
    "/.well-known/assetlinks.json",
];

pub(super) fn routes() -> Router<Web> {
    let [of_apple, of_android] = PATHS;
    Router::new()
        .route(of_apple, get(|| async { Json(apple()) }))
        .route(of_android, get(|| async { Json(android()) }))
}

fn apple() -> Value {
    let paths = KINDS.map(|kind| [format!("/{kind}/*"), format!("/{kind}")]);
    let components: Vec<_> = paths
        .iter()
        .flatten()
        .map(|path| json!({ "/": path }))
        .collect();
    json!({ "applinks": { "details": [{ "appIDs": [APPLE_APP], "components": components }] } })
}

fn android() -> Value {
    json!([{
        "relation": ["delegate_permission/common.handle_all_urls"],
        "target": {
            "namespace": "android_app",
            "package_name": ANDROID_APP,
            "sha256_cert_fingerprints": ANDROID_KEYS,
        },
    }])
}
