//! Roles, bans and permissions of single users.

use std::time::Duration;

use relay_core::clock::Clock;
use serde_json::{Value, json};

use super::bench::{Bench, OPEN, Person, Reply, bench};
use crate::wire::moderation::{Role, Scope};

async fn user(bench: &Bench, by: Option<&Person>, of: &Person, what: &str, body: Value) -> Reply {
    let path = format!("/user/{}/{what}", bench.id(of));
    bench.call(by, "POST", &path, &body).await
}

#[tokio::test]
async fn scopes_are_checked_before_anything_is_done() {
    let bench = bench().await;
    bench.room("other", OPEN).await;
    let (moderator, target) = (bench.moderator().await, Person::blinded(1));
    let cases = [
        (json!({}), 400),
        (json!({"rooms": []}), 400),
        (json!({"rooms": ["lounge"], "global": true}), 400),
        (json!({"rooms": ["*", "lounge"]}), 400),
        (json!({"rooms": "lounge"}), 400),
        (json!([]), 400),
        (json!({"rooms": ["none"]}), 403),
        (json!({"rooms": ["lounge", "lounge"]}), 403),
        (json!({"rooms": ["lounge", "other"]}), 403),
        (json!({"global": true}), 403),
        (json!({"rooms": ["lounge"], "timeout": "soon"}), 400),
        (json!({"rooms": ["lounge"], "global": false}), 200),
        (json!({"rooms": ["*"]}), 200),
    ];
    for (body, status) in cases {
        let reply = user(&bench, Some(&moderator), &target, "ban", body.clone()).await;
        assert_eq!(reply.status, status, "{body}");
    }
    let body = json!({"rooms": ["lounge"]});
    assert_eq!(
        user(&bench, None, &target, "ban", body.clone())
            .await
            .status,
        401
    );
    let reply = user(&bench, Some(&target), &moderator, "ban", body.clone()).await;
    assert_eq!(reply.status, 403);
    assert_eq!(
        user(&bench, Some(&target), &target, "unban", body)
            .await
            .status,
        403
    );
}

#[tokio::test]
async fn bans_end_when_they_should() {
    let bench = bench().await;
    let (moderator, target) = (bench.moderator().await, Person::blinded(1));
    let body = json!({"rooms": ["lounge"], "timeout": 30});
    user(&bench, Some(&moderator), &target, "ban", body)
        .await
        .ok();
    let read = async || bench.get(Some(&target), "/room/lounge").await.status;
    assert_eq!(read().await, 404);
    let futures = bench
        .get(Some(&moderator), "/room/lounge/futurePermissions")
        .await
        .ok();
    let expected =
        json!([{"at": 1_700_000_030.0, "session_id": bench.id(&target), "banned": false}]);
    assert_eq!(futures, expected);
    bench.clock.advance(Duration::from_secs(31));
    bench
        .server
        .tables
        .apply_due(bench.clock.now())
        .await
        .expect("applied");
    assert_eq!(read().await, 200);
}

#[tokio::test]
async fn who_may_ban_whom() {
    let bench = bench().await;
    let (moderator, admin) = (bench.moderator().await, bench.admin().await);
    let global = Person::blinded(1);
    bench.role(&global, Scope::Global, Role::Moderator).await;
    let body = json!({"rooms": ["lounge"]});
    let ban = async |by: &Person, of: &Person| {
        user(&bench, Some(by), of, "ban", body.clone()).await.status
    };
    assert_eq!(ban(&moderator, &moderator).await, 403);
    assert_eq!(ban(&moderator, &admin).await, 403);
    assert_eq!(ban(&admin, &global).await, 403);
    assert_eq!(ban(&admin, &moderator).await, 200);
    let reply = user(
        &bench,
        Some(&admin),
        &moderator,
        "moderator",
        json!({"rooms": ["lounge"], "moderator": true}),
    )
    .await;
    assert_eq!(reply.status, 400);
}

