//! `[WEB]`: pages over plain HTTP, and over HTTPS on the port that apps use too.

use integration_tests::{PATIENCE, certificates};
use relay_testkit::poll;

use crate::support::{Machine, free_port, lines_in_order};

/// With its certificate the port is shared; who names no host gets the relay.
#[tokio::test(flavor = "multi_thread")]
async fn one_port_for_apps_and_browsers() {
    if !certificates::can_be_made() {
        return;
    }
    let machine = Machine::with_server("--no-password --source-code -n smp.example.org");
    certificates::make(&machine.configuration(), "web", "smp.example.org");
    let port = machine.smp().address.port();
    let http = free_port();
    machine.set_line("https = ", &format!("https = {port}\nhttp = {http}"));
    let daemon = machine.start();
    lines_in_order(
        &daemon.stdout(),
        &[
            "Server source code: https://github.com/simplex-chat/simplexmq",
            &format!("Serving SMP protocol on port {port} (TLS)..."),
            &format!("Serving static site on port {port} (TLS)..."),
        ],
    );
    assert!(!daemon.stderr().contains("warning"), "{}", daemon.stderr());

    let (client, _events) = machine.smp().client().await;
    client.ping().await.unwrap();
    let request =
        "printf 'GET / HTTP/1.1\\r\\nhost: smp.example.org\\r\\nconnection: close\\r\\n\\r\\n'";
    let secure = machine.run(&format!(
        "{request} | openssl s_client -quiet -ign_eof -servername smp.example.org -connect 127.0.0.1:{port} 2>/dev/null"
    ));
    let address = std::net::SocketAddr::from(([127, 0, 0, 1], http));
    let plain = relay_testkit::http::Client::new(address);
    let plain = plain.get("/").unwrap();
    for page in [&secure.stdout, &plain.text()] {
        assert!(page.contains("Server information"), "{page}");
    }
    // For a web server of the operator's own.
    let file = machine.state().join("www/index.html");
    let written = poll::until(PATIENCE, "the pages are written", || {
        std::fs::read_to_string(&file).ok()
    });
    assert_eq!(written, plain.text());
}

/// A new smp-server.ini asks for HTTPS with files that are not there yet.
#[test]
fn without_its_certificate_the_relay_serves_alone() {
    let machine = Machine::with_server("--no-password");
    let port = machine.smp().address.port();
    machine.set_line("https = ", &format!("https = {port}"));
    let daemon = machine.start();
    daemon.wait_for_line("web.crt", PATIENCE);
    let warned = daemon.stderr();
    assert!(
        warned.contains("smp-server: warning: no pages over HTTPS"),
        "{warned}"
    );
}
