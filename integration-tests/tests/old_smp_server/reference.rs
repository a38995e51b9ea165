//! Folders that a real smp-server made: its certificates are openssl's, its key is elsewhere, and
//! its configuration is of another year.

use std::fs;
use std::process::Command;

use integration_tests::certificates;

use crate::support::{Machine, free_port};

/// The commands that smp-server runs at `init`, for a folder.
const OPENSSL: &str = r#"
set -e
cd "$1"
printf '[req]\ndistinguished_name = dn\nprompt = no\n[dn]\nCN = SMP server CA\nO = SimpleX\n[v3]\nsubjectKeyIdentifier = hash\nauthorityKeyIdentifier = keyid:always\nbasicConstraints = critical,CA:true\n' > openssl_ca.conf
printf '[req]\ndistinguished_name = dn\nprompt = no\n[dn]\nCN = smp.example.org\n[v3]\nbasicConstraints = CA:FALSE\nkeyUsage = digitalSignature, nonRepudiation, keyAgreement\nextendedKeyUsage = serverAuth\n' > openssl_server.conf
openssl genpkey -algorithm "$2" -out ca.key
openssl req -new -x509 -days 999999 -config openssl_ca.conf -extensions v3 -key ca.key -out ca.crt
openssl genpkey -algorithm "$2" -out server.key
openssl req -new -config openssl_server.conf -reqexts v3 -key server.key -out server.csr
openssl x509 -req -days 999999 -extfile openssl_server.conf -extensions v3 -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out server.crt
openssl x509 -in ca.crt -outform DER | openssl dgst -sha256 -binary | openssl base64 -A | tr '+/' '-_' > fingerprint
echo >> fingerprint
rm ca.key
"#;

const OLD_INI: &str = "[STORE_LOG]\n# an old file\nenable: on\nlog_stats: off\n\n[AUTH]\nnew_queues: on\n\n[TRANSPORT]\nhost: smp.example.org,abcdefghijklmnop.onion\nport = {}\nwebsockets: off\n\n[INACTIVE_CLIENTS]\ndisconnect: off\nttl: 43200\ncheck_interval: 3600\n";

/// What is in such a folder.
const FILES: [&str; 5] = [
    "ca.crt",
    "server.crt",
    "server.key",
    "fingerprint",
    "smp-server.ini",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_of_smp_server_is_taken_as_it_is() {
    if !certificates::can_be_made() {
        return;
    }
    for algorithm in ["ED25519", "ED448"] {
        let machine = Machine::new();
        let folder = machine.configuration();
        fs::create_dir_all(&folder).unwrap();
        fs::create_dir_all(machine.state()).unwrap();
        let mut openssl = Command::new("sh");
        openssl
            .args(["-c", OPENSSL, "sh"])
            .arg(&folder)
            .arg(algorithm);
        let made = openssl.output().unwrap();
        assert!(made.status.success(), "{made:?}");
        let ini = OLD_INI.replace("{}", &free_port().to_string());
        fs::write(folder.join("smp-server.ini"), &ini).unwrap();
        let files = || FILES.map(|file| fs::read(folder.join(file)).unwrap());
        let before = files();

        let daemon = machine.start();
        let smp = machine.smp();
        let fingerprint = relay_smp::wire::to_base64url(&smp.fingerprint);
        let address = format!(
            "Server address: smp://{fingerprint}@smp.example.org,abcdefghijklmnop.onion:{}",
            smp.address.port()
        );
        assert!(
            daemon.stdout().lines().any(|line| line == address),
            "{}",
            daemon.stdout()
        );
        let (client, _events) = smp.client().await;
        client.ping().await.unwrap();
        assert_eq!(files(), before, "nothing in it is changed");
        assert!(!daemon.stderr().contains("warning"), "{}", daemon.stderr());
    }
}
