//! Who may what: the helpers' answers, literally, and who is let in where.

use serde_json::json;

use super::bench::{Bench, OPEN, Person, Way, bench, lounge, message};
use crate::wire::PLAIN_TEXT;
use crate::wire::moderation::{Role, Scope};
use crate::wire::rooms::Defaults;

#[track_caller]
fn refuses(reply: &super::bench::Reply, status: u16, text: &str) {
    assert_eq!((reply.status, &*reply.text()), (status, text));
    assert_eq!(reply.content_type(), PLAIN_TEXT);
}

#[tokio::test]
async fn refusals_have_their_words() {
    let bench = bench().await;
    let closed = Defaults {
        read: false,
        write: false,
        ..OPEN
    };
    bench.room("quiet", closed).await;
    let (user, moderator) = (Person::blinded(1), bench.moderator().await);
    let user_required = "X-SOGS-* request authentication required";
    let post = message("x").to_string();
    for way in Way::ALL {
        let ask =
            async |who, method, path| bench.ask(way, who, (method, path), post.as_bytes()).await;
        let reply = ask(None, "POST", "/room/lounge/message").await;
        refuses(&reply, 401, user_required);
        let reply = bench.ask(way, None, ("GET", "/inbox"), b"").await;
        refuses(
            &reply,
            401,
            "This endpoint requires blinded pubkeys be used",
        );
        let reply = bench
            .ask(
                way,
                Some(&user),
                ("GET", "/room/quiet/messages/recent"),
                b"",
            )
            .await;
        let text = "This endpoint requires room message 'read' permission";
        refuses(&reply, 403, text);
        let reply = bench
            .ask(way, Some(&user), ("GET", "/room/lounge/permissions"), b"")
            .await;
        refuses(
            &reply,
            403,
            "This endpoint requires moderator room permissions",
        );
        let reply = bench
            .ask(way, None, ("GET", "/room/lounge/permissions"), b"")
            .await;
        refuses(&reply, 401, user_required);
        let reply = ask(Some(&moderator), "PUT", "/room/lounge").await;
        refuses(&reply, 403, "This endpoint requires admin room permissions");
        let reply = ask(Some(&user), "POST", "/room/quiet/message").await;
        refuses(&reply, 403, "Permission denied");
        for path in [
            "/room/none",
            "/room/none/messages/recent",
            "/room/lounge/message/999",
        ] {
            assert_eq!(
                bench.ask(way, Some(&user), ("GET", path), b"").await.status,
                404
            );
        }
    }
}

/// What everybody gets of a room.
async fn seen(bench: &Bench, who: Option<&Person>, token: &str) -> [u16; 5] {
    let paths = [
        "",
        "/pollInfo/0",
        "/messages/recent",
        "/messages/since/0",
        "/file/1",
    ];
    let mut seen = [0; 5];
    for (path, seen) in paths.iter().zip(&mut seen) {
        *seen = bench.get(who, &format!("/room/{token}{path}")).await.status;
    }
    seen
}

async fn listed(bench: &Bench, who: Option<&Person>) -> Vec<String> {
    let rooms = bench.get(who, "/rooms").await.ok();
    let rooms = rooms.as_array().expect("a list").iter();
    rooms
        .map(|room| room["token"].as_str().expect("a token").to_owned())
        .collect()
}

#[tokio::test]
async fn rooms_are_as_open_as_their_defaults() {
    let bench = bench().await;
    let mute = Defaults {
        read: false,
        ..OPEN
    };
    let hidden = Defaults {
        read: false,
        accessible: false,
        ..OPEN
    };
    bench.room("Mute", mute).await;
    bench.room("hidden", hidden).await;
    let user = Person::blinded(1);
    for who in [None, Some(&user)] {
        assert_eq!(seen(&bench, who, "LOUNGE").await, [200, 200, 200, 200, 404]);
        assert_eq!(seen(&bench, who, "mute").await, [200, 403, 403, 403, 403]);
        assert_eq!(seen(&bench, who, "hidden").await, [404; 5]);
        assert_eq!(listed(&bench, who).await, ["lounge", "Mute"]);
    }
    let moderator = Person::blinded(2);
    let scope = Scope::Rooms(vec!["hidden".to_owned()]);
    bench.role(&moderator, scope, Role::Moderator).await;
    assert_eq!(
        seen(&bench, Some(&moderator), "hidden").await,
        [200, 200, 200, 200, 404]
    );
    assert_eq!(
        listed(&bench, Some(&moderator)).await,
        ["hidden", "lounge", "Mute"]
    );
    let global = Person::blinded(3);
    bench.role(&global, Scope::Global, Role::Moderator).await;
    assert_eq!(
        listed(&bench, Some(&global)).await,
        ["hidden", "lounge", "Mute"]
    );
}

