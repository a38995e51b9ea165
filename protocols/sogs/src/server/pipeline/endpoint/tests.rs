//! Paths and what they lead to.

use super::*;

const ID: &str = "15aabbccddeeff00112233445566778899aabbccddeeff00112233445566778899";

fn of(path: &str) -> Result<Endpoint, Refusal> {
    let target = Target::parse(path).expect("a target");
    Endpoint::of(&target, &SogsConfig::default())
}

fn in_room(path: &str) -> InRoom {
    match of(&format!("/room/Lounge/{path}")) {
        Ok(Endpoint::Room(token, in_room)) if token.as_str() == "Lounge" => in_room,
        other => panic!("{path}: {other:?}"),
    }
}

#[test]
fn every_path_leads_to_its_endpoint() {
    let id: SessionId = ID.parse().expect("an id");
    assert_eq!(of("/batch"), Ok(Endpoint::Batch(Order::All)));
    assert_eq!(of("/sequence"), Ok(Endpoint::Batch(Order::UntilFailure)));
    assert_eq!(of("/inbox/since/0"), Ok(Endpoint::Inbox(Some(0))));
    assert_eq!(of(&format!("/inbox/{ID}")), Ok(Endpoint::InboxOf(id)));
    assert_eq!(of("/outbox"), Ok(Endpoint::Outbox(None)));
    assert_eq!(
        of(&format!("/rooms/all/{ID}")),
        Ok(Endpoint::Everywhere(id))
    );
    let ban = of(&format!("/user/{ID}/ban"));
    assert_eq!(ban, Ok(Endpoint::User(id, Moderation::Ban)));
    assert_eq!(
        of("/legacy/rooms/x"),
        Ok(Endpoint::Legacy("rooms/x".to_owned()))
    );
    assert_eq!(
        in_room("messages/since/12?t=r"),
        InRoom::Messages(Which::Since(12))
    );
    assert_eq!(in_room("unpin/all"), InRoom::Unpin(None));
    assert_eq!(in_room("file/7/holiday/2.jpg"), InRoom::File(7));
    assert_eq!(in_room("reactions/7"), InRoom::Reactions(7, None));
    let token = "Lounge".parse().expect("a token");
    assert_eq!(of("/room/Lounge"), Ok(Endpoint::Room(token, InRoom::Info)));
}

#[test]
fn ids_are_lowered() {
    let upper = of(&format!("/user/{}/unban", ID.to_uppercase()));
    let id = ID.parse().expect("an id");
    assert_eq!(upper, Ok(Endpoint::User(id, Moderation::Unban)));
}

#[test]
fn emoji_come_in_any_form_and_may_hold_slashes() {
    let thumb = Emoji::parse("👍", 12).expect("an emoji");
    assert_eq!(in_room("reaction/7/👍"), InRoom::Reaction(7, thumb.clone()));
    assert_eq!(
        in_room("reaction/7/%F0%9F%91%8D"),
        InRoom::Reaction(7, thumb)
    );
    let yes_or_no = Emoji::parse("y/n", 12).expect("an emoji");
    assert_eq!(
        in_room("reactors/7/y/n"),
        InRoom::Reactors(7, yes_or_no.clone())
    );
    assert_eq!(
        in_room("reactions/7/y%2Fn"),
        InRoom::Reactions(7, Some(yes_or_no))
    );
    assert_eq!(
        of("/room/x/reaction/7/1234567890123"),
        Err(Refusal::Malformed)
    );
}

#[test]
fn what_does_not_fit_is_not_found() {
    let corpus = [
        "/",
        "/room",
        "/room/",
        "/room/x/",
        "/room/a.b",
        "/rooms/",
        "/room/x/messages/since/-1",
        "/room/x/messages/since/1.5",
        "/room/x/messages/since/",
        "/room/x/messages/recent/",
        "/room/x/message/1/",
        "/room/x/pin/+1",
        "/room/x/unpin/",
        "/room/x/file/",
        "/room/x/file/7/",
        "/room/x/reaction/7",
        "/room/x/reaction/7/",
        "/room/x/reactions/7/",
        "/room/x/reacting/7/x",
        "/user/15/ban",
        "/user//ban",
        "/inbox/since",
        "/inbox/xx",
        "/room/x/all/07aa",
        "/legacy",
        "/room/x/message/99999999999999999999",
        "/rooms/all/all",
        "/nothing",
    ];
    for path in corpus {
        assert_eq!(of(path), Err(Refusal::NotFound), "{path}");
    }
}

#[test]
fn uploads_alone_may_be_as_long_as_files() {
    let config = SogsConfig::default();
    let max = |path| of(path).expect("an endpoint").max_body(&config);
    assert_eq!(max("/room/x/file"), 10_000_000);
    assert_eq!(max("/room/x/message"), MAX_JSON);
    assert_eq!(max("/batch"), onion::MAX_BODY);
}
