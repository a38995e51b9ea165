//! What requests to the shared web ports get: by host, by path, in clear and over TLS.

#![expect(clippy::unwrap_used, reason = "tests stop at what they did not expect")]

use std::net::SocketAddr;

use integration_tests::browser::Browser;
use integration_tests::{Bed, certificates};
use relay_testkit::http::Connection;
use relay_testkit::{Daemon, Relayd};

/// Both ports, and SOGS under a host that the certificate is for.
struct House {
    bed: Bed,
    plain: SocketAddr,
    tls: SocketAddr,
}

impl House {
    fn new() -> Self {
        let bed = Bed::new().with_sogs();
        let (certificate, key) = certificates::make(bed.dir(), "web", "sogs.test");
        let (plain, tls) = (Relayd::free_address(), Relayd::free_address());
        let bed = bed
            .with("sogs.base_url", "http://sogs.test")
            .with("web.listen", plain.to_string())
            .with("web.tls_listen", tls.to_string())
            .with("web.certificate", certificate.to_str().unwrap())
            .with("web.key", key.to_str().unwrap());
        Self { bed, plain, tls }
    }

    fn with(mut self, key: &str, value: impl Into<toml::Value>) -> Self {
        self.bed.set(key, value);
        self
    }

    fn start(&self) -> Daemon {
        self.bed.start()
    }

    /// Status and headers of the answer to a request in clear.
    fn ask(&self, request: &str) -> (u16, String, String) {
        let mut connection = Connection::open(&self.plain.into()).unwrap();
        let text = request.replace('\n', "\r\n") + "\r\n\r\n";
        connection.send(text.as_bytes()).unwrap();
        let answer = if request.starts_with("HEAD") {
            let all = connection.rest().unwrap();
            let text = String::from_utf8(all).unwrap();
            let status = text.split(' ').nth(1).unwrap().parse().unwrap();
            let (_, body) = text.split_once("\r\n\r\n").unwrap();
            return (status, String::new(), body.to_owned());
        } else {
            connection.response().unwrap()
        };
        let location = answer.header("location").unwrap_or_default().to_owned();
        assert_eq!(answer.header("server"), None);
        (answer.status, location, answer.text())
    }
}

#[test]
fn the_host_decides_and_a_request_has_one() {
    if !certificates::can_be_made() {
        return;
    }
    let house = House::new().with("web.redirect", false);
    let _daemon = house.start();
    let page = |request: &str| house.ask(request).0;
    assert_eq!(page("GET / HTTP/1.1\nHost: sogs.test"), 200);
    assert_eq!(page("GET / HTTP/1.1\nHost: SOGS.Test.:80"), 200);
    assert_eq!(page("GET /rooms HTTP/1.1\nHost: sogs.test"), 200);
    // Nobody else is here whose pages they could be.
    assert_eq!(page("GET / HTTP/1.1\nHost: 192.0.2.1"), 200);
    assert_eq!(page("GET / HTTP/1.0\nConnection: close"), 200);
    for bad in [
        "GET / HTTP/1.1\nX: y",
        "GET / HTTP/1.1\nHost: a.test\nHost: b.test",
        "GET / HTTP/1.1\nHost: a b",
        "GET / HTTP/1.1\nHost: user@sogs.test",
    ] {
        assert_eq!(page(bad), 400, "{bad}");
    }
    // All of the URL in the request line, as proxies write it.
    let absolute = "GET http://sogs.test/capabilities HTTP/1.1\nHost: other.test";
    let (status, _, body) = house.ask(absolute);
    assert_eq!(status, 200);
    assert!(body.contains("capabilities"), "{body}");
    let (status, _, body) = house.ask("HEAD / HTTP/1.1\nHost: sogs.test\nConnection: close");
    assert_eq!((status, body.as_str()), (200, ""));
    let missing = "GET /there/is/nothing HTTP/1.1\nHost: sogs.test";
    assert_eq!(page(missing), 404);
    let large = format!("GET / HTTP/1.1\nHost: sogs.test\nX: {}", "y".repeat(20_000));
    assert_eq!(page(&large), 431);
}

#[test]
fn without_a_relay_that_has_pages_there_is_nothing() {
    let plain = Relayd::free_address();
    let bed = Bed::new().with("web.listen", plain.to_string());
    let _daemon = bed.start();
    let mut connection = Connection::open(&plain.into()).unwrap();
    connection
        .send(b"GET / HTTP/1.1\r\nHost: any.test\r\n\r\n")
        .unwrap();
    assert_eq!(connection.response().unwrap().status, 404);
}

