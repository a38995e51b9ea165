//! Pages as a browser gets them.

use axum::body::{Body, Bytes, to_bytes};
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, LOCATION};
use axum::http::{HeaderMap, Request, StatusCode};
use proptest::prelude::*;
use relay_core::clock::UnixTime;
use relay_pages::POLICY;
use serde_json::Value;
use tower::ServiceExt;

use super::*;
use crate::config::SogsConfig;
use crate::domain::token::RoomToken;
use crate::wire::content;

const KEY: &str = "c3b3c6f32f0ab5a57f853cc4f30f5da7fda5624b0c77b3fb0829de562ada081d";
const ID: &str = "15c3b3c6f32f0ab5a57f853cc4f30f5da7fda5624b0c77b3fb0829de562ada081d";
const EVIL: &str = "<script>alert('x')</script>&\"";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\nrest";

/// A few rooms, and one message that is said by all of them.
#[derive(Clone, Debug)]
struct Fake {
    rooms: Vec<RoomCard>,
    name: String,
    text: String,
    broken: bool,
}

impl Fake {
    fn answer<T>(&self, value: T) -> Result<T, Unavailable> {
        if self.broken {
            Err(Unavailable)
        } else {
            Ok(value)
        }
    }
}

impl Source for Fake {
    async fn rooms(&self) -> Result<Vec<RoomCard>, Unavailable> {
        self.answer(self.rooms.clone())
    }

    async fn room(&self, token: &RoomToken) -> Result<Option<RoomCard>, Unavailable> {
        self.answer(self.rooms.iter().find(|room| room.token == *token).cloned())
    }

    async fn recent(&self, _room: &RoomCard, _limit: usize) -> Result<Vec<Note>, Unavailable> {
        let at = UnixTime::from_secs(1_693_526_400);
        let said = content::reply(&self.text, &self.name, at);
        let notes = vec![Note::new(ID, &said, at), Note::new(ID, b"\xff\xff", at)];
        self.answer(notes)
    }

    async fn image(&self, room: &RoomCard) -> Result<Option<Bytes>, Unavailable> {
        let image = match room.image {
            Some(1) => Some(PNG),
            Some(_) => Some(&b"<svg/>"[..]),
            None => None,
        };
        self.answer(image.map(Bytes::from_static))
    }
}

fn room(token: &str, name: &str) -> RoomCard {
    RoomCard {
        token: token.parse().expect("a token"),
        name: name.to_owned(),
        description: Some(EVIL.to_owned()),
        image: None,
        active_users: 3,
        message_sequence: 7,
        read: true,
        write: true,
    }
}

fn fake() -> Fake {
    let closed = RoomCard {
        read: false,
        ..room("closed", "Closed")
    };
    let image = |image, token| RoomCard {
        image: Some(image),
        ..room(token, "Painted")
    };
    Fake {
        rooms: vec![
            room("Lounge", EVIL),
            closed,
            image(1, "png"),
            image(2, "svg"),
        ],
        name: EVIL.to_owned(),
        text: EVIL.to_owned(),
        broken: false,
    }
}

fn config() -> SogsConfig {
    SogsConfig {
        base_url: Some("https://sogs.example.org".parse().expect("a URL")),
        ..SogsConfig::default()
    }
}

fn web(source: Fake, config: SogsConfig) -> Arc<Web<Fake>> {
    Web::new(
        source,
        Current::new(config),
        KEY.to_owned(),
        load_theme(None).expect("the built-in theme"),
    )
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    fn text(&self) -> &str {
        str::from_utf8(&self.body).expect("UTF-8")
    }

    fn header(&self, name: impl axum::http::header::AsHeaderName) -> &str {
        let value = self.headers.get(name).expect("the header is there");
        value.to_str().expect("ASCII")
    }
}

async fn ask(web: &Arc<Web<Fake>>, request: Request<Body>) -> Answer {
    let response = web.router().oneshot(request).await.expect("infallible");
    let (parts, body) = response.into_parts();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body: to_bytes(body, 1 << 20).await.expect("a body"),
    }
}

async fn get(web: &Arc<Web<Fake>>, path: &str) -> Answer {
    let request = Request::get(path).body(Body::empty()).expect("a request");
    ask(web, request).await
}

async fn status(web: &Arc<Web<Fake>>, path: &str) -> u16 {
    get(web, path).await.status.as_u16()
}

#[tokio::test]
async fn names_and_messages_are_text() {
    let web = web(fake(), config());
    for path in ["/", "/r/lounge/"] {
        let page = get(&web, path).await;
        assert_eq!(page.status, StatusCode::OK);
        assert_eq!(page.header(CONTENT_TYPE), "text/html; charset=utf-8");
        assert!(!page.text().contains("<script>") && !page.text().contains("alert('"));
        assert!(
            page.text().contains("alert(&#39;x&#39;)"),
            "{}",
            page.text()
        );
    }
}

