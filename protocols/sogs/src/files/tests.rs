//! Uploads that come in whole, in part, too large, onto a full disk, and into a crash.

use std::collections::HashSet;
use std::convert::Infallible;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use axum::body::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use relay_core::clock::{Clock, SystemClock, UnixTime};
use relay_testkit::SmallDisk;
use tempfile::TempDir;

use super::*;

const ROOM: Room = Room {
    max_size: 1_000_000,
    keep_free: 0,
};

fn store() -> (TempDir, FileStore) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let store = FileStore::open(dir.path(), Entropy::seeded(1)).expect("opened");
    (dir, store)
}

/// All files below the folder.
fn on_disk(store: &FileStore) -> Vec<PathBuf> {
    let entries = |dir: &Path| {
        let entries = std::fs::read_dir(dir).expect("a folder");
        entries
            .map(|entry| entry.expect("an entry").path())
            .collect::<Vec<_>>()
    };
    entries(&store.folder)
        .iter()
        .flat_map(|shard| entries(shard))
        .collect()
}

static HALF: &[u8] = &[7; 300_000];

async fn upload(store: &FileStore, bytes: &'static [u8]) -> FilePath {
    let received = store
        .receive_bytes(bytes.into(), ROOM)
        .await
        .expect("received");
    let placed = received.place().await.expect("placed");
    let path = placed.path().clone();
    placed.keep();
    path
}

async fn read(store: &FileStore, path: &FilePath) -> io::Result<Bytes> {
    store.read(path).await?.into_bytes(u64::MAX).await
}

fn in_an_hour() -> UnixTime {
    SystemClock.now().plus(Duration::from_hours(1))
}