#[test]
fn browsers_are_sent_to_https_and_apps_are_not() {
    if !certificates::can_be_made() {
        return;
    }
    let house = House::new().with("web.https_port", 443);
    let _daemon = house.start();
    let ask = |method: &str, target: &str, host: &str| {
        let length = if method == "POST" {
            "\nContent-Length: 0"
        } else {
            ""
        };
        let (status, location, _) =
            house.ask(&format!("{method} {target} HTTP/1.1\nHost: {host}{length}"));
        (status, location)
    };
    for target in ["/", "/r/lobby/", "/lobby?public_key=00", "/nothing"] {
        let moved = (308, format!("https://sogs.test{target}"));
        assert_eq!(ask("GET", target, "sogs.test"), moved);
    }
    // What Session apps ask, over plain HTTP since ever.
    for target in ["/capabilities", "/rooms", "/room/lobby"] {
        let (status, location) = ask("GET", target, "sogs.test");
        assert!(matches!(status, 200 | 404), "{target} {status}");
        assert_eq!(location, "", "{target}");
    }
    for target in ["/oxen/v4/lsrpc", "/oxen/v3/lsrpc", "/loki/v3/lsrpc"] {
        assert_eq!(ask("POST", target, "sogs.test").0, 400, "{target}");
    }
    // The certificate is not for this host: HTTPS would be an error page.
    assert_eq!(ask("GET", "/", "192.0.2.1").0, 200);
}

#[test]
fn a_redirect_names_the_port_and_can_be_switched_off_while_serving() {
    if !certificates::can_be_made() {
        return;
    }
    let mut house = House::new();
    let daemon = house.start();
    let request = "GET /?a=b HTTP/1.1\nHost: sogs.test";
    let there = format!("https://sogs.test:{}/?a=b", house.tls.port());
    assert_eq!(house.ask(request).1, there);
    house.bed.set("web.redirect", false);
    house.bed.write();
    let reloaded = daemon.admin().post("/v1/reload", &serde_json::json!({}));
    assert_eq!(reloaded.unwrap().status, 200);
    assert_eq!(house.ask(request).0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn https_is_what_browsers_are_told_to_keep_to_if_the_operator_says_so() {
    if !certificates::can_be_made() {
        return;
    }
    let house = House::new().with("web.hsts", "365d");
    let _daemon = house.start();
    let page = Browser::new(house.tls, "sogs.test").get("/").await;
    assert!(page.starts_with("HTTP/1.1 200 "), "{page}");
    let head = page.split("\r\n\r\n").next().unwrap().to_ascii_lowercase();
    assert!(head.contains("strict-transport-security: max-age=31536000"));
    assert!(head.contains("x-content-type-options: nosniff"));
    assert!(!head.contains("\nserver:"), "{head}");
    let (_, _, body) = house.ask("GET /capabilities HTTP/1.1\nHost: sogs.test");
    assert!(body.contains("capabilities"));
}

#[test]
fn a_new_base_url_moves_the_site_on_a_reload() {
    if !certificates::can_be_made() {
        return;
    }
    let mut house = House::new();
    let daemon = house.start();
    let moved = "GET / HTTP/1.1\nHost: sogs.test";
    assert_eq!(house.ask(moved).0, 308);
    house.bed.set("sogs.base_url", "http://other.test");
    house.bed.write();
    let reloaded = daemon.admin().post("/v1/reload", &serde_json::json!({}));
    assert_eq!(reloaded.unwrap().status, 200);
    assert_eq!(house.ask("GET / HTTP/1.1\nHost: other.test").0, 200);
}

/// Whose page it is.
fn whose(house: &House, host: &str, path: &str) -> &'static str {
    let (status, location, text) = house.ask(&format!("GET {path} HTTP/1.1\nHost: {host}"));
    assert_eq!(location, "");
    match text {
        _ if text.contains("SimpleX") => "smp",
        _ if status == 200 || text.contains("room") => "sogs",
        _ => "nobody",
    }
}

#[test]
fn each_relay_has_its_host_and_smp_the_others() {
    if !certificates::can_be_made() {
        return;
    }
    let house = House::new()
        .with("web.redirect", false)
        .with("smp.enabled", true)
        .with("smp.hosts", vec!["smp.test", "192.0.2.7"]);
    let _daemon = house.start();
    for (host, path, owner) in [
        ("sogs.test", "/", "sogs"),
        ("sogs.test", "/r", "sogs"),
        ("smp.test", "/", "smp"),
        ("smp.test", "/a", "smp"),
        ("192.0.2.7", "/", "smp"),
        ("192.0.2.7", "/c", "smp"),
        ("192.0.2.7", "/rooms", "sogs"),
        ("192.0.2.7", "/capabilities", "sogs"),
    ] {
        assert_eq!(whose(&house, host, path), owner, "{host}{path}");
    }
}

#[test]
fn under_one_host_the_path_decides() {
    if !certificates::can_be_made() {
        return;
    }
    let house = House::new()
        .with("web.redirect", false)
        .with("smp.enabled", true)
        .with("smp.hosts", vec!["sogs.test"]);
    let _daemon = house.start();
    for (path, owner) in [
        ("/", "sogs"),
        ("/capabilities", "sogs"),
        ("/static/style.css", "sogs"),
        ("/smp", "smp"),
        ("/a", "smp"),
        ("/r", "smp"),
    ] {
        assert_eq!(whose(&house, "sogs.test", path), owner, "{path}");
    }
}
