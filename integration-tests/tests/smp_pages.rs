//! What a browser is shown by the SMP relay: about the server, and for links that apps make.
//!
//! The tests in a browser need Chromium, which is too large to be asked for everywhere: where there
//! is none they say so and are left out, in CI too.

#![expect(clippy::unwrap_used, reason = "tests stop at what they did not expect")]

use std::fs;
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Output};

use fast_qr::qr::QRBuilder;
use fast_qr::{ECL, Mask, Mode};
use integration_tests::{Bed, PATIENCE};
use relay_testkit::http::{Address, Client, Connection, Response};
use relay_testkit::{Daemon, Relayd, poll};
use tempfile::TempDir;

const HOST: &str = "smp.example.org";

/// A daemon with pages, and where they are.
fn pages() -> (Bed, Daemon, SocketAddr) {
    let address = Relayd::free_address();
    let bed = Bed::new()
        .with_smp()
        .with("web.listen", address.to_string())
        .with("smp.hosts", vec![HOST.to_owned(), "abc.onion".to_owned()])
        .with("smp.create_password", "opensesame")
        .with("smp.information.operator", "Example Association")
        .with("smp.information.operator_country", "ch")
        .with("smp.information.website", "https://example.org")
        .with("smp.information.admin_email", "admin@example.org");
    bed.write();
    let daemon = bed.start();
    (bed, daemon, address)
}

fn get(address: SocketAddr, host: &str, path: &str) -> Response {
    let mut connection = Connection::open(&Address::from(address)).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    connection.send(request.as_bytes()).unwrap();
    connection.response().unwrap()
}

#[test]
fn the_server_shows_who_runs_it_and_how_to_use_it() {
    let (mut bed, daemon, address) = pages();
    let public = daemon.relayctl(["smp", "address", "--public"]).stdout;
    for host in [
        HOST,
        "SMP.example.org:80",
        "abc.onion",
        "192.0.2.1",
        "localhost",
    ] {
        let page = get(address, host, "/");
        let html = page.text();
        assert_eq!(page.status, 200, "{host}");
        assert!(
            html.contains(&format!(">{}</code>", public.trim())),
            "{html}"
        );
        assert!(html.contains("Example Association (CH)") && html.contains("21 days"));
        assert!(!html.contains("opensesame"));
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'"));
    }
    bed.set("smp.information.operator", "Another");
    bed.set("smp.new_queues", false);
    bed.write();
    assert_eq!(daemon.relayctl(["reload"]).code, Some(0));
    let html = get(address, HOST, "/").text();
    assert!(html.contains("Another (CH)") && html.contains("takes no new conversations"));

    bed.set("smp.information.website", "example.org");
    bed.write();
    let refused = daemon.relayctl(["reload"]);
    assert_eq!(refused.code, Some(1));
    assert!(
        refused.stderr.contains("smp.information.website"),
        "{refused:?}"
    );
}

#[test]
fn links_have_pages_and_phones_know_them() {
    let (_bed, _daemon, address) = pages();
    for path in ["/a", "/contact", "/invitation/", "/i", "/c", "/g", "/r"] {
        let page = get(address, HOST, path);
        assert_eq!(page.status, 200, "{path}");
        assert!(page.text().contains("Install SimpleX Chat"));
        assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
    }
    let apple = get(address, HOST, "/.well-known/apple-app-site-association");
    assert_eq!(apple.header("content-type"), Some("application/json"));
    let app = &apple.json()["applinks"]["details"][0]["appIDs"][0];
    assert_eq!(app, "5NN7GUYB6T.chat.simplex.app");
    let android = get(address, HOST, "/.well-known/assetlinks.json").json();
    assert_eq!(android[0]["target"]["package_name"], "chat.simplex.app");
    for path in [
        "/nothing",
        "/media/../relayd.toml",
        "/media/%2e%2e%2frelayd.toml",
    ] {
        assert_eq!(get(address, HOST, path).status, 404, "{path}");
    }
}

