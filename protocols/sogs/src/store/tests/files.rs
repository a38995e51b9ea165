//! Whose post shows which file, and how long files stay.

use super::*;
use crate::store::FileId;
use crate::store::files::NewFile;
use crate::wire::rooms::RoomChange;

const DAY: i64 = 86_400;

async fn upload(bed: &Bed, user: &User, room: RoomId, secs: i64) -> FileId {
    let file = NewFile {
        size: 5,
        filename: Some("a.txt".to_owned()),
        path: format!("lounge/{secs}"),
        uploaded: at(secs),
        expiry: Some(at(secs + 3600)),
    };
    let added = bed.tables.add_file(&actor(user), room, file).await;
    added.expect("added")
}

/// In days after the upload, if it expires.
async fn days(bed: &Bed, room: RoomId, id: FileId) -> Option<i64> {
    let file = bed
        .tables
        .file(room, id, at(0))
        .await
        .expect("read")
        .expect("there");
    file.expiry.map(|expiry| (expiry.secs() - 1_000_000) / DAY)
}

async fn post_with(bed: &Bed, user: &User, room: RoomId, files: &[FileId], secs: i64) -> MessageId {
    let mut new = new_message("look");
    new.content.files = files.iter().map(|file| file.0).collect();
    let posted = bed
        .tables
        .post(
            &actor(user),
            room,
            new,
            Filtered::default(),
            posting(at(secs)),
        )
        .await;
    posted.expect("posted").id
}

#[tokio::test]
async fn files_stay_with_their_message() {
    for bed in Bed::each().await {
        let (room, other) = (bed.room("lounge").await, bed.room("other").await);
        let (user, thief) = (bed.user(1).await, bed.user(2).await);
        let system = Actor::system();
        let file = upload(&bed, &user, room, 0).await;
        assert_eq!(days(&bed, room, file).await, Some(0));
        post_with(&bed, &thief, room, &[file], 10).await;
        let elsewhere = upload(&bed, &user, other, 0).await;
        let late = upload(&bed, &user, room, 0).await;
        post_with(&bed, &user, room, &[late, FileId(987)], 3601).await;
        assert_eq!(days(&bed, room, file).await, Some(0), "stolen");
        assert_eq!(days(&bed, room, late).await, Some(0), "too late");
        let id = post_with(&bed, &user, room, &[file, elsewhere], 10).await;
        assert_eq!(days(&bed, room, file).await, Some(15));
        assert_eq!(
            days(&bed, other, elsewhere).await,
            Some(0),
            "another room's"
        );
        bed.tables
            .pin(&system, room, id, at(11))
            .await
            .expect("pinned");
        assert_eq!(days(&bed, room, file).await, None);
        let unpin = bed
            .tables
            .unpin(&system, room, id, Lifetimes::default())
            .await;
        assert!(unpin.expect("unpinned").unpinned);
        assert_eq!(days(&bed, room, file).await, Some(15));
        let for_ever = Lifetimes {
            attached: None,
            ..Lifetimes::default()
        };
        bed.tables
            .pin(&system, room, id, at(12))
            .await
            .expect("pinned");
        bed.tables
            .unpin_all(&system, room, for_ever)
            .await
            .expect("unpinned");
        assert_eq!(days(&bed, room, file).await, None);
        bed.tables
            .delete(&actor(&user), room, id, at(13))
            .await
            .expect("deleted");
        assert!(
            bed.tables
                .file(room, file, at(14))
                .await
                .expect("read")
                .is_none()
        );
        let gone = bed
            .tables
            .take_expired_files(at(14), 10)
            .await
            .expect("taken");
        assert_eq!(gone, ["lounge/0"]);
        let paths = bed.tables.file_paths(FileId(0), 10).await.expect("read");
        assert_eq!(paths.len(), 2);
    }
}

#[tokio::test]
async fn the_image_of_a_room_stays_until_there_is_another() {
    for bed in Bed::each().await {
        let (room, other) = (bed.room("lounge").await, bed.room("other").await);
        let admin = bed.moderator(1, "lounge", Role::Admin).await;
        let first = upload(&bed, &admin, room, 0).await;
        let second = upload(&bed, &admin, room, 1).await;
        let elsewhere = upload(&bed, &admin, other, 2).await;
        let set = |image: FileId, name: &'static str| {
            let (tables, admin) = (bed.tables.clone(), actor(&admin));
            let change = RoomChange {
                image: Some(image.0),
                name: Some(name.to_owned()),
                ..RoomChange::default()
            };
            async move { tables.change_room(&admin, room, change, at(5)).await }
        };
        for bad in [elsewhere, FileId(99)] {
            assert_eq!(refusal(set(bad, "changed").await), Refusal::BadImage);
        }
        assert_eq!(bed.shown(room).await.name, "lounge");
        set(first, "lounge").await.expect("set");
        assert_eq!(bed.shown(room).await.image, Some(first));
        assert_eq!(days(&bed, room, first).await, None);
        post_with(&bed, &admin, room, &[first], 10).await;
        bed.post(&admin, room, "x").await;
        let all = bed
            .tables
            .delete_all(&actor(&admin), room, id15(1), at(11))
            .await;
        all.expect("deleted");
        assert_eq!(
            days(&bed, room, first).await,
            None,
            "images are not attached, nor lost"
        );
        let third = upload(&bed, &admin, room, 12).await;
        set(third, "lounge").await.expect("set");
        assert!(
            bed.tables
                .file(room, first, at(13))
                .await
                .expect("read")
                .is_none()
        );
        assert!(
            bed.tables
                .file(room, second, at(13))
                .await
                .expect("read")
                .is_none()
        );
        let plain = bed.user(2).await;
        let change = RoomChange {
            name: Some("x".to_owned()),
            ..RoomChange::default()
        };
        let plain = bed
            .tables
            .change_room(&actor(&plain), room, change, at(14))
            .await;
        assert_eq!(refusal(plain), Refusal::AdminRequired);
    }
}

#[tokio::test]
async fn who_may_not_upload_adds_nothing() {
    for bed in Bed::each().await {
        let (room, user) = (bed.room("lounge").await, bed.user(1).await);
        let deny = crate::wire::permissions::PermissionChange::parse(br#"{"upload":false}"#);
        let deny = deny.expect("a change");
        bed.tables
            .set_permissions(&SYSTEM, room, id15(1), deny, at(3))
            .await
            .expect("set");
        let file = NewFile {
            size: 0,
            filename: None,
            path: "x".to_owned(),
            uploaded: at(0),
            expiry: None,
        };
        assert_eq!(
            refusal(bed.tables.add_file(&actor(&user), room, file).await),
            Refusal::Denied
        );
        assert!(
            bed.tables
                .file_paths(FileId(0), 9)
                .await
                .expect("read")
                .is_empty()
        );
        bed.tables.delete_room(room).await.expect("deleted");
    }
}
