//! Every endpoint, asked by everybody who may come: who gets which status.
//!
//! People are named by their real ids before they come, and come under both of their blinded ids,
//! in clear, in onion requests and in batches: a role is worth the same whichever of them its owner
//! signs with, and a request whichever way it comes.

use integration_tests::sogs::{As, Caller, Over, Role, Room, World, post};
use serde_json::{Value, json};

/// Who asks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Who {
    Nobody,
    User,
    BannedHere,
    Moderator,
    Admin,
    GlobalModerator,
    GlobalAdmin,
}

/// In the order of the columns below.
const COLUMNS: [Who; 7] = [
    Who::Nobody,
    Who::User,
    Who::BannedHere,
    Who::Moderator,
    Who::Admin,
    Who::GlobalModerator,
    Who::GlobalAdmin,
];

/// A request, as `METHOD path body`, and the status for each of [`COLUMNS`]. In paths and bodies:
///
/// | | |
/// |---|---|
/// | `{post}` | somebody else's message |
/// | `{new}` | another, of this very request |
/// | `{own}` | the caller's message, new if they may write |
/// | `{file}` | a file |
/// | `{poster}` | who wrote all of those, and a message for this very request |
/// | `{somebody}` | an ordinary user |
/// | `{content}` | a message, signed |
type Row = (&'static str, [u16; 7]);

#[rustfmt::skip]
const OPEN: &[Row] = &[
    //                                              nobody user banned mod admin gmod gadmin
    ("GET /capabilities",                             [200, 200, 200, 200, 200, 200, 200]),
    ("GET /capabilities?required=magic",              [412, 412, 412, 412, 412, 412, 412]),
    ("POST /batch []",                                [200, 200, 200, 200, 200, 200, 200]),
    ("POST /sequence []",                             [200, 200, 200, 200, 200, 200, 200]),
    ("POST /batch {}",                                [400, 400, 400, 400, 400, 400, 400]),
    ("GET /rooms",                                    [200, 200, 200, 200, 200, 200, 200]),
    ("GET /room/open",                                [200, 200, 404, 200, 200, 200, 200]),
    ("PUT /room/open {\"name\":\"x\"}",               [401, 403, 403, 403, 200, 403, 200]),
    ("PUT /room/open {\"name\":1}",                   [401, 403, 403, 403, 400, 403, 400]),
    ("GET /room/open/pollInfo/0",                     [200, 200, 403, 200, 200, 200, 200]),
    ("GET /room/open/messages/recent",                [200, 200, 403, 200, 200, 200, 200]),
    ("GET /room/open/messages/before/999999",         [200, 200, 403, 200, 200, 200, 200]),
    ("GET /room/open/messages/since/0?t=r",           [200, 200, 403, 200, 200, 200, 200]),
    ("GET /room/open/messages/since/0?limit=x",       [400, 400, 403, 400, 400, 400, 400]),
    ("GET /room/open/message/{post}",                 [200, 200, 403, 200, 200, 200, 200]),
    ("GET /room/open/message/999999",                 [404, 404, 403, 404, 404, 404, 404]),
    ("POST /room/open/message {content}",             [401, 201, 403, 201, 201, 201, 201]),
    ("PUT /room/open/message/{own} {content}",        [401, 200, 403, 200, 200, 200, 200]),
    ("PUT /room/open/message/{post} {content}",       [401, 403, 403, 403, 403, 403, 403]),
    ("DELETE /room/open/message/{own}",               [401, 200, 403, 200, 200, 200, 200]),
    ("DELETE /room/open/message/{new}",               [401, 403, 403, 200, 200, 200, 200]),
    ("DELETE /room/open/message/999999",              [401, 404, 403, 404, 404, 404, 404]),
    ("DELETE /room/open/all/{poster}",                [401, 403, 403, 200, 200, 200, 200]),
    ("DELETE /rooms/all/{poster}",                    [401, 200, 200, 200, 200, 200, 200]),
    ("POST /room/open/pin/{post}",                    [403, 403, 403, 403, 200, 403, 200]),
    ("POST /room/open/pin/999999",                    [403, 403, 403, 403, 404, 403, 404]),
    ("POST /room/open/unpin/{post}",                  [403, 403, 403, 403, 200, 403, 200]),
    ("POST /room/open/unpin/all",                     [403, 403, 403, 403, 200, 403, 200]),
    ("PUT /room/open/reaction/{post}/👍",             [401, 200, 403, 200, 200, 200, 200]),
    ("GET /room/open/reactors/{post}/👍",             [200, 200, 403, 200, 200, 200, 200]),
    ("DELETE /room/open/reaction/{post}/👍",          [401, 200, 403, 200, 200, 200, 200]),
    ("DELETE /room/open/reactions/{post}/👍",         [401, 403, 403, 200, 200, 200, 200]),
    ("DELETE /room/open/reactions/{post}",            [401, 403, 403, 200, 200, 200, 200]),
    ("POST /room/open/file bytes",                    [401, 201, 403, 201, 201, 201, 201]),
    ("GET /room/open/file/{file}",                    [200, 200, 403, 200, 200, 200, 200]),
    ("GET /room/open/file/{file}/name.png",           [200, 200, 403, 200, 200, 200, 200]),
    ("GET /room/open/file/999999",                    [404, 404, 403, 404, 404, 404, 404]),
    ("GET /room/open/permissions",                    [401, 403, 403, 200, 200, 200, 200]),
    ("GET /room/open/permissions/{somebody}",         [401, 403, 403, 200, 200, 200, 200]),
    ("POST /room/open/permissions/{somebody} {\"default_read\":true}",
                                                      [401, 403, 403, 200, 200, 200, 200]),
    ("GET /room/open/futurePermissions",              [401, 403, 403, 200, 200, 200, 200]),
    ("GET /room/open/futurePermissions/{somebody}",   [401, 403, 403, 200, 200, 200, 200]),
    ("POST /room/open/futurePermissions/{somebody} {\"in\":9999,\"write\":true}",
                                                      [401, 403, 403, 200, 200, 200, 200]),
    ("POST /user/{somebody}/moderator {\"rooms\":[\"open\"],\"moderator\":false}",
                                                      [401, 403, 403, 403, 200, 403, 200]),
    ("POST /user/{somebody}/moderator {\"rooms\":[\"*\"],\"moderator\":false}",
                                                      [401, 403, 403, 403, 200, 403, 200]),
    ("POST /user/{somebody}/moderator {\"global\":true,\"moderator\":false}",
                                                      [401, 403, 403, 403, 403, 403, 200]),
    ("POST /user/{somebody}/ban {\"rooms\":[\"open\"]}",
                                                      [401, 403, 403, 200, 200, 200, 200]),
    ("POST /user/{somebody}/unban {\"rooms\":[\"open\"]}",
                                                      [401, 403, 403, 200, 200, 200, 200]),
    ("POST /user/{somebody}/ban {\"rooms\":[\"open\",\"other\"]}",
                                                      [401, 403, 403, 403, 403, 200, 200]),
    ("POST /user/{somebody}/unban {\"rooms\":[\"*\"]}",
                                                      [401, 403, 403, 200, 200, 200, 200]),
    ("POST /user/{somebody}/ban {\"global\":true}",   [401, 403, 403, 403, 403, 200, 200]),
    ("POST /user/{somebody}/unban {\"global\":true}", [401, 403, 403, 403, 403, 200, 200]),
    ("GET /room/nowhere",                             [404, 404, 404, 404, 404, 404, 404]),
    ("GET /room/nowhere/messages/recent",             [404, 404, 404, 404, 404, 404, 404]),
    ("GET /room/open/nothing",                        [404, 404, 404, 404, 404, 404, 404]),
    ("DELETE /capabilities",                          [405, 405, 405, 405, 405, 405, 405]),
];

/// A room that is closed to all but its moderators: whoever may not see it does not learn that it
/// is there.
#[rustfmt::skip]
const CLOSED: &[Row] = &[
    ("GET /room/closed",                              [404, 404, 404, 200, 200, 200, 200]),
    ("GET /room/closed/pollInfo/0",                   [404, 404, 403, 200, 200, 200, 200]),
    ("GET /room/closed/messages/recent",              [404, 404, 403, 200, 200, 200, 200]),
    ("POST /room/closed/message {content}",           [404, 404, 403, 201, 201, 201, 201]),
    ("POST /room/closed/file bytes",                  [404, 404, 403, 201, 201, 201, 201]),
];

#[rustfmt::skip]
const DIRECT: &[Row] = &[
    ("GET /inbox",                                    [401, 200, 200, 200, 200, 200, 200]),
    ("GET /inbox/since/0",                            [401, 304, 304, 304, 304, 304, 304]),
    ("POST /inbox/{somebody} {\"message\":\"eA==\"}", [401, 201, 201, 201, 201, 201, 201]),
    ("POST /inbox/{somebody} {}",                     [401, 400, 400, 400, 400, 400, 400]),
    ("DELETE /inbox",                                 [401, 200, 200, 200, 200, 200, 200]),
    ("GET /outbox",                                   [401, 200, 200, 200, 200, 200, 200]),
    ("GET /outbox/since/0",                           [401, 200, 200, 200, 200, 200, 200]),
    ("GET /outbox/since/999999",                      [401, 304, 304, 304, 304, 304, 304]),
];

/// The rooms, and the people no request is about.
struct Scene<'a> {
    world: &'a World,
    room: Room,
    poster: Caller,
    somebody: Caller,
    post: Value,
    file: i64,
}