#[tokio::test]
async fn nothing_comes_from_elsewhere_or_from_within_the_page() {
    let web = web(fake(), config());
    for path in ["/", "/r/Lounge/", "/r/png/", "/r/closed/", "/nothing"] {
        let page = get(&web, path).await;
        let html = page.text();
        for loads in [
            "src=\"http",
            "src=\"//",
            "<style",
            "style=\"",
            "onclick",
            "<script>",
            "@import",
        ] {
            assert!(!html.contains(loads), "{path} has {loads}");
        }
        let links = html.split("<link ").skip(1);
        assert!(
            links
                .map(|link| link.split('>').next())
                .all(|link| { link.is_some_and(|link| link.contains("href=\"/static/")) })
        );
        assert_eq!(page.header(CONTENT_SECURITY_POLICY), POLICY);
        assert!(POLICY.starts_with("default-src 'none';"));
        assert!(!POLICY.contains("unsafe"));
        assert_eq!(page.header("x-content-type-options"), "nosniff");
        assert_eq!(page.header("referrer-policy"), "no-referrer");
        assert_eq!(page.header("x-robots-tag"), "noindex, nofollow");
    }
}

#[tokio::test]
async fn the_link_to_join_is_shown_and_is_what_clients_take() {
    let web = web(fake(), config());
    let page = get(&web, "/r/lounge/").await;
    let link = format!("https://sogs.example.org/Lounge?public_key={KEY}");
    assert!(
        page.text().contains(&format!(">{link}</code>")),
        "{}",
        page.text()
    );
    let redirect = get(&web, &format!("/Lounge?public_key={KEY}")).await;
    assert_eq!(redirect.status, StatusCode::SEE_OTHER);
    assert_eq!(redirect.header(LOCATION), "/r/Lounge/");
    assert_eq!(status(&web, "/Lounge").await, 404);
    let slash = get(&web, "/r/Lounge").await;
    assert_eq!(slash.status, StatusCode::PERMANENT_REDIRECT);
    assert_eq!(slash.header(LOCATION), "/r/Lounge/");
}

#[tokio::test]
async fn codes_are_images_of_the_link() {
    let web = web(fake(), config());
    let svg = get(&web, "/r/lounge/invite.svg").await;
    assert_eq!(svg.header(CONTENT_TYPE), "image/svg+xml");
    assert!(svg.text().starts_with("<svg ") && svg.text().ends_with("</svg>"));
    let png = get(&web, "/r/lounge/invite.png").await;
    assert_eq!(png.header(CONTENT_TYPE), "image/png");
    assert_eq!(&png.body[16..24], [0, 0, 2, 0, 0, 0, 2, 0]);
}

#[tokio::test]
async fn rooms_that_are_not_for_everybody_are_not_shown() {
    let web = web(fake(), config());
    for path in ["", "messages", "invite.svg", "invite.png", "image"] {
        assert_eq!(
            status(&web, &format!("/r/closed/{path}")).await,
            403,
            "{path}"
        );
        assert_eq!(
            status(&web, &format!("/r/unknown/{path}")).await,
            404,
            "{path}"
        );
        assert_eq!(
            status(&web, &format!("/r/no%20room/{path}")).await,
            404,
            "{path}"
        );
    }
}

#[tokio::test]
async fn the_script_gets_news_and_only_news() {
    let web = web(fake(), config());
    let news = get(&web, "/r/lounge/messages").await;
    assert_eq!(news.header(CONTENT_TYPE), "application/json");
    let json: Value = serde_json::from_slice(&news.body).expect("JSON");
    let (first, second) = (&json["messages"][0], &json["messages"][1]);
    assert_eq!(first["author"], EVIL);
    assert_eq!(
        (&first["text"], &first["nameless"]),
        (&EVIL.into(), &false.into())
    );
    assert_eq!(first["time"], "2023-09-01T00:00:00Z");
    assert_eq!(
        (&second["author"], &second["wordless"]),
        (&"Anonymous".into(), &true.into())
    );
    assert!(!news.text().contains("15c3"));
    let again = Request::get("/r/lounge/messages").header(IF_NONE_MATCH, news.header(ETAG));
    let again = ask(&web, again.body(Body::empty()).expect("a request")).await;
    assert_eq!(
        (again.status, again.body.len()),
        (StatusCode::NOT_MODIFIED, 0)
    );
}

#[tokio::test]
async fn the_page_shows_messages_without_script() {
    let web = web(fake(), config());
    let page = get(&web, "/r/lounge/").await;
    assert!(page.text().contains("2023-09-01 00:00 UTC"));
    assert!(page.text().contains("A message without text") && page.text().contains("Anonymous"));
    assert!(page.text().contains("data-refresh=\"5000\""));
}