#[tokio::test]
async fn admins_give_and_take_roles() {
    let bench = bench().await;
    let (admin, target) = (bench.admin().await, Person::blinded(1));
    let id = bench.id(&target).to_string();
    let set = async |more: Value| {
        let mut body = json!({"rooms": ["lounge"]});
        for (key, value) in more.as_object().expect("an object") {
            body[key] = value.clone();
        }
        user(&bench, Some(&admin), &target, "moderator", body).await
    };
    let listed = async |list: &str| {
        let room = bench.get(Some(&admin), "/room/lounge").await.ok();
        let ids = room[list].as_array();
        ids.is_some_and(|ids| ids.contains(&json!(id)))
    };
    let updates = set(json!({"moderator": true})).await.ok();
    assert!(updates["info_updates"]["lounge"].is_i64());
    assert!(listed("moderators").await);
    set(json!({"admin": true, "moderator": true, "visible": false}))
        .await
        .ok();
    assert!(listed("hidden_admins").await && !listed("admins").await);
    set(json!({"admin": false})).await.ok();
    assert!(listed("hidden_moderators").await);
    set(json!({"moderator": false})).await.ok();
    assert!(!listed("hidden_moderators").await && !listed("moderators").await);
    for bad in [json!({}), json!({"admin": true, "moderator": false})] {
        assert_eq!(set(bad).await.status, 400);
    }
    let moderator = bench.moderator().await;
    let body = json!({"rooms": ["lounge"], "moderator": true});
    let reply = user(&bench, Some(&moderator), &target, "moderator", body).await;
    assert_eq!(reply.status, 403);
}

#[tokio::test]
async fn permissions_of_one_user_go_before_the_rooms() {
    let bench = bench().await;
    let (moderator, target) = (bench.moderator().await, Person::blinded(1));
    let path = format!("/room/lounge/permissions/{}", bench.id(&target));
    let get = async |path: &str| bench.get(Some(&moderator), path).await.ok();
    assert_eq!(get(&path).await, json!({}));
    let post = async |body: Value| bench.call(Some(&moderator), "POST", &path, &body).await;
    let reply = post(json!({"write": false, "read": true})).await.ok();
    assert_eq!(reply, json!({"write": false, "read": true}));
    let reply = bench.get(Some(&target), "/room/lounge").await.ok();
    assert_eq!(
        (&reply["write"], &reply["upload"]),
        (&json!(false), &json!(false))
    );
    let all = get("/room/lounge/permissions").await;
    assert_eq!(
        all[bench.id(&target).to_string()],
        json!({"write": false, "read": true})
    );
    let id = bench.id(&moderator).to_string();
    assert_eq!(all[id], json!({"moderator": true}));
    assert_eq!(
        post(json!({"default_write": true})).await.ok(),
        json!({"read": true})
    );
    for bad in [
        json!({}),
        json!({"write": true, "default_write": true}),
        json!({"write": "x"}),
    ] {
        assert_eq!(post(bad).await.status, 400);
    }
}

#[tokio::test]
async fn permissions_change_later_too() {
    let bench = bench().await;
    let (moderator, target) = (bench.moderator().await, Person::blinded(1));
    let path = format!("/room/lounge/futurePermissions/{}", bench.id(&target));
    let post = async |body: Value| bench.call(Some(&moderator), "POST", &path, &body).await;
    let reply = post(json!({"in": 10, "read": false})).await.ok();
    assert_eq!(reply, json!([{"at": 1_700_000_010.0, "read": false}]));
    let reply = post(json!({"in": 5.5, "write": false, "upload": false}))
        .await
        .ok();
    assert_eq!(reply.as_array().map(Vec::len), Some(2));
    assert_eq!(reply[0]["at"], 1_700_000_005.5);
    for bad in [
        json!({"in": 0, "read": true}),
        json!({"in": 5}),
        json!({"read": true}),
        json!({"in": 1e9, "read": true}),
    ] {
        assert_eq!(post(bad.clone()).await.status, 400, "{bad}");
    }
    bench.clock.advance(Duration::from_secs(11));
    bench
        .server
        .tables
        .apply_due(bench.clock.now())
        .await
        .expect("applied");
    let set = format!("/room/lounge/permissions/{}", bench.id(&target));
    let set = bench.get(Some(&moderator), &set).await.ok();
    assert_eq!(set, json!({"read": false, "write": false, "upload": false}));
    assert_eq!(bench.get(Some(&moderator), &path).await.ok(), json!([]));
}