/// Somebody who asks, and a message of theirs.
struct Asker {
    who: Who,
    /// Whether each request comes as the only part of a batch, as Android sends it.
    batched: bool,
    caller: Caller,
    own: Value,
}

impl Asker {
    const fn new(who: Who, caller: Caller, own: Value) -> Self {
        let batched = false;
        Self {
            who,
            batched,
            caller,
            own,
        }
    }
}

impl<'a> Scene<'a> {
    fn new(world: &'a World) -> Self {
        let room = world.room("open");
        world.room("closed");
        world.room("other");
        let (poster, somebody) = (world.user(), world.user());
        let closed = json!({"default_read": false, "default_accessible": false,
            "default_write": false, "default_upload": false});
        let boss = world.global(Role::Admin);
        boss.put("/room/closed", &closed).ok();
        Self {
            post: poster.says(&room, "a post")["id"].clone(),
            file: poster.uploads(&room, "a", b"a file"),
            world,
            room,
            poster,
            somebody,
        }
    }

    /// One person of each kind, once for each id they may sign with; named by the real one.
    fn askers(&self, signs: &[As]) -> Vec<Asker> {
        let mut askers = Vec::new();
        for who in COLUMNS {
            if who == Who::Nobody {
                let (caller, own) = (self.world.nobody(), self.post.clone());
                askers.push(Asker::new(who, caller, own));
                continue;
            }
            let person = self.world.stranger();
            let ids = signs.iter().map(|signs| person.signing(*signs));
            let said = ids.map(|caller| {
                let own = caller.says(&self.room, "my own")["id"].clone();
                Asker::new(who, caller, own)
            });
            askers.extend(said);
            self.make(&person, who);
        }
        askers
    }