#[test]
fn both_relays_under_one_name_keep_their_pages() {
    let address = Relayd::free_address();
    let bed = Bed::new()
        .with_smp()
        .with_sogs()
        .with("web.listen", address.to_string())
        .with("smp.hosts", vec![HOST.to_owned()])
        .with("sogs.base_url", format!("http://{HOST}"));
    let daemon = bed.start();
    let added = daemon.relayctl(["sogs", "room", "add", "lounge", "--name", "The lounge"]);
    assert_eq!(added.code, Some(0), "{added:?}");
    for host in [HOST, "192.0.2.1"] {
        let link = get(address, host, "/a").text();
        assert!(link.contains("<h1>An address on SimpleX</h1>"), "{host}");
        assert!(
            get(address, host, "/smp")
                .text()
                .contains("Server information")
        );
        let room = get(address, host, "/r/lounge/").text();
        assert!(room.contains("<h1 dir=\"auto\">The lounge</h1>"), "{host}");
        for page in [link, room] {
            let style = page.split("rel=\"stylesheet\" href=\"").nth(1).unwrap();
            let style = style.split('"').next().unwrap();
            assert_eq!(get(address, host, style).status, 200, "{host}{style}");
        }
        assert_eq!(get(address, host, "/capabilities").status, 200);
    }
    let client = Client::new(address);
    assert_eq!(client.get("/nothing").unwrap().status, 404);
}

/// A browser that finds nothing but the pages.
struct Browser {
    program: PathBuf,
    profile: TempDir,
    server: SocketAddr,
}

impl Browser {
    fn of(server: SocketAddr) -> Option<Self> {
        let folders = std::env::var_os("PATH").unwrap_or_default();
        let found = std::env::split_paths(&folders)
            .flat_map(|folder| ["chromium", "chromium-browser"].map(|name| folder.join(name)))
            .find(|program| program.is_file());
        let Some(program) = found else {
            // Past the harness' capture; and no error in CI, for it is hundreds of megabytes.
            let line = "SKIPPED: no browser; apt-get install chromium to test pages in one";
            let _ = writeln!(std::io::stderr(), "{line}");
            return None;
        };
        Some(Self {
            program,
            profile: tempfile::tempdir().unwrap(),
            server,
        })
    }

    fn run(&self, path: &str, options: &[&str]) -> Output {
        let rules = format!("MAP {HOST} {}, MAP * ~NOTFOUND", self.server);
        let mut command = Command::new("timeout");
        command
            .args(["--kill-after=5", "60"])
            .arg(&self.program)
            .args([
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
            ])
            .args([
                "--hide-scrollbars",
                "--no-first-run",
                "--enable-logging=stderr",
            ])
            .args([
                "--disable-background-networking",
                "--disable-component-update",
            ])
            .arg(format!("--user-data-dir={}", self.profile.path().display()))
            .arg(format!("--host-resolver-rules={rules}"))
            .args(options)
            .arg(format!("http://{HOST}{path}"))
            .current_dir(self.profile.path());
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!said.contains("Content Security Policy"), "{path}: {said}");
        assert!(!said.contains("Uncaught"), "{path}: {said}");
        output
    }

    /// The page as scripts have left it.
    fn dom(&self, path: &str) -> String {
        let output = self.run(path, &["--dump-dom"]);
        let dom = String::from_utf8(output.stdout).unwrap();
        assert!(dom.contains("<main"), "{path}: {dom}");
        dom
    }

    /// An image of the page.
    fn picture(&self, path: &str, name: &str, size: &str, options: &[&str]) -> Vec<u8> {
        let file = self.pictures().join(name);
        let screenshot = format!("--screenshot={}", file.display());
        let size = format!("--window-size={size}");
        self.run(path, &[&[&*screenshot, &size], options].concat());
        poll::until(PATIENCE, "the picture is written", || fs::read(&file).ok())
    }

    /// Where the pictures go: kept for people to look at when `RELAYD_PICTURES` names a folder.
    fn pictures(&self) -> PathBuf {
        std::env::var_os("RELAYD_PICTURES")
            .map_or_else(|| self.profile.path().to_owned(), PathBuf::from)
    }
}

/// The start tag of the element with this id.
fn tag<'a>(dom: &'a str, id: &str) -> &'a str {
    let tags = dom
        .split('<')
        .map(|tag| tag.split('>').next().unwrap_or_default());
    let id = format!("id=\"{id}\"");
    let mut found = tags.filter(|tag| tag.contains(&id));
    found.next().unwrap_or_else(|| panic!("{id} in {dom}"))
}

fn is_hidden(dom: &str, id: &str) -> bool {
    tag(dom, id).contains(" hidden")
}

fn attribute<'a>(tag: &'a str, name: &str) -> &'a str {
    let start = tag.split(&format!(" {name}=\"")).nth(1).unwrap();
    start.split('"').next().unwrap()
}

