//! Binding: messages an operator can act on, and unix sockets' files.

use std::{
    fs,
    os::{
        fd::{AsFd, OwnedFd},
        unix::fs::{MetadataExt, PermissionsExt},
    },
    path::Path,
};

use relay_core::net::{BindError, BindOptions, ListenAddr, Listener};

use crate::support::{bind, listener, tcp_addr};

fn options() -> BindOptions {
    BindOptions::new("test.listen")
}

fn try_bind(addr: &ListenAddr) -> Result<Listener, BindError> {
    Listener::bind("test", addr, &options())
}

fn refusal(addr: &ListenAddr) -> String {
    try_bind(addr).unwrap_err().to_string()
}

fn unix(path: &Path) -> ListenAddr {
    ListenAddr::Unix(path.to_owned())
}

#[tokio::test]
async fn a_free_port_is_found_and_then_in_use() {
    let first = listener();
    assert_ne!(tcp_addr(first.local()).port(), 0);
    let expected = format!(
        "{} is in use by another program; stop it or change `test.listen`",
        first.local()
    );
    assert_eq!(refusal(first.local()), expected);
    let addr = first.local().clone();
    drop(first);
    try_bind(&addr).unwrap();
}

#[tokio::test]
async fn a_dual_stack_wildcard_takes_the_ipv4_port_too() {
    let wide = bind(":0");
    let port = tcp_addr(wide.local()).port();
    let v4: ListenAddr = format!("127.0.0.1:{port}").parse().unwrap();
    assert!(v4.overlaps(wide.local()));
    assert!(matches!(try_bind(&v4), Err(BindError::InUse { .. })));
}

#[tokio::test]
async fn an_address_of_another_machine() {
    let addr = "192.0.2.1:4711".parse().unwrap();
    assert_eq!(
        refusal(&addr),
        "192.0.2.1:4711 is not an address of this machine; change `test.listen`"
    );
}

#[tokio::test]
async fn a_unix_socket_has_its_mode_and_goes_with_its_listener() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.sock");
    let mode = BindOptions {
        mode: 0o600,
        ..options()
    };
    let listener = Listener::bind("test", &unix(&path), &mode).unwrap();
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o7777,
        0o600
    );
    assert_eq!(**listener.local(), unix(&path));
    drop(listener);
    assert!(!path.exists());
}

#[tokio::test]
async fn owner_and_group_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.sock");
    let nobody = BindOptions {
        owner: Some("no-such-user".into()),
        ..options()
    };
    let error = Listener::bind("test", &unix(&path), &nobody)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("should belong to user `no-such-user`, who does not exist here"),
        "{error}"
    );
    assert!(!path.exists());
    // Giving a file to oneself needs no privilege.
    let me = nix::unistd::User::from_uid(nix::unistd::geteuid())
        .unwrap()
        .unwrap();
    let group = nix::unistd::Group::from_gid(nix::unistd::getegid())
        .unwrap()
        .unwrap();
    let mine = BindOptions {
        owner: Some(me.name),
        group: Some(group.name),
        ..options()
    };
    let _listener = Listener::bind("test", &unix(&path), &mine).unwrap();
    let found = fs::metadata(&path).unwrap();
    assert_eq!(
        (found.uid(), found.gid()),
        (me.uid.as_raw(), group.gid.as_raw())
    );
}

#[tokio::test]
async fn a_live_server_is_left_alone_and_a_stale_socket_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.sock");
    let live = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let expected = format!(
        "unix:{} is in use by another program; stop it or change `test.listen`",
        path.display()
    );
    assert_eq!(refusal(&unix(&path)), expected);
    assert!(path.exists());
    drop(live);
    assert!(path.exists(), "std leaves the file: now it is stale");
    try_bind(&unix(&path)).unwrap();
}

#[tokio::test]
async fn other_files_are_never_removed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("precious");
    fs::write(&path, "data").unwrap();
    let expected = format!(
        "unix:{} cannot be a socket: another file is there; remove it or change `test.listen`",
        path.display()
    );
    assert_eq!(refusal(&unix(&path)), expected);
    assert_eq!(fs::read_to_string(&path).unwrap(), "data");
}

#[tokio::test]
async fn paths_that_cannot_be() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing/x.sock");
    let expected = format!(
        "the folder of unix:{} does not exist; create it or change `test.listen`",
        missing.display()
    );
    assert_eq!(refusal(&unix(&missing)), expected);
    let long = folder.path().join("x".repeat(120));
    assert!(refusal(&unix(&long)).contains("is too long for a unix socket"));
}

#[tokio::test]
async fn a_disarmed_or_replaced_socket_file_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.sock");
    let listener = try_bind(&unix(&path)).unwrap();
    listener.disarm();
    drop(listener);
    assert!(path.exists());

    let old = try_bind(&unix(&path)).unwrap();
    fs::remove_file(&path).unwrap();
    let _new = std::os::unix::net::UnixListener::bind(&path).unwrap();
    drop(old);
    assert!(path.exists(), "it belongs to somebody else now");
}

#[tokio::test]
async fn an_inherited_socket_listens_where_it_was_bound() {
    let original = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = ListenAddr::Tcp(original.local_addr().unwrap());
    let listener = Listener::from_fd("test", &addr, original.into(), &options()).unwrap();
    assert_eq!(**listener.local(), addr);
    let flags = rustix::fs::fcntl_getfl(listener.as_fd()).unwrap();
    assert!(flags.contains(rustix::fs::OFlags::NONBLOCK));
    let flags = rustix::io::fcntl_getfd(listener.as_fd()).unwrap();
    assert!(flags.contains(rustix::io::FdFlags::CLOEXEC));
}

#[tokio::test]
async fn an_inherited_socket_that_does_not_listen_is_refused() {
    let addr: ListenAddr = "127.0.0.1:8080".parse().unwrap();
    let datagram: OwnedFd = std::net::UdpSocket::bind("127.0.0.1:0").unwrap().into();
    let file: OwnedFd = tempfile::tempfile().unwrap().into();
    for fd in [datagram, file] {
        let error = Listener::from_fd("test", &addr, fd, &options()).unwrap_err();
        assert!(matches!(error, BindError::NotListening { .. }), "{error}");
    }
}
