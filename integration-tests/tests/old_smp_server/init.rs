//! `smp-server init`: by flags, by questions on a terminal, by answers through a pipe.

use std::fs;

use integration_tests::{PATIENCE, see};
use relay_testkit::Terminal;

use crate::support::{Machine, lines_in_order};

/// As in the guide of 2023.
#[test]
fn the_example_of_the_guide() {
    let machine = Machine::new();
    let made = machine.run("smp-server init -y -l --ip 192.168.1.5 --password test");
    assert_eq!(made.code, Some(0), "{made:?}");
    let configuration = machine.configuration();
    let fingerprint = fs::read_to_string(configuration.join("fingerprint")).unwrap();
    let fingerprint = fingerprint.trim();
    assert_eq!(fingerprint.len(), 44);
    lines_in_order(
        &made.stderr,
        &[
            "Certificate request self-signature ok",
            "subject=CN = 192.168.1.5",
        ],
    );
    lines_in_order(
        &made.stdout,
        &[
            &format!(
                "Server initialized, please provide additional server information in {}/smp-server.ini.",
                configuration.display()
            ),
            "Run `smp-server start` to start server.",
            "----------",
            "You should store CA private key securely and delete it from the server.",
            "If server TLS credential is compromised this key can be used to sign a new one, keeping the same server identity and established connections.",
            &format!(
                "CA private key location: {}/ca.key",
                configuration.display()
            ),
            "----------",
            &format!("Fingerprint: {fingerprint}"),
            &format!("Server address: smp://{fingerprint}:test@192.168.1.5"),
        ],
    );
    assert!(made.stdout.contains("\nSMP server v"), "{}", made.stdout);
    for file in ["ca.key", "server.key", "smp-server.ini"] {
        assert_eq!(see::mode(configuration.join(file)), 0o600, "{file}");
    }
    assert!(machine.state().is_dir());
    for (start, line) in [
        ("enable = ", "enable = on"),
        ("log_stats = ", "log_stats = off"),
        ("create_password = ", "create_password = test"),
        ("host = ", "host = 192.168.1.5"),
        ("port = ", "port = 5223,443"),
        ("websockets = ", "websockets = off"),
        ("new_queues = ", "new_queues = on"),
        ("disconnect = ", "disconnect = on"),
    ] {
        assert_eq!(machine.line(start), line);
    }
}

#[test]
fn a_server_is_made_once() {
    let machine = Machine::new();
    assert_eq!(machine.run("smp-server init -y").code, Some(0));
    let before = machine.ini();
    let key = fs::read(machine.configuration().join("ca.key")).unwrap();
    for line in ["smp-server init -y", "smp-server init"] {
        let again = machine.run(line);
        assert_eq!(again.code, Some(1), "{again:?}");
        let ini = machine.configuration().join("smp-server.ini");
        lines_in_order(
            &again.stdout,
            &[
                &format!(
                    "Error: server is already initialized ({} exists).",
                    ini.display()
                ),
                "Run `smp-server start`.",
            ],
        );
    }
    assert_eq!(machine.ini(), before);
    assert_eq!(
        fs::read(machine.configuration().join("ca.key")).unwrap(),
        key
    );
}

/// The older program deleted them; a key that clients know a server by is not ours to delete.
#[test]
fn an_identity_whose_configuration_is_lost_is_set_aside() {
    let machine = Machine::new();
    assert_eq!(machine.run("smp-server init -y").code, Some(0));
    let key = fs::read(machine.configuration().join("ca.key")).unwrap();
    fs::remove_file(machine.configuration().join("smp-server.ini")).unwrap();
    let made = machine.run("smp-server init -y");
    assert_eq!(made.code, Some(0), "{made:?}");
    let aside = fs::read_dir(machine.configuration()).unwrap();
    let mut aside = aside.map(|entry| entry.unwrap().path());
    let aside = aside.find(|path| path.is_dir()).expect("a folder beside");
    assert!(
        made.stderr.contains(aside.to_str().unwrap()),
        "{}",
        made.stderr
    );
    assert_eq!(fs::read(aside.join("ca.key")).unwrap(), key);
    assert_ne!(
        fs::read(machine.configuration().join("ca.key")).unwrap(),
        key
    );
}

/// Everything today's smp-server can be told, and what its container does with it.
#[test]
fn every_option_of_today() {
    let machine = Machine::new();
    let made = machine.run(
        "smp-server init --yes --store-log --daily-stats --source-code --fqdn smp.example.org \
         --own-domains=example.org,example.net --password=pw -a ED448 --control-port \
         --socks-proxy=127.0.0.1:9050 --operator 'Example e.V.' --operator-country ch \
         --operator-website https://example.org --hosting Hoster --hosting-country SE \
         --hosting-type owned --server-country is --web-path /srv/www --disable-web",
    );
    assert_eq!(made.code, Some(0), "{made:?}");
    lines_in_order(
        &made.stdout,
        &["Server source code: https://github.com/simplex-chat/simplexmq"],
    );
    for (start, line) in [
        (
            "source_code",
            "source_code = https://github.com/simplex-chat/simplexmq",
        ),
        ("server_country", "server_country = IS"),
        ("operator =", "operator = Example e.V."),
        ("operator_country", "operator_country = CH"),
        ("website", "website = https://example.org"),
        ("hosting =", "hosting = Hoster"),
        ("hosting_country", "hosting_country = SE"),
        ("hosting_type", "hosting_type = owned"),
        ("log_stats", "log_stats = on"),
        ("create_password", "create_password = pw"),
        ("host =", "host = smp.example.org"),
        ("control_port =", "control_port = 5224"),
        (
            "own_server_domains",
            "own_server_domains = example.org example.net",
        ),
        ("socks_proxy", "socks_proxy = 127.0.0.1:9050"),
        ("static_path", "static_path = /srv/www"),
        ("# https", "# https = 443"),
    ] {
        assert_eq!(machine.line(start), line);
    }
    for start in [
        "control_port_admin_password = ",
        "control_port_user_password = ",
    ] {
        assert_eq!(machine.line(start).len(), start.len() + 24);
    }
    let key = fs::read_to_string(machine.configuration().join("server.key")).unwrap();
    assert!(key.len() > 140, "an Ed448 key is longer: {}", key.len());
    let sed = machine.run(
        "sed -i -e 's|^[^#]*https = |#&|' -e 's|^port = .*|port = 5223|' \"$SMP_SERVER_CFG_PATH/smp-server.ini\"",
    );
    assert_eq!(sed.code, Some(0), "{sed:?}");
    assert_eq!(machine.line("port = "), "port = 5223");
}

