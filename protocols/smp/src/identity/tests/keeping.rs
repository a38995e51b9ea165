//! An identity in use.

use std::fs;
use std::sync::Arc;

use relay_core::clock::TestClock;
use relay_core::entropy::Entropy;

use super::*;

fn open_keeper(folder: &Folder) -> Keeper {
    let clock = Arc::new(TestClock::at(NOW));
    let entropy = Entropy::seeded(5);
    Keeper::open(
        folder.clone(),
        KeyKind::Ed25519,
        "a.example",
        clock,
        entropy,
    )
    .unwrap()
}

fn leaf(keeper: &Keeper) -> Vec<u8> {
    keeper.identity().chain()[0].to_vec()
}

#[test]
fn a_new_leaf_is_shown_at_once_and_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let folder = Folder::at(dir.path());
    let keeper = open_keeper(&folder);
    let before = leaf(&keeper);
    keeper.rotate(&NewLeaf::default()).unwrap();
    let after = leaf(&keeper);
    assert_ne!(before, after);
    assert_eq!(leaf(&open_keeper(&folder)), after);
}

#[test]
fn files_that_were_replaced_are_shown_after_a_reload_and_bad_ones_never() {
    let dir = tempfile::tempdir().unwrap();
    let folder = Folder::at(dir.path());
    let keeper = open_keeper(&folder);
    let before = leaf(&keeper);
    keeper.reload().unwrap();
    assert_eq!(leaf(&keeper), before);

    let renewed = folder.rotate(&NewLeaf::default(), NOW, &mut rng()).unwrap();
    assert_eq!(leaf(&keeper), before, "not before it is told");
    keeper.reload().unwrap();
    assert_eq!(leaf(&keeper), renewed.chain()[0].as_ref());

    fs::write(dir.path().join("server.crt"), "nonsense").unwrap();
    assert!(keeper.reload().is_err());
    assert_eq!(leaf(&keeper), renewed.chain()[0].as_ref());
}

#[test]
fn a_reload_does_not_change_the_address() {
    let (ours, theirs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let keeper = open_keeper(&Folder::at(ours.path()));
    let before = keeper.identity().fingerprint();
    let other = Folder::at(theirs.path());
    other
        .open(KeyKind::Ed448, "b.example", NOW, &mut rng())
        .unwrap();
    for name in [
        "ca.crt",
        "ca.key",
        "server.crt",
        "server.key",
        "fingerprint",
    ] {
        fs::copy(theirs.path().join(name), ours.path().join(name)).unwrap();
    }
    let line = keeper.reload().unwrap_err().to_string();
    assert!(line.contains("another identity"), "{line}");
    assert_eq!(keeper.identity().fingerprint(), before);
}
