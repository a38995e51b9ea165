//! Pages as a browser gets them.

use axum::body::{Body, to_bytes};
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderMap, Request, StatusCode};
use relay_pages::POLICY;
use serde_json::Value;
use tempfile::TempDir;
use tower::ServiceExt;

use super::*;
use crate::admin::tests::desk;
use crate::config::InformationConfig;

const EVIL: &str = "<script>alert('x')</script>&\"";

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

struct Bed {
    _dir: TempDir,
    web: Web,
}

impl Bed {
    async fn with(change: impl FnOnce(&mut SmpConfig)) -> Self {
        let (dir, desk) = desk().await;
        let mut config = SmpConfig {
            hosts: vec!["SMP.example.org".to_owned(), "abc.onion".to_owned()],
            create_password: Some("opensesame".into()),
            ..SmpConfig::default()
        };
        change(&mut config);
        let theme = load_theme(&config).unwrap();
        desk.settings().replace(config);
        let web = Web::new(desk.settings().clone(), desk, theme);
        Self { _dir: dir, web }
    }

    async fn get(&self, path: &str) -> Answer {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = self.web.router().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, 1 << 20).await.unwrap();
        Answer {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8(body.to_vec()).unwrap(),
        }
    }
}

#[tokio::test]
async fn files_are_what_is_served() {
    let bed = Bed::with(|_| {}).await;
    let folder = tempfile::tempdir().unwrap();
    let foreign = folder.path().join("mine.html");
    std::fs::write(&foreign, "mine").unwrap();
    for _ in 0..2 {
        bed.web.export(folder.path()).await.unwrap();
    }
    for (path, file) in [
        ("/", "index.html"),
        ("/a/", "a/index.html"),
        ("/invitation/", "invitation/index.html"),
        ("/media/style.css", "media/style.css"),
        (
            "/.well-known/assetlinks.json",
            ".well-known/assetlinks.json",
        ),
        ("/robots.txt", "robots.txt"),
    ] {
        let written = std::fs::read_to_string(folder.path().join(file)).unwrap();
        assert_eq!(written, bed.get(path).await.text, "{file}");
    }
    assert_eq!(std::fs::read_to_string(foreign).unwrap(), "mine");
}

#[tokio::test]
async fn the_server_is_described_without_its_password() {
    let bed = Bed::with(|config| {
        config.information = InformationConfig {
            operator: Some(EVIL.to_owned()),
            website: Some("https://example.org/?a=1&b=\"><script>".to_owned()),
            admin_simplex: Some("https://smp.example.org/a#secret".to_owned()),
            ..InformationConfig::default()
        };
    })
    .await;
    for path in ["/", "/smp"] {
        let page = bed.get(path).await;
        let html = &page.text;
        assert_eq!(page.status, StatusCode::OK);
        assert_eq!(page.headers[CONTENT_TYPE], "text/html; charset=utf-8");
        assert!(html.contains("@SMP.example.org,abc.onion</code>"), "{html}");
        assert!(!html.contains("opensesame"));
        assert!(!html.contains("<script>") && html.contains("alert(&#39;x&#39;)"));
        assert!(html.contains("href=\"https://smp.example.org/a#secret\""));
        assert!(html.contains("<svg ") && html.contains("21 days"));
        assert!(html.contains("content=\"http://abc.onion/\""));
    }
    bed.web.settings.replace(SmpConfig {
        hosts: vec!["new.example.org".to_owned()],
        ..SmpConfig::default()
    });
    let page = bed.get("/").await;
    assert!(page.text.contains("@new.example.org</code>"));
    assert!(!page.text.contains("onion-location"));
}

#[tokio::test]
async fn links_have_pages_that_work_without_script() {
    let bed = Bed::with(|_| {}).await;
    for (path, heading) in [
        ("/contact", "An address"),
        ("/a", "An address"),
        ("/invitation/", "You are invited"),
        ("/i", "You are invited"),
        ("/c/", "A channel"),
        ("/g", "A group"),
        ("/r", "A relay"),
    ] {
        let page = bed.get(path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert!(page.text.contains(&format!("<h1>{heading}")), "{path}");
        assert!(page.text.contains("Copy the whole address of this page"));
    }
    for path in ["/b", "/a/x", "/contact.html", "/media/nothing.js"] {
        assert_eq!(bed.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn nothing_comes_from_elsewhere_or_from_within_the_page() {
    let bed = Bed::with(|_| {}).await;
    for path in ["/", "/a", "/nothing"] {
        let page = bed.get(path).await;
        for loads in [
            "src=\"http",
            "src=\"//",
            "<style",
            "style=\"",
            "onclick",
            "<script>",
        ] {
            assert!(!page.text.contains(loads), "{path} has {loads}");
        }
        assert_eq!(page.headers[CONTENT_SECURITY_POLICY], POLICY);
        assert_eq!(page.headers["referrer-policy"], "no-referrer");
        assert_eq!(page.headers["x-robots-tag"], "noindex, nofollow");
        let files = page.text.split("=\"/media/").skip(1);
        for file in files.filter_map(|rest| rest.split('"').next()) {
            let answer = bed.get(&format!("/media/{file}")).await;
            assert_eq!(answer.status, StatusCode::OK, "{file}");
            assert!(
                answer.headers["cache-control"]
                    .to_str()
                    .unwrap()
                    .contains("immutable")
            );
        }
    }
}

#[tokio::test]
async fn phones_learn_that_the_app_may_open_links() {
    let bed = Bed::with(|_| {}).await;
    let apple = bed.get("/.well-known/apple-app-site-association").await;
    assert_eq!(apple.headers[CONTENT_TYPE], "application/json");
    let apple: Value = serde_json::from_str(&apple.text).unwrap();
    let details = &apple["applinks"]["details"][0];
    assert_eq!(details["appIDs"][0], "5NN7GUYB6T.chat.simplex.app");
    assert_eq!(details["components"].as_array().map(Vec::len), Some(12));
    assert_eq!(details["components"][0]["/"], "/contact/*");
    let android = bed.get("/.well-known/assetlinks.json").await;
    let android: Value = serde_json::from_str(&android.text).unwrap();
    let keys = &android[0]["target"]["sha256_cert_fingerprints"];
    assert_eq!(keys.as_array().map(Vec::len), Some(3));
}

#[tokio::test]
async fn operators_decide_what_is_shown() {
    let off = Bed::with(|config| config.web.enabled = false).await;
    for path in ["/", "/a", "/.well-known/assetlinks.json"] {
        assert_eq!(off.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    let found = Bed::with(|config| {
        config.web.hide_from_search_engines = false;
        config.web.title = "Our relay".to_owned();
        config.new_queues = false;
    })
    .await;
    let page = found.get("/").await;
    assert!(!page.headers.contains_key("x-robots-tag"));
    assert!(page.text.contains("<title>Our relay</title>"));
    assert!(page.text.contains("takes no new conversations"));
    assert!(found.get("/robots.txt").await.text.ends_with("Disallow:\n"));
}

#[tokio::test]
async fn names_have_a_site_and_so_has_everybody_else() {
    let bed = Bed::with(|config| config.hosts.push("192.0.2.1".to_owned())).await;
    let hosts: Vec<_> = bed.web.sites().into_iter().map(|site| site.hosts).collect();
    assert_eq!(hosts, [vec!["smp.example.org", "abc.onion"], vec![]]);
    let nameless = Bed::with(|config| config.hosts.clear()).await;
    assert_eq!(nameless.web.sites().len(), 1);
}
