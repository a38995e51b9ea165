//! The poll of apps whose rooms are idle asks the database nothing: it works without one.

use serde_json::{Value, json};

use super::bench::{Bench, OPEN, Person, Way, bench};

const ROOMS: [&str; 3] = ["lounge", "garden", "attic"];

fn poll(seqno: i64) -> String {
    let get = |path: String| json!({"method": "GET", "path": path});
    let mut parts = vec![get("/capabilities".to_owned())];
    for room in ROOMS {
        parts.push(get(format!("/room/{room}/pollInfo/0")));
        parts.push(get(format!(
            "/room/{room}/messages/since/{seqno}?t=r&reactors=5"
        )));
        parts.push(get(format!("/room/{room}/messages/recent?reactors=5")));
    }
    parts.push(get("/inbox".to_owned()));
    parts.push(get("/outbox/since/0".to_owned()));
    json!(parts).to_string()
}

async fn answers(bench: &Bench, who: &Person, way: Way) -> Value {
    let body = poll(1);
    let asked = ("POST", "/batch");
    bench.ask(way, Some(who), asked, body.as_bytes()).await.ok()
}

#[tokio::test]
async fn polls_of_idle_rooms_need_no_database() {
    let bench = bench().await;
    for room in &ROOMS[1..] {
        bench.room(room, OPEN).await;
    }
    let people = [Person::blinded(1), bench.moderator().await];
    bench.post(&people[0], "one").await;
    bench.post(&people[0], "two").await;
    let mut before = Vec::new();
    for who in &people {
        before.push(answers(&bench, who, Way::Plain).await);
    }
    bench.server.tables.store().close().await;
    for (who, before) in people.iter().zip(&before) {
        let codes: Vec<_> = before.as_array().expect("parts").iter().collect();
        assert_eq!(codes.len(), 12);
        assert_eq!(codes[2]["body"].as_array().expect("news").len(), 1);
        for way in [Way::Plain, Way::Aes, Way::XChaCha] {
            assert_eq!(&answers(&bench, who, way).await, before);
        }
    }
    let stranger = bench.get(Some(&Person::blinded(9)), "/inbox").await;
    assert_eq!(stranger.status, 503, "without a database nobody is new");
}
