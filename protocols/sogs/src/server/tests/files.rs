//! Files: names there and back, parts, owners, expiry, images.

use serde_json::json;

use super::bench::{Bench, Person, Reply, Way, bench, bench_with, message};
use crate::client::Request;
use crate::wire::disposition::attachment;

async fn upload(bench: &Bench, who: &Person, name: Option<&str>, bytes: &[u8]) -> Reply {
    let request = Request {
        method: "POST",
        target: "/room/lounge/file",
        body: bytes,
    };
    let signed = request.sign(&who.client, who.signs, bench.key.public(), bench.fresh());
    let mut headers = signed.to_vec();
    headers.push(("Content-Type", "application/octet-stream".to_owned()));
    headers.push(("Content-Disposition", attachment(name)));
    bench.send(request, &headers).await
}

#[tokio::test]
async fn files_come_back_with_their_names() {
    let bench = bench().await;
    let user = Person::blinded(1);
    let names = [
        Some("a.jpg"),
        Some("naïve 🎂.txt"),
        Some("with \"quotes\" \\ and ; more"),
        None,
    ];
    for (id, name) in (1..).zip(names) {
        let reply = upload(&bench, &user, name, b"bytes").await;
        assert_eq!((reply.status, reply.json()), (201, json!({"id": id})));
        let file = bench.get(None, &format!("/room/lounge/file/{id}")).await;
        assert_eq!(
            (file.status, file.body.as_slice()),
            (200, b"bytes".as_slice())
        );
        assert_eq!(file.content_type(), "application/octet-stream");
        assert_eq!(file.headers["content-disposition"], attachment(name));
        assert_eq!(file.headers["date"], "Tue, 14 Nov 2023 22:13:20 GMT");
        assert_eq!(file.headers["expires"], "Tue, 14 Nov 2023 23:13:20 GMT");
    }
    let slash = upload(&bench, &user, Some("a/b\0c"), b"x").await.ok();
    let file = bench
        .get(None, &format!("/room/lounge/file/{}/a/b", slash["id"]))
        .await;
    assert_eq!(
        file.headers["content-disposition"],
        attachment(Some("a\u{fffd}b\u{fffd}c"))
    );
}

#[tokio::test]
async fn files_come_in_every_way() {
    let bench = bench().await;
    let user = Person::blinded(1);
    let bytes: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    for way in Way::ALL {
        let reply = bench
            .ask(way, Some(&user), ("POST", "/room/lounge/file"), &bytes)
            .await;
        assert_eq!(reply.status, 201);
        let id = reply.json()["id"].as_i64().expect("a number");
        let path = format!("/room/lounge/file/{id}");
        let file = bench.ask(way, None, ("GET", &path), b"").await;
        assert!(file.status == 200 && file.body == bytes);
        assert_eq!(file.headers["content-disposition"], "attachment");
    }
    let empty = bench
        .ask(Way::Plain, Some(&user), ("POST", "/room/lounge/file"), b"")
        .await;
    assert_eq!(empty.status, 201);
}

#[tokio::test]
async fn parts_of_files_are_given() {
    let bench = bench().await;
    upload(&bench, &Person::blinded(1), None, b"0123456789").await;
    let get = Request {
        method: "GET",
        target: "/room/lounge/file/1",
        body: b"",
    };
    let part = async |range: &str| bench.send(get, &[("Range", range.to_owned())]).await;
    let reply = part("bytes=2-4").await;
    assert_eq!((reply.status, &*reply.text()), (206, "234"));
    assert_eq!(reply.headers["content-range"], "bytes 2-4/10");
    assert_eq!(part("bytes=-3").await.body, b"789");
    assert_eq!(part("bytes=8-").await.body, b"89");
    assert_eq!(part("bytes=20-").await.status, 416);
    assert_eq!(part("lines=1").await.status, 200);
}

#[tokio::test]
async fn who_may_not_may_not() {
    let bench = bench_with(|config| {
        config.files.max_size = relay_core::config::ByteSize::bytes(10);
    })
    .await;
    let (user, admin) = (Person::blinded(1), bench.admin().await);
    assert_eq!(upload(&bench, &user, None, b"0123456789").await.status, 201);
    assert_eq!(
        upload(&bench, &user, None, b"0123456789a").await.status,
        413
    );
    let anonymous = bench
        .ask(Way::Plain, None, ("POST", "/room/lounge/file"), b"x")
        .await;
    assert_eq!(anonymous.status, 401);
    for body in [
        json!({"default_upload": false}),
        json!({"default_write": false, "default_upload": true}),
    ] {
        bench
            .call(Some(&admin), "PUT", "/room/lounge", &body)
            .await
            .ok();
        assert_eq!(upload(&bench, &user, None, b"x").await.status, 403);
    }
    bench
        .call(
            Some(&admin),
            "PUT",
            "/room/lounge",
            &json!({"default_read": false}),
        )
        .await
        .ok();
    assert_eq!(
        bench.get(Some(&user), "/room/lounge/file/1").await.status,
        403
    );
    assert_eq!(
        bench.get(Some(&admin), "/room/lounge/file/9").await.status,
        404
    );
}

