//! Relays behind a SOCKS proxy: .onion addresses never go anywhere else, and each relay has a
//! circuit of its own.

#![expect(clippy::unwrap_used, reason = "tests stop at what they did not expect")]

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use integration_tests::routes::{self, Named};
use integration_tests::smp::{Smp, refused};
use integration_tests::{Bed, see};
use relay_smp::wire::{BrokerError, Error, ProxyError};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

/// What was asked for: user name, host, port.
type Asked = Arc<Mutex<Vec<(String, String, u16)>>>;

/// A SOCKS proxy that knows one place, whatever it is asked for.
async fn socks(place: SocketAddr) -> (SocketAddr, Asked) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let (address, asked) = (listener.local_addr().unwrap(), Asked::default());
    let notes = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let notes = Arc::clone(&notes);
            tokio::spawn(async move { serve(client, place, &notes).await });
        }
    });
    (address, asked)
}

async fn serve(mut client: TcpStream, place: SocketAddr, notes: &Asked) -> Option<()> {
    let [version, methods] = bytes(&mut client).await?;
    assert_eq!(version, 5);
    let mut offered = vec![0; methods.into()];
    client.read_exact(&mut offered).await.ok()?;
    client.write_all(&[5, offered[0]]).await.ok()?;
    let mut user = String::new();
    if offered[0] == 2 {
        let [1] = bytes(&mut client).await? else {
            return None;
        };
        user = text(&mut client).await?;
        text(&mut client).await?;
        client.write_all(&[1, 0]).await.ok()?;
    }
    let [5, 1, 0, kind] = bytes(&mut client).await? else {
        return None;
    };
    let host = match kind {
        3 => text(&mut client).await?,
        _ => format!("{:?}", bytes::<4>(&mut client).await?),
    };
    let port = u16::from_be_bytes(bytes(&mut client).await?);
    notes.lock().unwrap().push((user, host, port));
    client
        .write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0])
        .await
        .ok()?;
    let mut server = TcpStream::connect(place).await.ok()?;
    copy_bidirectional(&mut client, &mut server).await.ok()?;
    Some(())
}

async fn bytes<const N: usize>(from: &mut (impl AsyncRead + Unpin)) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    from.read_exact(&mut bytes).await.ok()?;
    Some(bytes)
}

async fn text(from: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let [length] = bytes(from).await?;
    let mut text = vec![0; length.into()];
    from.read_exact(&mut text).await.ok()?;
    String::from_utf8(text).ok()
}

fn host<T>() -> Result<T, relay_smp::client::CallError> {
    let broker = ProxyError::Broker(BrokerError::Host);
    refused(Error::Proxy(Box::new(broker)))
}

#[tokio::test(flavor = "multi_thread")]
async fn onions_are_reached_through_tor_alone() {
    let relay = Bed::new().with_smp();
    let _relay = relay.start();
    let relay = Smp::of(&relay);
    let (address, asked) = socks(relay.address).await;
    // Nothing private may be connected to directly: what the SOCKS proxy does is its own affair.
    let bed = Bed::new()
        .with_smp()
        .with("smp.proxy.socks_proxy", address.to_string())
        .with("smp.proxy.host_mode", "onion");
    let daemon = bed.start();
    let (client, _) = Smp::of(&bed).client().await;
    let named = |hosts: &[&str], port: &str| Named {
        hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
        port: port.to_owned(),
        fingerprint: relay.fingerprint.to_vec(),
    };
    let onion = named(&["smp.example", "Abc.onion"], "");
    let route = onion.through(&client).await.unwrap();
    let sent = routes::send(&client, &route, b"queue", None, b"x").await;
    assert_eq!(sent, refused(Error::Auth), "it is the relay who answers");
    named(&["abc.onion"], "443").through(&client).await.unwrap();
    assert_eq!(
        named(&["127.0.0.1"], "").through(&client).await.map(drop),
        host()
    );
    let asked = asked.lock().unwrap().clone();
    let places: Vec<_> = (asked.iter())
        .map(|(_, host, port)| (host.as_str(), *port))
        .collect();
    assert_eq!(places, [("abc.onion", 5223), ("abc.onion", 443)]);
    assert!(asked.iter().all(|(user, ..)| user.len() > 40), "{asked:?}");
    assert_eq!(see::count(&daemon, "relayd_smp_proxy_relays"), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_goes_through_it_where_the_operator_wants_that() {
    let relay = Bed::new().with_smp();
    let _relay = relay.start();
    let relay = Smp::of(&relay);
    let (address, asked) = socks(relay.address).await;
    let bed = Bed::new()
        .with_smp()
        .with("smp.proxy.socks_proxy", format!("me:secret@{address}"))
        .with("smp.proxy.socks_mode", "always");
    let _daemon = bed.start();
    let (client, _) = Smp::of(&bed).client().await;
    let mut named = Named::of(&relay);
    assert_eq!(
        named.through(&client).await.map(drop),
        host(),
        "a private address"
    );
    named.hosts = vec!["smp.example".to_owned()];
    named.through(&client).await.unwrap();
    let asked = asked.lock().unwrap().clone();
    let expected = (
        "me".to_owned(),
        "smp.example".to_owned(),
        relay.address.port(),
    );
    assert_eq!(asked, [expected]);
}