    fn make(&self, person: &Caller, who: Who) {
        let appoint = |rooms: &[&str], role| {
            for room in rooms {
                self.world.appoint(person, room, role);
            }
        };
        match who {
            Who::Nobody | Who::User => {}
            Who::Moderator => appoint(&["open", "closed"], Role::Moderator),
            Who::Admin => appoint(&["open", "closed"], Role::Admin),
            Who::GlobalModerator => appoint(&["+"], Role::Moderator),
            Who::GlobalAdmin => appoint(&["+"], Role::Admin),
            Who::BannedHere => {
                for room in ["open", "closed"] {
                    let id = person.session_id();
                    self.world.relayctl(&["ban", "add", &id, "--room", room]);
                }
            }
        }
    }

    /// Asks, with the names filled in; gives the status.
    fn asks(&self, asker: &Asker, request: &str) -> u16 {
        let (method, rest) = request.split_once(' ').unwrap_or((request, ""));
        let (path, body) = rest.split_once(' ').unwrap_or((rest, ""));
        let path = self.filled(asker, path);
        let body = match body {
            "{content}" => post(self.author(asker), "a text").to_string(),
            body => body.to_owned(),
        };
        if asker.batched {
            return part_of_a_batch(&asker.caller, method, &path, &body);
        }
        let json = [("Content-Type", "application/json")];
        let answer = asker.caller.ask(method, &path, &json, body.as_bytes());
        answer.status
    }

    fn author<'b>(&'b self, asker: &'b Asker) -> &'b Caller {
        let nobody = asker.who == Who::Nobody;
        if nobody { &self.poster } else { &asker.caller }
    }

