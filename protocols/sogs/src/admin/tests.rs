//! The admin API, as relayctl asks it.

use axum::body::{Body, to_bytes};
use axum::http::Request;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::*;
use crate::bed::{Bed, NOW};
use crate::domain::identity::Naming;
use crate::wire::content;

async fn ask(server: &Arc<Server>, method: &str, path: &str, body: Value) -> (u16, Value) {
    let request = Request::builder()
        .method(method)
        .uri(inner(path))
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()))
        .expect("a request");
    let response = router(Arc::clone(server))
        .oneshot(request)
        .await
        .expect("infallible");
    let status = response.status().as_u16();
    let bytes = to_bytes(response.into_body(), 1 << 20)
        .await
        .expect("a body");
    (status, serde_json::from_slice(&bytes).expect("JSON"))
}

async fn get(server: &Arc<Server>, path: &str) -> Value {
    let (status, answer) = ask(server, "GET", path, Value::Null).await;
    assert_eq!(status, 200, "{answer}");
    answer
}

#[tokio::test]
async fn rooms_are_made_changed_and_deleted() {
    let bed = Bed::make(Naming::Blinded15).await;
    let server = bed.server();
    let defaults = json!({"read": true, "accessible": true, "write": false, "upload": false});
    let new = json!({"token": "News", "name": null, "description": "", "defaults": defaults});
    let (status, room) = ask(&server, "POST", paths::ROOMS, new.clone()).await;
    assert_eq!(
        (status, &room["name"], &room["description"]),
        (200, &json!("News"), &Value::Null)
    );
    assert_eq!(room["defaults"], defaults);
    assert!(
        room["url"]
            .as_str()
            .is_some_and(|url| url.contains("/News?public_key="))
    );
    assert_eq!(ask(&server, "POST", paths::ROOMS, new).await.0, 409);
    let bad = json!({"token": "no room", "defaults": defaults});
    assert_eq!(ask(&server, "POST", paths::ROOMS, bad).await.0, 400);

    let edit = json!({"name": "The News", "description": "All of it", "retention": 60});
    let (_, room) = ask(&server, "PUT", "/rooms/news", edit).await;
    assert_eq!(
        (&room["name"], &room["retention"]),
        (&json!("The News"), &json!(60))
    );
    let edit = json!({"description": "", "retention": 0});
    let (_, room) = ask(&server, "PUT", "/rooms/news", edit).await;
    assert_eq!(
        (&room["description"], &room["retention"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(room["name"], "The News");

    assert_eq!(
        get(&server, paths::ROOMS).await.as_array().map(Vec::len),
        Some(3)
    );
    assert_eq!(
        ask(&server, "DELETE", "/rooms/news", Value::Null).await.0,
        200
    );
    assert_eq!(ask(&server, "GET", "/rooms/news", Value::Null).await.0, 404);
}

#[tokio::test]
async fn people_get_and_lose_roles_and_bans() {
    let bed = Bed::make(Naming::Blinded15).await;
    let (server, (ann, _), (eve, _)) = (bed.server(), bed.user(1).await, bed.user(2).await);
    let role = json!({"ids": [ann.to_string()], "rooms": ["LOUNGE"], "role": "admin"});
    assert_eq!(ask(&server, "PUT", paths::MODERATORS, role).await.0, 200);
    let role = json!({"ids": [eve.to_string()], "rooms": ["+"], "role": "moderator"});
    assert_eq!(ask(&server, "PUT", paths::MODERATORS, role).await.0, 200);
    let expected = json!([
        {"id": eve.to_string(), "room": null, "admin": false, "visible": false},
        {"id": ann.to_string(), "room": "lounge", "admin": true, "visible": true},
    ]);
    assert_eq!(get(&server, paths::MODERATORS).await, expected);

    let ban = json!({"ids": [ann.to_string()], "rooms": ["*"], "banned": true, "timeout": 60});
    assert_eq!(ask(&server, "PUT", paths::BANS, ban).await.0, 200);
    let bans = get(&server, paths::BANS).await;
    assert_eq!(bans.as_array().map(Vec::len), Some(2));
    assert_eq!(bans[0]["until"], NOW.secs() + 60);
    let user = get(&server, &format!("/users/{ann}")).await;
    assert_eq!(user["rooms"][1][1]["banned"], true, "{user}");
    let unban = json!({"ids": [ann.to_string()], "rooms": ["*"], "banned": false});
    assert_eq!(ask(&server, "PUT", paths::BANS, unban).await.0, 200);
    assert_eq!(get(&server, paths::BANS).await, json!([]));
    let log = get(&server, "/log/100").await;
    assert!(log.as_array().is_some_and(|log| log.len() >= 4), "{log}");

    for rooms in [json!([]), json!(["+", "lounge"]), json!(["nowhere"])] {
        let role = json!({"ids": [ann.to_string()], "rooms": rooms, "role": "admin"});
        assert!(
            ask(&server, "PUT", paths::MODERATORS, role).await.0 >= 400,
            "{rooms}"
        );
    }
    let nobody = json!({"ids": ["05"], "rooms": ["+"], "role": "admin"});
    assert_eq!(ask(&server, "PUT", paths::MODERATORS, nobody).await.0, 400);
    assert_eq!(
        ask(
            &server,
            "GET",
            &format!("/users/05{}", "a".repeat(64)),
            Value::Null
        )
        .await
        .0,
        404
    );
}

/// Who is banned gets no role, and then nobody who was named with them does.
#[tokio::test]
async fn several_are_changed_all_or_none() {
    let bed = Bed::make(Naming::Blinded15).await;
    let server = bed.server();
    let ((ann, _), (eve, _)) = (bed.user(1).await, bed.user(2).await);
    let ban = json!({"ids": [eve.to_string()], "rooms": ["lounge"], "banned": true});
    assert_eq!(ask(&server, "PUT", paths::BANS, ban).await.0, 200);
    let both = json!([ann.to_string(), eve.to_string()]);
    let role = json!({"ids": both, "rooms": ["lounge"], "role": "moderator"});
    let (status, answer) = ask(&server, "PUT", paths::MODERATORS, role.clone()).await;
    assert!(status >= 400, "{answer}");
    assert_eq!(get(&server, paths::MODERATORS).await, json!([]));
    let unban = json!({"ids": both, "rooms": ["*"], "banned": false});
    assert_eq!(ask(&server, "PUT", paths::BANS, unban).await.0, 200);
    assert_eq!(ask(&server, "PUT", paths::MODERATORS, role).await.0, 200);
    let moderators = get(&server, paths::MODERATORS).await;
    assert_eq!(moderators.as_array().map(Vec::len), Some(2));
    let ban = json!({"ids": both, "rooms": ["*"], "banned": true});
    assert_eq!(ask(&server, "PUT", paths::BANS, ban).await.0, 200);
    let bans = get(&server, paths::BANS).await;
    assert_eq!(bans.as_array().map(Vec::len), Some(4));
}

#[tokio::test]
async fn permissions_are_set_now_later_and_for_all() {
    let bed = Bed::make(Naming::Blinded15).await;
    let (server, (ann, _)) = (bed.server(), bed.user(1).await);
    let set = |ids: Value, more: Value| {
        let mut body = json!({
            "ids": ids, "read": "keep", "accessible": "keep", "write": "keep", "upload": "keep",
        });
        for (key, value) in more.as_object().expect("an object") {
            body[key] = value.clone();
        }
        body
    };
    let path = "/rooms/lounge/permissions";
    let nobody = json!([]);
    let (_, answer) = ask(
        &server,
        "PUT",
        path,
        set(nobody.clone(), json!({"write": "deny"})),
    )
    .await;
    assert_eq!(answer["defaults"]["write"], false);
    let me = json!([ann.to_string()]);
    let (_, answer) = ask(
        &server,
        "PUT",
        path,
        set(me.clone(), json!({"write": "allow"})),
    )
    .await;
    assert_eq!(answer["users"][0]["write"], true);
    let later = json!({"upload": "deny", "delay": 60});
    let (_, answer) = ask(&server, "PUT", path, set(me.clone(), later)).await;
    assert_eq!(answer["futures"][0]["upload"], false, "{answer}");
    assert_eq!(answer["futures"][0]["at"], NOW.secs() + 60);
    let (_, answer) = ask(
        &server,
        "PUT",
        path,
        set(me.clone(), json!({"write": "clear"})),
    )
    .await;
    assert_eq!(answer["users"], json!([]));
    for (ids, more) in [
        (&nobody, json!({"write": "clear"})),
        (&nobody, json!({"write": "deny", "delay": 60})),
        (&me, json!({"write": "clear", "delay": 60})),
        (&me, json!({})),
    ] {
        assert_eq!(
            ask(&server, "PUT", path, set(ids.clone(), more)).await.0,
            400
        );
    }
}

#[tokio::test]
async fn messages_are_found_and_deleted() {
    let bed = Bed::make(Naming::Blinded15).await;
    let (server, (ann, user)) = (bed.server(), bed.user(1).await);
    let said = content::reply("hello there", "Ann", NOW);
    let id = bed.post(user, &said, NOW).await;
    let path = format!("/messages/{}", id.0);
    let message = get(&server, &path).await;
    assert_eq!(
        (&message["text"], &message["name"]),
        (&json!("hello there"), &json!("Ann"))
    );
    assert_eq!(
        (&message["room"], &message["author"]),
        (&json!("lounge"), &json!(ann.to_string()))
    );
    let stats = get(&server, paths::STATS).await;
    assert_eq!(
        (&stats["messages"], &stats["rooms"]),
        (&json!(1), &json!(2))
    );
    assert_eq!(get(&server, "/rooms/lounge").await["messages"], 1);
    assert_eq!(ask(&server, "DELETE", &path, Value::Null).await.0, 200);
    assert_eq!(ask(&server, "DELETE", &path, Value::Null).await.0, 404);
    bed.post(user, &said, NOW).await;
    assert_eq!(
        ask(&server, "POST", "/rooms/lounge/clear", Value::Null)
            .await
            .1["count"],
        2
    );
}

#[tokio::test]
async fn operators_find_what_a_filter_hides() {
    let bed = Bed::make(Naming::Blinded15).await;
    let (server, (_, user)) = (bed.server(), bed.user(1).await);
    let id = bed
        .post_hidden(user, &content::reply("hidden", "Ann", NOW), NOW)
        .await;
    let path = format!("/messages/{}", id.0);
    let message = get(&server, &path).await;
    assert_eq!(
        (&message["text"], &message["filtered"]),
        (&json!("hidden"), &json!(true))
    );
    assert_eq!(ask(&server, "DELETE", &path, Value::Null).await.0, 200);
    assert_eq!(ask(&server, "GET", &path, Value::Null).await.0, 404);
}

#[tokio::test]
async fn filters_are_shown_and_tried() {
    let bed = Bed::make(Naming::Blinded15).await;
    let mut config = crate::config::SogsConfig::default();
    let room = crate::config::RoomConfig {
        profanity: Some(true),
        ..crate::config::RoomConfig::default()
    };
    config.rooms.insert("lounge".to_owned(), room);
    bed.config.reload(config);
    let server = bed.server();
    let filters = get(&server, paths::FILTER).await;
    assert_eq!(
        (&filters[0]["profanity"], &filters[1]["room"]),
        (&json!(false), &json!("lounge"))
    );
    let test = |room: Value| json!({"room": room, "text": "oh shit", "name": null});
    let (_, verdict) = ask(&server, "POST", paths::FILTER, test(json!("lounge"))).await;
    assert_eq!(verdict, json!({"verdict": "hide", "found": "profanity"}));
    let (_, verdict) = ask(&server, "POST", paths::FILTER, test(Value::Null)).await;
    assert_eq!(verdict["verdict"], "pass");
}

#[tokio::test]
async fn links_are_those_apps_take() {
    let bed = Bed::make(Naming::Blinded15).await;
    let server = bed.server();
    let links = get(&server, paths::LINKS).await;
    let key = links["public_key"].as_str().expect("a key");
    let url = format!("http://127.0.0.1:8080/lounge?public_key={key}");
    assert_eq!(links["rooms"][1]["url"], url);
    assert!(
        links["warning"]
            .as_str()
            .is_some_and(|text| text.contains("base_url"))
    );
    assert!(
        links["rooms"][1]["qr"]
            .as_str()
            .is_some_and(|qr| qr.contains('█'))
    );
}