#[test]
fn what_cannot_be_made_is_refused_before_anything_is() {
    let machine = Machine::new();
    for (options, complaint) in [
        ("--ip 'a b'", "option --ip"),
        ("--fqdn smp.example.org:5223", "option --fqdn"),
        ("--password 'a b'", "option --password"),
        ("-a RSA", "option --sign-algorithm"),
        ("--hosting-type tent", "option --hosting-type"),
        ("--server-country CHE", "option --server-country"),
        ("--control-port=x", "option --control-port"),
        (
            "--operator x",
            "Error: passing any server information requires passing --source-code",
        ),
        (
            "--operator-country ch",
            "Error: passing --operator-country requires passing --operator",
        ),
        ("--frobnicate", "Invalid option `--frobnicate'"),
        ("more", "Invalid argument `more'"),
        ("--ip", "The option `--ip` expects an argument."),
    ] {
        let refused = machine.run(&format!("smp-server init -y {options}"));
        assert_eq!(refused.code, Some(1), "{refused:?}");
        let said = refused.stdout + &refused.stderr;
        assert!(said.contains(complaint), "{options}: {said}");
        assert!(!machine.configuration().exists(), "{options}");
    }
}

/// Every question, as the guide tells them, on a terminal.
#[test]
fn questions_on_a_terminal() {
    let machine = Machine::new();
    let mut terminal = Terminal::run(&machine.shell("smp-server init"), (40, 100));
    terminal.answer("SMP server will be initialized (press Enter)", "", PATIENCE);
    let question = "Enable store log to restore queues and messages on server restart (Yn): ";
    terminal.answer(question, "perhaps", PATIENCE);
    terminal.answer("Invalid input, please enter 'y' or 'n'", "y", PATIENCE);
    terminal.answer("Enable logging daily statistics (yN): ", "y", PATIENCE);
    terminal.wait_for(
        "Require a password to create new messaging queues?",
        PATIENCE,
    );
    terminal.answer("or enter password: ", "n", PATIENCE);
    let question = "Enter server FQDN or IP address for certificate (127.0.0.1): ";
    terminal.answer(question, "smp.example.org", PATIENCE);
    terminal.answer("Enter server source code URI (", "gopher://x", PATIENCE);
    terminal.answer(
        "Invalid source code.",
        "https://example.org/source",
        PATIENCE,
    );
    terminal.answer("Enter path to store generated server pages", "", PATIENCE);
    let exit = terminal.wait(PATIENCE);
    assert_eq!(exit.code, Some(0), "{exit:?}");
    let address = "@smp.example.org";
    assert!(exit.stdout.contains(address), "{}", exit.stdout);
    for (start, line) in [
        ("log_stats", "log_stats = on"),
        (
            "# create_password",
            "# create_password = printable ASCII characters other than space, '@', ':' and '/'",
        ),
        ("host =", "host = smp.example.org"),
        ("source_code", "source_code = https://example.org/source"),
    ] {
        assert_eq!(machine.line(start), line);
    }
}

#[test]
fn control_c_and_control_d_at_a_question_leave_nothing() {
    for key in ["\x03", "\x04"] {
        let machine = Machine::new();
        let mut terminal = Terminal::run(&machine.shell("exec smp-server init"), (24, 80));
        terminal.answer("press Enter", "", PATIENCE);
        terminal.wait_for("on server restart (Yn): ", PATIENCE);
        terminal.type_in(key);
        let exit = terminal.wait(PATIENCE);
        assert_ne!(exit.code, Some(0), "{exit:?}");
        assert!(!machine.configuration().exists(), "{key:?}");
    }
}

/// What earlier releases asked (four questions) is answered; the rest is as the options have it.
#[test]
fn answers_through_a_pipe() {
    let machine = Machine::new();
    let made = machine.run_with("smp-server init", "\ny\nn\nr\n198.51.100.7\n");
    assert_eq!(made.code, Some(0), "{made:?}");
    assert!(made.stdout.contains("@198.51.100.7\n"), "{}", made.stdout);
    let password = machine.line("create_password = ");
    assert_eq!(password.len(), "create_password = ".len() + 44);

    let machine = Machine::new();
    let made = machine.run("smp-server init -l --disable-web --ip 198.51.100.7");
    assert_eq!(made.code, Some(0), "without any answers: {made:?}");
    assert_eq!(machine.line("host = "), "host = 198.51.100.7");
}