    fn filled(&self, asker: &Asker, path: &str) -> String {
        let says = |who: &Caller| who.says(&self.room, "again")["id"].to_string();
        let mut path = path
            .replace("{post}", &self.post.to_string())
            .replace("{file}", &self.file.to_string())
            .replace("{somebody}", &self.somebody.id())
            .replace('👍', "%F0%9F%91%8D");
        if path.contains("{own}") {
            let mute = matches!(asker.who, Who::Nobody | Who::BannedHere);
            let own = if mute {
                asker.own.to_string()
            } else {
                says(&asker.caller)
            };
            path = path.replace("{own}", &own);
        }
        if path.contains("{new}") {
            path = path.replace("{new}", &says(&self.poster));
        }
        if path.contains("{poster}") {
            // Not the one whose message the other rows need.
            let author = self.world.user();
            says(&author);
            path = path.replace("{poster}", &author.id());
        }
        path
    }

    /// Everything that is not as the tables say.
    fn surprises(&self, askers: &[Asker], tables: &[&[Row]]) -> Vec<String> {
        let mut surprises = Vec::new();
        for (request, expected) in tables.iter().copied().flatten() {
            for (who, expected) in COLUMNS.into_iter().zip(expected) {
                for asker in askers.iter().filter(|asker| asker.who == who) {
                    let status = self.asks(asker, request);
                    if status != *expected {
                        surprises.push(format!("{request}: {who:?}: {status}, not {expected}"));
                    }
                }
            }
        }
        surprises
    }
}

fn part_of_a_batch(caller: &Caller, method: &str, path: &str, body: &str) -> u16 {
    let mut part = json!({"method": method, "path": path});
    if ["POST", "PUT"].contains(&method) {
        part["bytes"] = body.into();
    }
    let parts = caller.post("/batch", &json!([part])).ok();
    let code = parts[0]["code"]
        .as_u64()
        .and_then(|code| code.try_into().ok());
    code.unwrap_or_else(|| panic!("no code: {parts}"))
}

#[test]
fn under_blinded_ids() {
    for over in [Over::Http, Over::XChaCha20] {
        let world = World::either(over);
        let scene = Scene::new(&world);
        let askers = scene.askers(&[As::Blinded15, As::Blinded25]);
        let surprises = scene.surprises(&askers, &[OPEN, CLOSED, DIRECT]);
        assert!(surprises.is_empty(), "{surprises:#?}");
    }
}

#[test]
fn in_batches() {
    let world = World::either(Over::XChaCha20);
    let scene = Scene::new(&world);
    let mut askers = scene.askers(&[As::Blinded15]);
    for asker in &mut askers {
        asker.batched = true;
    }
    let alone = |row: &&Row| !row.0.contains("/batch") && !row.0.contains("/sequence");
    let open: Vec<_> = OPEN.iter().filter(alone).copied().collect();
    let surprises = scene.surprises(&askers, &[&open, CLOSED, DIRECT]);
    assert!(surprises.is_empty(), "{surprises:#?}");
}

#[test]
fn under_real_ids() {
    for over in [Over::Http, Over::AesGcm] {
        let world = World::unblinded(over);
        let scene = Scene::new(&world);
        let askers = scene.askers(&[As::Plain]);
        let surprises = scene.surprises(&askers, &[OPEN, CLOSED]);
        assert!(surprises.is_empty(), "{surprises:#?}");
        // Direct messages are between blinded ids.
        for asker in &askers {
            for request in ["GET /inbox", "GET /outbox/since/0", "DELETE /inbox"] {
                assert_eq!(scene.asks(asker, request), 401, "{request}");
            }
        }
    }
}

/// Who is banned from the server, or signs with an id it does not take, is told so everywhere.
#[test]
fn who_is_refused_at_the_door_is_refused_everywhere() {
    for over in [Over::Http, Over::XChaCha20] {
        let world = World::either(over);
        let scene = Scene::new(&world);
        let person = world.banned();
        let own = &scene.post;
        let refused = [(As::Blinded15, 403), (As::Plain, 400)];
        for (signs, status) in refused {
            // As somebody who writes no messages while names are filled in.
            let asker = Asker::new(Who::BannedHere, person.signing(signs), own.clone());
            for (request, _) in [OPEN, CLOSED, DIRECT].concat() {
                assert_eq!(scene.asks(&asker, request), status, "{request}");
            }
        }
    }
}