async fn expires(bench: &Bench, id: i64) -> Option<String> {
    let file = bench.get(None, &format!("/room/lounge/file/{id}")).await;
    assert_eq!(file.status, 200);
    file.headers.get("expires").cloned()
}

#[tokio::test]
async fn files_live_as_long_as_what_shows_them() {
    let bench = bench().await;
    let (user, admin) = (Person::blinded(1), bench.admin().await);
    for _ in 0..3 {
        upload(&bench, &user, None, b"x").await.ok();
    }
    let hour = Some("Tue, 14 Nov 2023 23:13:20 GMT".to_owned());
    let days = Some("Wed, 29 Nov 2023 22:13:20 GMT".to_owned());
    let mut body = message("look");
    body["files"] = json!(["1", 2]);
    bench
        .call(Some(&user), "POST", "/room/lounge/message", &body)
        .await
        .ok();
    assert_eq!(
        [expires(&bench, 1).await, expires(&bench, 2).await],
        [days.clone(), days.clone()]
    );
    assert_eq!(expires(&bench, 3).await, hour);
    body["files"] = json!([3]);
    bench
        .call(
            Some(&Person::blinded(2)),
            "POST",
            "/room/lounge/message",
            &body,
        )
        .await
        .ok();
    assert_eq!(expires(&bench, 3).await, hour);
    bench
        .bare(Some(&admin), "POST", "/room/lounge/pin/1")
        .await
        .ok();
    assert_eq!(expires(&bench, 1).await, None);
    bench
        .bare(Some(&admin), "POST", "/room/lounge/unpin/1")
        .await
        .ok();
    assert_eq!(expires(&bench, 1).await, days);
    bench
        .bare(Some(&user), "DELETE", "/room/lounge/message/1")
        .await
        .ok();
    assert_eq!(bench.get(None, "/room/lounge/file/1").await.status, 404);
}

#[tokio::test]
async fn a_room_has_an_image_that_stays() {
    let bench = bench().await;
    let admin = bench.admin().await;
    upload(&bench, &admin, Some("image.png"), b"png").await.ok();
    let put = json!({"image": 1});
    bench
        .call(Some(&admin), "PUT", "/room/lounge", &put)
        .await
        .ok();
    assert_eq!(bench.get(None, "/room/lounge").await.ok()["image_id"], 1);
    assert_eq!(expires(&bench, 1).await, None);
    bench
        .clock
        .advance(std::time::Duration::from_hours(24 * 400));
    assert_eq!(bench.get(None, "/room/lounge/file/1").await.body, b"png");
}

#[tokio::test]
async fn long_uploads_go_to_the_disk_as_they_come_in() {
    let bench = bench().await;
    let user = Person::blinded(1);
    let bytes: Vec<u8> = (0..=255).cycle().take(3_000_000).collect();
    let id = upload(&bench, &user, Some("long.bin"), &bytes).await.ok()["id"].clone();
    let file = bench.get(None, &format!("/room/lounge/file/{id}")).await;
    assert!(file.body == bytes);
    assert_eq!(
        file.header("content-disposition"),
        attachment(Some("long.bin"))
    );
    let request = Request {
        method: "POST",
        target: "/room/lounge/file",
        body: &bytes,
    };
    assert_eq!(bench.send(request, &[]).await.status, 401);
    let fresh = bench.fresh();
    let headers = request.sign(&user.client, user.signs, bench.key.public(), fresh);
    let mut other = bytes.clone();
    other[0] ^= 1;
    let forged = Request {
        body: &other,
        ..request
    };
    assert_eq!(bench.send(forged, &headers).await.status, 401);
    assert_eq!(bench.send(request, &headers).await.status, 201);
    assert_eq!(bench.send(request, &headers).await.status, 425);
    let too_long = vec![0; 10_000_001];
    assert_eq!(upload(&bench, &user, None, &too_long).await.status, 413);
    let kept = bench
        .server
        .tables
        .file_paths(crate::store::FileId(0), 9)
        .await;
    assert_eq!(kept.expect("paths").len(), 2);
}
