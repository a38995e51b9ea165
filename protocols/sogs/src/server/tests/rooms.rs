//! Rooms as they are told and changed, and what pollers get of them.

use serde_json::{Value, json};

use super::bench::{Person, Way, bench};

#[tokio::test]
async fn capabilities_are_sorted_and_can_be_required() {
    let bench = bench().await;
    for way in Way::ALL {
        let reply = bench.ask(way, None, ("GET", "/capabilities"), b"").await;
        assert_eq!(
            reply.ok(),
            json!({"capabilities": ["blind", "reactions", "sogs"]})
        );
        let path = "/capabilities?required=magic,sogs";
        let reply = bench.ask(way, None, ("GET", path), b"").await;
        assert_eq!(
            (reply.status, &reply.json()["missing"]),
            (412, &json!(["magic"]))
        );
    }
}

#[tokio::test]
async fn a_room_is_told_with_every_key_clients_need() {
    let bench = bench().await;
    let room = bench.get(None, "/room/lounge").await.ok();
    let expected = json!({
        "token": "lounge", "name": "The lounge", "info_updates": 0, "message_sequence": 0,
        "created": 1_700_000_000.0, "active_users": 0, "active_users_cutoff": 604_800,
        "moderators": [], "admins": [], "read": true, "write": true, "upload": true,
    });
    assert_eq!(room, expected);
    assert_eq!(bench.get(None, "/rooms").await.ok(), json!([expected]));
}

#[tokio::test]
async fn admins_change_a_room_whole_or_not() {
    let bench = bench().await;
    let admin = bench.admin().await;
    let put = async |body: Value| bench.call(Some(&admin), "PUT", "/room/lounge", &body).await;
    let start = bench.get(None, "/room/lounge").await.ok()["info_updates"]
        .as_i64()
        .expect("a number");
    let changed = put(json!({"name": "A\u{1}B", "description": "one\ttwo\nthree\u{7}"}))
        .await
        .ok();
    assert_eq!(changed, json!({"info_updates": start + 2}));
    assert_eq!(put(json!({"name": "AB"})).await.ok(), changed);
    assert_eq!(
        put(json!({"default_write": false, "default_upload": 1}))
            .await
            .ok(),
        changed
    );
    let room = bench.get(None, "/room/lounge").await.ok();
    assert_eq!(
        (&room["name"], &room["description"]),
        (&json!("AB"), &json!("one\ttwo\nthree"))
    );
    assert_eq!(room["write"], false);
    for bad in [
        json!({}),
        json!({"name": 1}),
        json!({"image": "1"}),
        json!([]),
        json!({"name": null}),
    ] {
        assert_eq!(put(bad.clone()).await.status, 400, "{bad}");
    }
    assert_eq!(put(json!({"name": "C", "image": 99})).await.status, 406);
    assert_eq!(bench.get(None, "/room/lounge").await.ok()["name"], "AB");
    put(json!({"description": null})).await.ok();
    let room = bench.get(None, "/room/lounge").await.ok();
    assert_eq!(room.get("description"), None);
}

#[tokio::test]
async fn pollers_get_details_when_there_is_news() {
    let bench = bench().await;
    let admin = bench.admin().await;
    let user = Person::blinded(1);
    for way in Way::ALL {
        let poll = async |who, known: i64| {
            let path = format!("/room/lounge/pollInfo/{known}");
            bench.ask(way, who, ("GET", &path), b"").await.ok()
        };
        let first = poll(Some(&user), 0).await;
        let known = first["details"]["info_updates"].as_i64().expect("a number");
        assert_eq!(first["details"]["description"], Value::Null);
        assert_eq!(first["details"]["image_id"], Value::Null);
        assert!(
            first["details"]
                .as_object()
                .expect("details")
                .contains_key("image_id")
        );
        let second = poll(Some(&user), known).await;
        let expected = json!({
            "token": "lounge", "active_users": 0, "read": true, "write": true, "upload": true,
            "moderator": false, "admin": false, "global_moderator": false, "global_admin": false,
        });
        assert_eq!(second, expected);
        assert_eq!(poll(Some(&admin), known).await["default_read"], true);
        let pollers = poll(None, known - 1).await;
        assert_eq!(pollers["details"]["info_updates"], known);
    }
}

#[tokio::test]
async fn pins_are_told_in_their_order_and_in_whole_seconds() {
    let bench = bench().await;
    let (admin, user) = (bench.admin().await, Person::blinded(1));
    let mut ids = Vec::new();
    for text in ["a", "b", "c"] {
        ids.push(bench.post(&user, text).await["id"].as_i64().expect("an id"));
    }
    let pin = async |what: &str| {
        bench
            .bare(Some(&admin), "POST", &format!("/room/lounge/{what}"))
            .await
    };
    let pinned = async || {
        let room = bench.get(None, "/room/lounge").await.ok();
        let pins = room["pinned_messages"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        assert!(pins.iter().all(|pin| pin["pinned_at"].is_i64()));
        assert!(
            pins.iter()
                .all(|pin| pin["pinned_by"] == bench.id(&admin).to_string())
        );
        pins.iter()
            .map(|pin| pin["id"].as_i64().expect("an id"))
            .collect::<Vec<_>>()
    };
    let start = bench.get(None, "/room/lounge").await.ok()["info_updates"]
        .as_i64()
        .expect("a number");
    for (times, id) in [(1, ids[2]), (2, ids[0]), (3, ids[1])] {
        bench.clock.advance(std::time::Duration::from_millis(1500));
        let reply = pin(&format!("pin/{id}")).await.ok();
        assert_eq!(reply, json!({"info_updates": start + times}));
    }
    assert_eq!(pinned().await, [ids[2], ids[0], ids[1]]);
    bench.clock.advance(std::time::Duration::from_millis(1500));
    pin(&format!("pin/{}", ids[2])).await.ok();
    assert_eq!(pinned().await, [ids[0], ids[1], ids[2]]);
    let reply = pin(&format!("unpin/{}", ids[0])).await.ok();
    assert_eq!(reply, json!({"unpinned": true, "info_updates": start + 5}));
    let reply = pin(&format!("unpin/{}", ids[0])).await.ok();
    assert_eq!(reply, json!({"unpinned": false, "info_updates": start + 5}));
    let reply = pin("unpin/all").await.ok();
    assert_eq!(reply, json!({"unpinned": 2, "info_updates": start + 7}));
    assert_eq!(pinned().await, [0; 0]);
    assert_eq!(pin("pin/999").await.status, 404);
    let path = format!("/room/lounge/pin/{}", ids[0]);
    for who in [None, Some(&user)] {
        assert_eq!(bench.bare(who, "POST", &path).await.status, 403);
    }
}
