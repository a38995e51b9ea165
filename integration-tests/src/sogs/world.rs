//! A daemon, its rooms, and the people in them.

use std::cell::RefCell;

use data_encoding::HEXLOWER;
use relay_testkit::Daemon;
use serde_json::json;
use toml::Value;

use super::{As, Caller, Over, Server};
use crate::{Bed, PATIENCE, see};

/// A server of one test.
#[derive(Debug)]
pub struct World {
    /// Where it lives.
    pub bed: Bed,
    /// The running daemon.
    pub daemon: Daemon,
    /// As clients know it.
    pub server: Server,
    over: Over,
    signs: As,
    boss: RefCell<Option<Caller>>,
}

/// A room.
#[derive(Clone, Debug)]
pub struct Room {
    /// Its token.
    pub token: String,
}

/// What somebody may be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Role {
    /// A moderator.
    Moderator,
    /// An admin.
    Admin,
}

impl Room {
    /// A path below the room.
    pub fn at(&self, path: &str) -> String {
        format!("/room/{}{path}", self.token)
    }
}

impl World {
    /// Runs a test in clear, then in onion requests, each in a world of its own.
    #[track_caller]
    pub fn each(test: impl Fn(&Self)) {
        for over in [Over::Http, Over::XChaCha20] {
            test(&Self::new(over));
        }
    }

    /// The same on servers that take real Session ids, as the reference's own tests do it.
    #[track_caller]
    pub fn each_unblinded(test: impl Fn(&Self)) {
        for over in [Over::Http, Over::AesGcm] {
            test(&Self::unblinded(over));
        }
    }

    /// A server as it is by default, but for the rate limit of posts.
    pub fn new(over: Over) -> Self {
        Self::on(Self::bed(), over)
    }

    /// The same that takes real Session ids.
    pub fn unblinded(over: Over) -> Self {
        let auth = toml::Table::from_iter([("require_blinded_ids".to_owned(), false.into())]);
        Self::on(Self::bed().with("sogs.auth", auth), over)
    }

    /// The same that takes both kinds of blinded ids.
    pub fn either(over: Over) -> Self {
        let auth = toml::Table::from_iter([("accept_blinded_v2".to_owned(), true.into())]);
        Self::on(Self::bed().with("sogs.auth", auth), over)
    }

    /// The folder and configuration of [`Self::new`], to be changed before [`Self::on`].
    pub fn bed() -> Bed {
        let off = ["posts", "reactions"].map(|limit| (limit.to_owned(), Value::from("off")));
        let limits = toml::Table::from_iter(off);
        Bed::new().with_sogs().with("sogs.limits", limits)
    }

    /// A server on this bed. Its people sign blinded exactly if that is required there.
    pub fn on(bed: Bed, over: Over) -> Self {
        let daemon = bed.relayd().start();
        let line = daemon.wait_for_line("public_key=", PATIENCE);
        let (_, key) = line.split_once("public_key=").expect("a key");
        let key = HEXLOWER.decode(key.trim().as_bytes()).expect("hex");
        let server = Server {
            address: bed.listen("sogs"),
            key: key.try_into().expect("32 bytes"),
        };
        let nobody = Caller::nobody(server, Over::Http);
        let capabilities = nobody.get("/capabilities").ok();
        let blinded = capabilities["capabilities"][0] == "blind";
        let signs = if blinded { As::Blinded15 } else { As::Plain };
        Self {
            bed,
            daemon,
            server,
            over,
            signs,
            boss: RefCell::default(),
        }
    }

    /// Stops the daemon as an operator does, and starts another on the same data.
    #[must_use]
    pub fn restarted(self) -> Self {
        let (over, bed) = (self.over, self.stopped());
        Self::on(bed, over)
    }

    /// Stops the daemon as an operator does.
    pub fn stopped(self) -> Bed {
        self.daemon.signal(relay_testkit::Signal::TERM);
        assert_eq!(self.daemon.wait(PATIENCE).code, Some(0));
        self.bed
    }

    /// Runs `relayctl sogs …`, which must succeed; gives what it printed.
    #[track_caller]
    pub fn relayctl(&self, args: &[&str]) -> String {
        let run = self.daemon.relayctl([&["sogs"], args].concat());
        assert_eq!(run.code, Some(0), "{args:?}: {}{}", run.stdout, run.stderr);
        run.stdout
    }

    /// Makes a room.
    #[track_caller]
    pub fn room(&self, token: &str) -> Room {
        let description = "Test suite testing room";
        self.relayctl(&[
            "room",
            "add",
            token,
            "--name",
            "Test room",
            "--description",
            description,
        ]);
        let token = token.to_owned();
        Room { token }
    }

    /// Nobody.
    pub fn nobody(&self) -> Caller {
        Caller::nobody(self.server, self.over)
    }

    /// Somebody new, whom the server has seen.
    #[track_caller]
    pub fn user(&self) -> Caller {
        let user = self.stranger();
        user.get("/capabilities").ok();
        user
    }

    /// Somebody new, whom it has not.
    pub fn stranger(&self) -> Caller {
        Caller::new(self.server, self.over, self.signs)
    }

    /// Somebody with a role in a room, named by their real id as operators do.
    #[track_caller]
    pub fn moderator(&self, room: &Room) -> Caller {
        self.appointed(&room.token, Role::Moderator)
    }

    /// The same for admins.
    #[track_caller]
    pub fn admin(&self, room: &Room) -> Caller {
        self.appointed(&room.token, Role::Admin)
    }

    /// Somebody with a role on the whole server, hidden as it is by default.
    #[track_caller]
    pub fn global(&self, role: Role) -> Caller {
        self.appointed("+", role)
    }

    #[track_caller]
    fn appointed(&self, rooms: &str, role: Role) -> Caller {
        let user = self.user();
        self.appoint(&user, rooms, role);
        user
    }

    /// Gives somebody a role: in a room, or `+` for the whole server.
    #[track_caller]
    pub fn appoint(&self, user: &Caller, rooms: &str, role: Role) {
        let id = user.session_id();
        let mut args = vec!["mod", "add", &*id, "--room", rooms];
        args.extend((role == Role::Admin).then_some("--admin"));
        self.relayctl(&args);
    }

    /// Somebody who is banned from the server.
    #[track_caller]
    pub fn banned(&self) -> Caller {
        let user = self.user();
        self.bans(&user, &json!({"global": true}));
        user
    }

    /// Bans somebody, as a global admin of which tests know nothing else.
    #[track_caller]
    pub fn bans(&self, user: &Caller, what: &serde_json::Value) {
        let mut boss = self.boss.borrow_mut();
        let boss = boss.get_or_insert_with(|| self.global(Role::Admin));
        boss.post(&format!("/user/{}/ban", user.id()), what).ok();
    }

    /// Runs one of the background jobs at once.
    pub fn runs(&self, job: &str) -> String {
        see::run_worker(&self.daemon, job)
    }
}