#[tokio::test]
async fn uploads_come_back_and_can_be_deleted() {
    let (_dir, store) = store();
    let (path, empty) = (
        upload(&store, b"some bytes").await,
        upload(&store, b"").await,
    );
    assert_ne!(path, empty);
    assert_eq!(read(&store, &path).await.expect("bytes"), "some bytes");
    assert_eq!(read(&store, &empty).await.expect("bytes"), "");
    let mode = path
        .below(&store.folder)
        .metadata()
        .expect("there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    store.delete(&path).await.expect("deleted");
    store.delete(&path).await.expect("deleted twice");
    let gone = read(&store, &path).await.expect_err("gone");
    assert_eq!(gone.kind(), io::ErrorKind::NotFound);
}

#[tokio::test]
async fn parts_are_read_piece_by_piece() {
    let (_dir, store) = store();
    let big: Vec<u8> = (0..200_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    let chunks = big
        .chunks(7_000)
        .map(|chunk| Ok::<_, Infallible>(Bytes::copy_from_slice(chunk)));
    let received = store
        .receive(stream::iter(chunks.collect::<Vec<_>>()), None, ROOM)
        .await;
    let placed = received.expect("received").place().await.expect("placed");
    assert_eq!(placed.size(), 200_000);
    let whole = store.read(placed.path()).await.expect("open");
    let pieces: Vec<Bytes> = whole.into_stream().try_collect().await.expect("pieces");
    assert!(pieces.len() > 2 && pieces.concat() == big);
    let part = store.read(placed.path()).await.expect("open");
    let part = part.part(100_000..=199_999).await.expect("sought");
    assert_eq!(part.len(), 100_000);
    let part = part.into_bytes(100_000).await.expect("bytes");
    assert!(part == big[100_000..]);
    let refused = store
        .read(placed.path())
        .await
        .expect("open")
        .into_bytes(199_999)
        .await;
    assert!(refused.is_err());
}

#[tokio::test]
async fn nothing_remains_of_what_is_too_large_or_breaks_off() {
    let (_dir, store) = store();
    let small = Room {
        max_size: 10,
        ..ROOM
    };
    let told = store
        .receive_bytes(Bytes::from_static(&[0; 11]), small)
        .await;
    assert!(matches!(told, Err(ReceiveError::TooLarge)));
    let endless = stream::repeat(Bytes::from_static(b"four")).map(Ok::<_, Infallible>);
    let untold = store.receive(endless, None, small).await;
    assert!(matches!(untold, Err(ReceiveError::TooLarge)));
    let broken = stream::iter([Ok(Bytes::from_static(b"x")), Err("gone")]);
    let broken = store.receive(broken, None, ROOM).await;
    assert!(matches!(broken, Err(ReceiveError::Broken)));
    assert_eq!(on_disk(&store), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn what_gets_no_row_does_not_stay() {
    let (_dir, store) = store();
    let received = store
        .receive_bytes("x".into(), ROOM)
        .await
        .expect("received");
    assert_eq!(on_disk(&store).len(), 1);
    drop(received);
    assert_eq!(on_disk(&store).len(), 0);
    let received = store
        .receive_bytes("x".into(), ROOM)
        .await
        .expect("received");
    let placed = received.place().await.expect("placed");
    assert_eq!(on_disk(&store).len(), 1);
    drop(placed);
    assert_eq!(on_disk(&store).len(), 0);
}

#[tokio::test]
async fn what_crashes_leave_behind_is_swept() {
    let (dir, store) = store();
    let kept = upload(&store, b"kept").await;
    let received = store.receive_bytes("killed".into(), ROOM).await;
    std::mem::forget(received.expect("received"));
    let received = store.receive_bytes("killed later".into(), ROOM).await;
    std::mem::forget(received.expect("received").place().await.expect("placed"));

    let reopened = FileStore::open(dir.path(), Entropy::seeded(2)).expect("opened");
    let rows = HashSet::from([kept.clone()]);
    let known = |paths: Vec<FilePath>| {
        let known = paths
            .into_iter()
            .filter(|path| rows.contains(path))
            .collect();
        std::future::ready(Ok::<HashSet<_>, Infallible>(known))
    };
    let just_now = in_an_hour().minus(Duration::from_hours(1));
    let young = reopened.sweep(just_now, known).await.expect("swept");
    assert_eq!(young, Swept::default());
    assert_eq!(on_disk(&reopened).len(), 3);

    let swept = reopened.sweep(in_an_hour(), known).await.expect("swept");
    assert_eq!(
        swept,
        Swept {
            kept: 1,
            removed: 2
        }
    );
    assert_eq!(on_disk(&reopened), [kept.below(&store.folder)]);
}

#[tokio::test]
async fn nothing_is_removed_while_rows_cannot_be_read() {
    let (_dir, store) = store();
    upload(&store, b"kept").await;
    let known = |_| std::future::ready(Err("the database is away"));
    let swept = store.sweep(in_an_hour(), known).await;
    assert!(matches!(
        swept,
        Err(SweepError::Rows("the database is away"))
    ));
    assert_eq!(on_disk(&store).len(), 1);
}

#[tokio::test]
async fn a_full_disk_is_told_and_gets_over() {
    let Some(disk) = SmallDisk::mount(1 << 20) else {
        return;
    };
    let store = FileStore::open(disk.path(), Entropy::seeded(1)).expect("opened");
    let large = || stream::iter(vec![Ok::<_, Infallible>(Bytes::from(vec![7; 100_000])); 9]);
    upload(&store, HALF).await;
    let full = store.receive(large(), None, ROOM).await;
    assert!(matches!(full, Err(ReceiveError::NoSpace)), "{full:?}");
    let told = store.receive(large(), Some(900_000), ROOM).await;
    assert!(matches!(told, Err(ReceiveError::NoSpace)), "{told:?}");
    let reserved = Room {
        keep_free: 1 << 20,
        ..ROOM
    };
    let kept_free = store.receive_bytes("x".into(), reserved).await;
    assert!(
        matches!(kept_free, Err(ReceiveError::NoSpace)),
        "{kept_free:?}"
    );
    assert_eq!(on_disk(&store).len(), 1);
    upload(&store, HALF).await;
    disk.fill();
    assert!(store.receive_bytes("xx".into(), ROOM).await.is_err());
    disk.relieve();
    upload(&store, b"again").await;
}