/// Whether the code that the page has drawn is one of this text.
fn shows_code_of(dom: &str, text: &str) -> bool {
    let drawing = dom.split("id=\"qr\"").nth(1).unwrap();
    let path = drawing.split("<path d=\"").nth(1).unwrap();
    let path = path.split('"').next().unwrap();
    let masks = [
        Mask::Checkerboard,
        Mask::HorizontalLines,
        Mask::VerticalLines,
        Mask::DiagonalLines,
        Mask::LargeCheckerboard,
        Mask::Fields,
        Mask::Diamonds,
        Mask::Meadow,
    ];
    masks.into_iter().any(|mask| {
        let mut builder = QRBuilder::new(text);
        let code = builder.ecl(ECL::M).mode(Mode::Byte).mask(mask).build();
        outline(&code.unwrap()) == path
    })
}

/// As the page's script draws it.
fn outline(code: &fast_qr::QRCode) -> String {
    let mut path = String::new();
    for y in 0..code.size {
        let mut x = 0;
        while x < code.size {
            let run = (x..code.size).take_while(|x| code[y][*x].value()).count();
            if run > 0 {
                path += &format!("M{} {}h{run}v1h-{run}z", x + 4, y + 4);
            }
            x += run.max(1);
        }
    }
    path
}

#[test]
fn in_a_browser_links_open_the_app_and_stay_there() {
    let (_bed, _daemon, address) = pages();
    let Some(browser) = Browser::of(address) else {
        return;
    };
    let long = format!(
        "#/?v=2-7&smp=smp%3A%2F%2Fabc%40smp6.example%2F{}",
        "x".repeat(300)
    );
    for (path, app, web) in [
        ("/a#Ab-_9", "simplex:/a#Ab-_9?h=smp.example.org", "/a#Ab-_9"),
        (
            "/i/#Ab?p=1",
            "simplex:/i#Ab?p=1&amp;h=smp.example.org",
            "/i#Ab?p=1",
        ),
        (
            "/g#Ab?h=other.example",
            "simplex:/g#Ab?h=smp.example.org,other.example",
            "/g#Ab?h=other.example",
        ),
        (
            &format!("/contact{long}"),
            &format!("simplex:/contact{}", long.replace('&', "&amp;")),
            &format!("/contact{long}"),
        ),
    ] {
        let dom = browser.dom(path);
        assert_eq!(attribute(tag(&dom, "open"), "href"), app, "{path}");
        assert!(
            !is_hidden(&dom, "ready") && is_hidden(&dom, "incomplete"),
            "{path}"
        );
        assert!(is_hidden(&dom, "by-hand") && !is_hidden(&dom, "scripted"));
        let web = format!("https://{HOST}{web}");
        assert!(dom.contains(&web.replace('&', "&amp;")), "{dom}");
        assert!(shows_code_of(&dom, &web), "{path}: {dom}");
    }
}

#[test]
fn in_a_browser_broken_links_and_hostile_ones_do_nothing() {
    let (_bed, _daemon, address) = pages();
    let Some(browser) = Browser::of(address) else {
        return;
    };
    let missing = browser.dom("/a");
    assert!(is_hidden(&missing, "ready") && !is_hidden(&missing, "incomplete"));
    let hostile = browser.dom("/a#\"><img/src=x/onerror=document.title='taken'>");
    assert!(
        !hostile.contains("<img/src") && !hostile.contains("<title>taken"),
        "{hostile}"
    );
    assert!(attribute(tag(&hostile, "open"), "href").starts_with("simplex:/a#"));
}

#[test]
fn in_a_browser_the_server_can_be_copied_and_looks_as_the_visitor_likes() {
    let (_bed, daemon, address) = pages();
    let Some(browser) = Browser::of(address) else {
        return;
    };
    let public = daemon.relayctl(["smp", "address", "--public"]).stdout;
    let dom = browser.dom("/");
    assert!(dom.contains(public.trim()));
    let button = dom.split("data-copy=\"address\"").nth(1).unwrap();
    assert!(button.starts_with(">Copy address"), "shown by the script");
    let dark = [
        "--force-dark-mode",
        "--blink-settings=preferredColorScheme=0",
    ];
    let by_hand = ["--blink-settings=scriptEnabled=false"];
    let link = "/i#AbCdEfGhIjKlMnOpQrStUvWx";
    let pictures = [
        browser.picture("/", "desktop.png", "1280,1200", &[]),
        browser.picture("/", "dark.png", "1280,1200", &dark),
        browser.picture("/", "phone.png", "500,1500", &[]),
        browser.picture(link, "link.png", "500,1200", &[]),
        browser.picture(link, "by-hand.png", "500,1200", &by_hand),
    ];
    for (at, picture) in pictures.iter().enumerate() {
        assert!(picture.starts_with(b"\x89PNG") && picture.len() > 5000);
        assert!(
            !pictures[..at].contains(picture),
            "two pictures are the same"
        );
    }
}