#[tokio::test]
async fn operators_decide_what_is_shown() {
    let with = |change: fn(&mut SogsConfig)| {
        let mut config = config();
        change(&mut config);
        web(fake(), config)
    };
    let off = with(|config| config.web.enabled = false);
    for path in [
        "/",
        "/r/lounge/",
        "/r/lounge/messages",
        "/Lounge?public_key=x",
    ] {
        assert_eq!(status(&off, path).await, 404, "{path}");
    }
    let unlisted = with(|config| config.web.index = false);
    assert_eq!(status(&unlisted, "/").await, 403);
    assert_eq!(status(&unlisted, "/r/lounge/").await, 200);
    let quiet = with(|config| config.web.recent_messages = false);
    assert!(
        !get(&quiet, "/r/lounge/")
            .await
            .text()
            .contains("Recent messages")
    );
    assert_eq!(status(&quiet, "/r/lounge/messages").await, 404);
    let ids = with(|config| config.web.show_ids = true);
    assert!(get(&ids, "/r/lounge/").await.text().contains("15c3b3c6…"));
    let found = with(|config| config.web.hide_from_search_engines = false);
    assert!(
        get(&found, "/robots.txt")
            .await
            .text()
            .ends_with("Disallow:\n")
    );
    assert!(!get(&found, "/").await.headers.contains_key("x-robots-tag"));
    let hidden = web(fake(), config());
    assert!(
        get(&hidden, "/robots.txt")
            .await
            .text()
            .ends_with("Disallow: /\n")
    );
}

#[tokio::test]
async fn images_have_the_type_they_are_of_or_are_not_shown() {
    let web = web(fake(), config());
    let png = get(&web, "/r/png/image?v=1").await;
    assert_eq!(
        (png.header(CONTENT_TYPE), &png.body[..]),
        ("image/png", PNG)
    );
    assert_eq!(status(&web, "/r/svg/image").await, 404);
    assert_eq!(status(&web, "/r/lounge/image").await, 404);
}

#[tokio::test]
async fn a_server_without_rooms_says_what_to_do() {
    let empty = Fake {
        rooms: Vec::new(),
        ..fake()
    };
    let page = get(&web(empty, config()), "/").await;
    assert!(page.text().contains("relayctl sogs room add"));
}

#[tokio::test]
async fn a_broken_store_is_told_and_shows_nothing() {
    let broken = Fake {
        broken: true,
        ..fake()
    };
    let web = web(broken, config());
    for path in ["/", "/r/lounge/", "/r/lounge/messages"] {
        assert_eq!(status(&web, path).await, 503, "{path}");
    }
}

#[tokio::test]
async fn themes_replace_files_and_add_to_pages() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let write = |name: &str, content: &str| {
        std::fs::write(folder.path().join(name), content).expect("written");
    };
    write("style.css", "body { color: red }");
    write("header.html", "<p>Welcome</p>");
    write("footer.html", "<p>Imprint</p>");
    write(".style.css.swp", "left behind");
    let web = web(fake(), config());
    let before = get(&web, "/").await;
    web.set_theme(load_theme(Some(folder.path())).expect("a theme"));
    let after = get(&web, "/").await;
    assert!(after.text().contains("<p>Welcome</p>") && after.text().contains("<p>Imprint</p>"));
    let style = |page: &Answer| {
        let (_, rest) = page
            .text()
            .split_once("/static/style.css")
            .expect("a style");
        format!(
            "/static/style.css{}",
            rest.split('"').next().unwrap_or_default()
        )
    };
    assert_ne!(style(&before), style(&after));
    let css = get(&web, &style(&after)).await;
    assert_eq!(
        (css.text(), css.header(CONTENT_TYPE)),
        ("body { color: red }", "text/css; charset=utf-8")
    );
    assert_eq!(status(&web, "/static/room.js").await, 200);
    assert_eq!(status(&web, "/static/..%2Fheader.html").await, 404);

    write("page.php", "<?php");
    let error = load_theme(Some(folder.path())).expect_err("no theme");
    assert!(error.to_string().contains("page.php"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_name_and_no_text_becomes_markup(name: String, text: String) {
        let said = web(Fake { name, text, ..fake() }, config());
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let page = runtime.block_on(get(&said, "/r/lounge/"));
        let tags = page.text().matches('<').count();
        let usual = runtime.block_on(get(&web(fake(), config()), "/r/lounge/"));
        let nameless = page.text().matches("class=\"nameless\"").count();
        prop_assert!(nameless <= 2);
        prop_assert_eq!(tags, usual.text().matches('<').count());
    }
}
