//! Inherited sockets: by address, by name, and through a real exec as systemd does it.

use std::{
    net::TcpListener,
    os::{fd::OwnedFd, unix::net::UnixListener},
    process::{Command, Stdio},
};

use relay_core::net::{Inherited, ListenAddr};

fn tcp() -> (ListenAddr, OwnedFd) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    (
        ListenAddr::Tcp(listener.local_addr().unwrap()),
        listener.into(),
    )
}

fn local(fd: OwnedFd) -> ListenAddr {
    ListenAddr::Tcp(TcpListener::from(fd).local_addr().unwrap())
}

#[test]
fn the_address_goes_before_the_name() {
    let ((first, first_fd), (second, second_fd)) = (tcp(), tcp());
    let mut pool = Inherited::default();
    pool.extend([
        ("sogs".to_owned(), first_fd),
        ("sogs".to_owned(), second_fd),
    ]);
    assert_eq!(local(pool.take("sogs", &second).unwrap()), second);
    let elsewhere = "127.0.0.1:1".parse().unwrap();
    assert!(pool.take("smp", &elsewhere).is_none());
    assert_eq!(pool.leftovers(), [format!("sogs ({first})")]);
    assert_eq!(local(pool.take("sogs", &elsewhere).unwrap()), first);
    assert!(pool.leftovers().is_empty());
}

#[test]
fn a_name_decides_between_equal_addresses_and_none_is_needed_for_an_address() {
    let (addr, fd) = tcp();
    let mut pool = Inherited::default();
    pool.add("", fd);
    assert_eq!(pool.leftovers(), [format!("unnamed ({addr})")]);
    assert!(pool.take("metrics", &addr).is_some());
}

#[test]
fn all_addresses_are_those_of_either_family() {
    let listener = TcpListener::bind("0.0.0.0:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut pool = Inherited::default();
    pool.add("http", listener.into());
    let one = format!("127.0.0.1:{port}").parse().unwrap();
    assert!(pool.take("web", &one).is_none());
    let all = format!("[::]:{port}").parse().unwrap();
    assert!(pool.take("web", &all).is_some());
}

#[test]
fn unix_sockets_by_path() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.sock");
    let mut pool = Inherited::default();
    pool.add("whatever", UnixListener::bind(&path).unwrap().into());
    let roundabout = folder.path().join("./x.sock");
    assert!(pool.take("admin", &ListenAddr::Unix(roundabout)).is_some());
}

#[test]
fn socket_activation() {
    let (addr, fd) = tcp();
    let status = activate("$$", fd, &addr);
    assert!(status.success());
}

#[test]
fn sockets_for_another_process_are_left_alone() {
    let (addr, fd) = tcp();
    let status = activate("1", fd, &addr);
    assert_eq!(
        status.code(),
        Some(101),
        "the child finds no socket and its assertion fails"
    );
}

/// Runs [`activated_child`] in a process of its own, the socket at descriptor 3.
fn activate(pid: &str, fd: OwnedFd, addr: &ListenAddr) -> std::process::ExitStatus {
    let script = format!("LISTEN_PID={pid} exec \"$0\" --exact inherited::activated_child 3<&0");
    Command::new("sh")
        .args(["-c", &script])
        .arg(std::env::current_exe().unwrap())
        .env("LISTEN_FDS", "1")
        .env("LISTEN_FDNAMES", "sogs")
        .env("TEST_ADDRESS", addr.to_string())
        .stdin(Stdio::from(fd))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap()
}

/// Does nothing unless [`activate`] started it.
#[test]
fn activated_child() {
    let Ok(addr) = std::env::var("TEST_ADDRESS") else {
        return;
    };
    let addr: ListenAddr = addr.parse().unwrap();
    let mut pool = Inherited::from_env();
    assert_eq!(pool.leftovers(), [format!("sogs ({addr})")]);
    assert_eq!(
        local(pool.take("sogs", &"127.0.0.1:1".parse().unwrap()).unwrap()),
        addr
    );
}
