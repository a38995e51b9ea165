//! `relayctl top` on a real terminal: what it shows, what it hears, and how it leaves.

use std::time::Duration;

use integration_tests::Bed;
use relay_testkit::{Daemon, Signal, Terminal};

const LIMIT: Duration = Duration::from_secs(30);
const SIZE: (u16, u16) = (24, 80);

fn bed() -> Bed {
    Bed::new().with_sogs().with_smp()
}

fn top(daemon: &Daemon, size: (u16, u16)) -> Terminal {
    let mut command = daemon.how().relayctl_command();
    command.args(["top", "--interval", "200ms"]);
    Terminal::run(&command, size)
}

/// That the terminal is as it was before.
#[track_caller]
fn given_back(terminal: &mut Terminal) {
    let exit = terminal.wait(LIMIT);
    assert_eq!(exit.code, Some(0), "{exit:?}");
    assert!(
        !terminal.is_full_screen() && !terminal.hides_cursor(),
        "{exit:?}"
    );
}

#[test]
fn everything_is_on_one_screen_of_80_by_24() {
    let bed = bed();
    let daemon = bed.start();
    let mut terminal = top(&daemon, SIZE);
    let screen = terminal.wait_for("q end", LIMIT);
    assert!(terminal.is_full_screen() && terminal.hides_cursor());
    for words in [
        "serving, ready",
        "┌SOGS",
        "┌SMP",
        "┌database",
        "┌process",
        "┌workers (",
        "connected",
        "polls",
        "posts",
        "sent",
        "received",
        "queues",
        "latency",
        "p99",
        "memory",
        "well, 0 waiting",
        "sogs.",
        "every 200ms",
    ] {
        assert!(screen.contains(words), "{words}:\n{screen}");
    }
    assert_eq!(screen.lines().count(), 24, "{screen}");
    assert!(
        screen.lines().all(|line| line.chars().count() <= 80),
        "{screen}"
    );
    // What is asked for is seen.
    terminal.wait_until(LIMIT, |_| {
        bed.sogs().get("/rooms").expect("an answer");
        let screen = terminal.screen();
        let requests = screen.lines().find(|line| line.contains("requests"));
        requests.is_some_and(|line| {
            !line
                .split("││")
                .next()
                .unwrap_or_default()
                .contains(" 0.0/s")
        })
    });
    terminal.type_in("q");
    given_back(&mut terminal);
}

#[test]
fn keys_and_sizes_are_heard() {
    let bed = bed();
    let daemon = bed.start();
    let mut terminal = top(&daemon, SIZE);
    terminal.wait_for("q end", LIMIT);
    terminal.type_in("p");
    terminal.wait_until(LIMIT, |screen| screen.contains("paused"));
    terminal.type_in("p");
    terminal.wait_until(LIMIT, |screen| !screen.contains("paused"));
    terminal.type_in("\x1b[C");
    terminal.wait_until(LIMIT, |screen| screen.contains("every 400ms"));
    terminal.type_in("\x1b[D");
    terminal.wait_until(LIMIT, |screen| screen.contains("every 200ms"));
    let first = |screen: &str| worker(screen);
    let before = first(&terminal.screen());
    terminal.type_in("\x1b[B");
    terminal.wait_until(LIMIT, |screen| first(screen) != before);
    terminal.type_in("\x1b[A");
    terminal.wait_until(LIMIT, |screen| first(screen) == before);
    terminal.resize((40, 120));
    let screen = terminal.wait_until(LIMIT, |screen| {
        screen.lines().count() == 40 && screen.lines().any(|line| line.chars().count() == 120)
    });
    assert!(
        screen.contains("store.maintenance"),
        "all workers have room:\n{screen}"
    );
    terminal.resize((5, 20));
    terminal.resize(SIZE);
    // A key that comes together with a resize may be heard with the next one only.
    terminal.wait_until(LIMIT, |screen| {
        terminal.type_in("\x1b[C");
        screen.contains("every 1m")
    });
    terminal.type_in("\x03");
    given_back(&mut terminal);
}

/// The name of the first worker shown.
fn worker(screen: &str) -> String {
    let below = screen
        .lines()
        .skip_while(|line| !line.contains("workers ("))
        .nth(1);
    let name = below.and_then(|line| line.trim_start_matches('│').split_whitespace().next());
    name.unwrap_or_default().to_owned()
}

#[test]
fn signals_end_it_and_a_lost_daemon_does_not() {
    let bed = bed();
    let daemon = bed.start();
    let mut terminal = top(&daemon, SIZE);
    terminal.wait_for("q end", LIMIT);
    daemon.signal(Signal::TERM);
    daemon.wait(LIMIT);
    terminal.wait_until(LIMIT, |screen| screen.contains("no relayd answers"));
    let daemon = bed.start();
    terminal.wait_until(LIMIT, |screen| !screen.contains("no relayd answers"));
    terminal.signal(Signal::TERM);
    given_back(&mut terminal);
    drop(daemon);
}

#[test]
fn one_sample_needs_no_terminal() {
    let bed = bed();
    let daemon = bed.start();
    let once = daemon.relayctl(["top", "--once", "--interval", "200ms"]);
    assert_eq!((once.code, &*once.stderr), (Some(0), ""));
    assert!(
        once.stdout.contains("sogs      connected"),
        "{}",
        once.stdout
    );
    assert!(once.stdout.contains("smp       queues"), "{}", once.stdout);
    let json = daemon
        .relayctl(["top", "--json", "--interval", "200ms"])
        .json();
    assert_eq!(json["ready"], true, "{json}");
    for at in [
        "/sogs/polls_per_second",
        "/smp/sent_per_second",
        "/store/waiting",
        "/process/memory_bytes",
    ] {
        assert!(
            json.pointer(at).is_some_and(serde_json::Value::is_number),
            "{at}: {json}"
        );
    }
    assert!(
        json["workers"]
            .as_array()
            .is_some_and(|workers| workers.len() > 5),
        "{json}"
    );
    let screen = daemon.relayctl(["top"]);
    assert_eq!(screen.code, Some(2), "{screen:?}");
    assert!(screen.stderr.contains("--once"), "{screen:?}");
    drop(daemon);
    assert_eq!(bed.relayd().relayctl(["top", "--once"]).code, Some(3));
}

#[test]
fn status_fits_the_screen_with_both_relays() {
    let daemon = bed().start_kept();
    let daemon = &daemon.1;
    let paused = daemon.relayctl(["worker", "pause", "store.integrity"]);
    assert_eq!(paused.code, Some(0), "{paused:?}");
    let mut command = daemon.how().relayctl_command();
    command.arg("status");
    let mut terminal = Terminal::run(&command, SIZE);
    assert_eq!(terminal.wait(LIMIT).code, Some(0), "{terminal:?}");
    let screen = terminal.screen();
    for shown in [
        "relayd ",
        "serving, ready",
        "sogs ",
        "smp ",
        "sqlite:",
        "store.integrity  paused",
    ] {
        assert!(screen.contains(shown), "no {shown:?} in:\n{screen}");
    }
    let lines = screen.trim_end().lines().count();
    assert!(lines < 24, "{lines} lines:\n{screen}");
}
