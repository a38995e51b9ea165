//! Somebody who asks: a Session account under one of its ids, or nobody.

use std::time::{SystemTime, UNIX_EPOCH};

use relay_sogs::client::{As, Fresh, Request};
use relay_sogs::crypto::Blinding;
use relay_sogs::crypto::client::Client;
use serde_json::Value;

use super::server::unique;
use super::{Answer, Over, Room, Server, post};

/// Who asks, and how.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Whom.
    pub server: Server,
    /// In which way.
    pub over: Over,
    person: Option<Person>,
}

#[derive(Clone, Copy, Debug)]
struct Person {
    seed: [u8; 32],
    signs: As,
}

/// Four headers, by name.
pub type Signed = [(&'static str, String); 4];

impl Caller {
    /// Nobody in particular.
    pub const fn nobody(server: Server, over: Over) -> Self {
        Self {
            server,
            over,
            person: None,
        }
    }

    /// Somebody new.
    pub fn new(server: Server, over: Over, signs: As) -> Self {
        let mut seed = [1; 32];
        seed[..16].copy_from_slice(&unique());
        let person = Some(Person { seed, signs });
        Self {
            server,
            over,
            person,
        }
    }

    /// The same person, who signs under another id.
    #[must_use]
    pub fn signing(&self, signs: As) -> Self {
        let person = self.person.map(|person| Person { signs, ..person });
        Self { person, ..*self }
    }

    /// The same person, whose requests go another way.
    #[must_use]
    pub fn over(&self, over: Over) -> Self {
        Self { over, ..*self }
    }

    /// The id under which the server knows them.
    pub fn id(&self) -> String {
        let client = self.client();
        match self.person().signs {
            As::Plain => client.id05().to_string(),
            As::Blinded15 => client.id15(&self.blinding()).to_string(),
            As::Blinded25 => client.id25(&self.blinding()).to_string(),
        }
    }

    /// The id that is the same on every server.
    pub fn session_id(&self) -> String {
        self.client().id05().to_string()
    }

    /// Their account.
    pub fn client(&self) -> Client {
        Client::new(self.person().seed)
    }

    /// How the server blinds ids.
    pub fn blinding(&self) -> Blinding {
        Blinding::new(&self.server.key)
    }

    /// Signs a message.
    pub fn signature(&self, data: &[u8]) -> [u8; 64] {
        let client = self.client();
        match self.person().signs {
            As::Plain => client.sign(data),
            As::Blinded15 => client.sign15(&self.blinding(), data),
            As::Blinded25 => client.sign25(&self.blinding(), data),
        }
    }

    /// The headers that sign a request now.
    pub fn sign(&self, method: &str, target: &str, body: &[u8]) -> Signed {
        self.sign_at(method, target, body, now())
    }

    /// The same by another clock.
    pub fn sign_at(&self, method: &str, target: &str, body: &[u8], timestamp: i64) -> Signed {
        let request = Request {
            method,
            target,
            body,
        };
        let fresh = Fresh {
            nonce: unique(),
            timestamp,
        };
        let signs = self.person().signs;
        request.sign(&self.client(), signs, &self.server.key, fresh)
    }

    /// Any request, signed unless it is nobody's.
    #[track_caller]
    pub fn ask(
        &self,
        method: &str,
        target: &str,
        headers: &[(&'static str, &str)],
        body: &[u8],
    ) -> Answer {
        let all = self.headers((method, target), headers, body);
        self.server.send(self.over, (method, target), &all, body)
    }

    /// The same, for servers that die meanwhile.
    pub fn try_ask(&self, method: &str, target: &str, body: &[u8]) -> Option<Answer> {
        let all = self.headers((method, target), &[], body);
        self.server
            .try_send(self.over, (method, target), &all, body)
    }

    fn headers(
        &self,
        (method, target): (&str, &str),
        headers: &[(&'static str, &str)],
        body: &[u8],
    ) -> Vec<(&'static str, String)> {
        let mut all: Vec<_> = match self.person {
            Some(_) => self.sign(method, target, body).into(),
            None => Vec::new(),
        };
        all.extend(
            headers
                .iter()
                .map(|(name, value)| (*name, (*value).to_owned())),
        );
        all
    }

    /// `GET`.
    #[track_caller]
    pub fn get(&self, target: &str) -> Answer {
        self.ask("GET", target, &[], b"")
    }

    /// `DELETE`.
    #[track_caller]
    pub fn delete(&self, target: &str) -> Answer {
        self.ask("DELETE", target, &[], b"")
    }

    /// `POST` of JSON.
    #[track_caller]
    pub fn post(&self, target: &str, body: &Value) -> Answer {
        let json = [("Content-Type", "application/json")];
        self.ask("POST", target, &json, body.to_string().as_bytes())
    }

    /// `PUT` of JSON.
    #[track_caller]
    pub fn put(&self, target: &str, body: &Value) -> Answer {
        let json = [("Content-Type", "application/json")];
        self.ask("PUT", target, &json, body.to_string().as_bytes())
    }

    /// Posts a text as the apps do; gives the message as the server answers it.
    ///
    /// # Panics
    ///
    /// When it is refused.
    #[track_caller]
    pub fn says(&self, room: &Room, text: &str) -> Value {
        self.post(&room.at("/message"), &post(self, text)).created()
    }

    /// Uploads bytes; gives the number of the file.
    ///
    /// # Panics
    ///
    /// When they are refused.
    #[track_caller]
    pub fn uploads(&self, room: &Room, name: &str, bytes: &[u8]) -> i64 {
        let disposition = format!("attachment; filename*=UTF-8''{name}");
        let headers = [
            ("Content-Type", "application/octet-stream"),
            ("Content-Disposition", &*disposition),
        ];
        let uploaded = self
            .ask("POST", &room.at("/file"), &headers, bytes)
            .created();
        uploaded["id"]
            .as_i64()
            .unwrap_or_else(|| panic!("no number: {uploaded}"))
    }

    fn person(&self) -> Person {
        self.person.expect("nobody has no keys")
    }
}

/// Seconds since 1970.
pub fn now() -> i64 {
    #[expect(
        clippy::disallowed_methods,
        reason = "clients have clocks of their own"
    )]
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.expect("it is later than 1970").as_secs();
    i64::try_from(now).expect("and not that late")
}