#[tokio::test]
async fn who_is_banned_from_a_room_is_out_and_not_told_of_it() {
    let bench = bench().await;
    let (moderator, banned) = (bench.moderator().await, Person::blinded(1));
    let own = bench.post(&banned, "mine").await;
    let path = format!("/user/{}/ban", bench.id(&banned));
    bench
        .call(
            Some(&moderator),
            "POST",
            &path,
            &json!({"rooms": ["lounge"]}),
        )
        .await
        .ok();
    assert_eq!(listed(&bench, Some(&banned)).await, [""; 0]);
    assert_eq!(
        seen(&bench, Some(&banned), "lounge").await,
        [404, 403, 403, 403, 403]
    );
    let post = bench
        .call(Some(&banned), "POST", "/room/lounge/message", &message("x"))
        .await;
    assert_eq!(post.status, 403);
    for id in [&own["id"], &json!(999)] {
        let path = format!("/room/lounge/message/{id}");
        assert_eq!(bench.bare(Some(&banned), "DELETE", &path).await.status, 403);
    }
    let path = path.replace("/ban", "/unban");
    bench
        .call(
            Some(&moderator),
            "POST",
            &path,
            &json!({"rooms": ["lounge"]}),
        )
        .await
        .ok();
    assert_eq!(listed(&bench, Some(&banned)).await, ["lounge"]);
}

/// The roles the lounge shows a caller of themselves.
async fn roles(bench: &Bench, who: Option<&Person>) -> [bool; 4] {
    let room = bench.get(who, "/room/lounge").await.ok();
    ["moderator", "admin", "global_moderator", "global_admin"].map(|role| room[role] == true)
}

#[tokio::test]
async fn everybody_is_shown_what_they_are() {
    let bench = bench().await;
    let (admin, moderator) = (bench.admin().await, bench.moderator().await);
    let (global_mod, global_admin) = (Person::blinded(1), Person::blinded(2));
    bench
        .role(&global_mod, Scope::Global, Role::Moderator)
        .await;
    bench.role(&global_admin, Scope::Global, Role::Admin).await;
    assert_eq!(roles(&bench, None).await, [false; 4]);
    assert_eq!(roles(&bench, Some(&Person::blinded(3))).await, [false; 4]);
    assert_eq!(
        roles(&bench, Some(&moderator)).await,
        [true, false, false, false]
    );
    assert_eq!(
        roles(&bench, Some(&admin)).await,
        [true, true, false, false]
    );
    assert_eq!(
        roles(&bench, Some(&global_mod)).await,
        [true, false, true, false]
    );
    assert_eq!(roles(&bench, Some(&global_admin)).await, [true; 4]);
    let room = bench.get(None, "/room/lounge").await.ok();
    assert_eq!(room["admins"], json!([bench.id(&admin)]));
    assert_eq!(room["moderators"], json!([bench.id(&moderator)]));
    assert!(room.get("hidden_moderators").is_none());
    let room = bench.get(Some(&moderator), "/room/lounge").await.ok();
    assert_eq!(room["hidden_moderators"], json!([bench.id(&global_mod)]));
    assert_eq!(room["hidden_admins"], json!([bench.id(&global_admin)]));
    assert_eq!(room["default_write"], true);
}

#[tokio::test]
async fn a_moderator_named_by_their_session_id_is_known_by_the_blinded_one() {
    let bench = bench().await;
    let (admin, later) = (bench.admin().await, Person::blinded(7));
    let path = format!("/user/{}/moderator", later.client.id05());
    let body = json!({"rooms": ["lounge"], "moderator": true, "visible": true});
    bench.call(Some(&admin), "POST", &path, &body).await.ok();
    let room = bench.get(None, "/room/lounge").await.ok();
    assert_eq!(room["moderators"], json!([later.client.id05()]));
    let room = bench.get(Some(&later), "/room/lounge").await.ok();
    assert_eq!(
        (&room["moderator"], &room["moderators"]),
        (&json!(true), &json!([bench.id(&later)]))
    );
    // Naming the wrong one of both blinded ids takes nothing away.
    let other = Person::blinded(8);
    let path = format!("/user/{}/moderator", other.client.id05());
    bench.call(Some(&admin), "POST", &path, &body).await.ok();
    let blinded = bench.id(&other);
    let wrong = if blinded == blinded.abs() {
        blinded.neg()
    } else {
        blinded.abs()
    };
    let ban = json!({"rooms": ["lounge"]});
    bench
        .call(Some(&admin), "POST", &format!("/user/{wrong}/ban"), &ban)
        .await
        .ok();
    assert_eq!(
        roles(&bench, Some(&other)).await,
        [true, false, false, false]
    );
    let _ = lounge();
}
