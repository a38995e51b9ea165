//! One client of one server: a connection, users that take turns on it, and what it knows.

use std::sync::Arc;

use bytes::Bytes;
use data_encoding::BASE64;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use relay_core::clock::{Clock, SystemClock};
use relay_core::entropy::Entropy;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use super::app::{App, Room};
use super::http::Connection;
use super::request::{Answer, ONION, Request, open};
use super::scenario::{Action, Carrier, Scenario};
use super::target::Target;
use super::user::User;
use crate::drive::{self, Failure, Traffic};

/// What all clients of a run have in common.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) target: Target,
    pub(crate) rooms: Vec<String>,
    pub(crate) scenario: Scenario,
    pub(crate) app: App,
    pub(crate) size: usize,
    /// For `download`.
    pub(crate) file: Option<u64>,
}

#[derive(Debug)]
pub(crate) struct SogsClient {
    plan: Arc<Plan>,
    connection: Connection,
    users: Vec<User>,
    rooms: Vec<Room>,
    rng: StdRng,
    turn: usize,
}

/// A part of a batch's answer.
#[derive(Deserialize)]
struct Part<'a> {
    code: u16,
    #[serde(borrow)]
    body: &'a RawValue,
}

#[derive(Deserialize)]
struct Row {
    seqno: u64,
}

/// What `pollInfo` says; the details are not there when nothing changed.
#[derive(Deserialize)]
struct PollInfo {
    details: Option<Details>,
}

#[derive(Deserialize)]
struct Details {
    info_updates: u64,
}

#[derive(Deserialize)]
struct Uploaded {
    id: u64,
}

impl SogsClient {
    /// Randomness is the system's: a nonce must never come twice, not even in the next run.
    /// `first` is the turn it begins with, so that clients do not all post at once.
    pub(crate) fn new(plan: &Arc<Plan>, users: Vec<User>, entropy: &Entropy, first: usize) -> Self {
        Self {
            connection: Connection::new(&plan.target.authority),
            users,
            rooms: plan.rooms.iter().map(|token| Room::new(token)).collect(),
            rng: StdRng::from_seed(entropy.bytes()),
            turn: first,
            plan: Arc::clone(plan),
        }
    }

    /// Uploads a file and gives its id.
    pub(crate) async fn upload(&mut self) -> Result<u64, Failure> {
        let request = self.upload_request();
        let (answer, _) = self.send(&request, Carrier::Onion).await?;
        let uploaded: Uploaded = parse(&answer.body)?;
        Ok(uploaded.id)
    }

    async fn act(&mut self, action: Action) -> Result<Traffic, Failure> {
        let carrier = self.plan.scenario.carrier();
        let request = match action {
            Action::Poll => Request::batch(&self.plan.app.poll(&self.rooms)),
            Action::Post => self.post_request(),
            Action::Recent => Request::get(format!("{}/messages/recent", self.room())),
            Action::Upload => self.upload_request(),
            Action::Download => {
                let file = self.plan.file.unwrap_or_default();
                // It is where the first turn put it.
                Request::get(format!("/room/{}/file/{file}", self.rooms[0].token))
            }
        };
        let (answer, traffic) = self.send(&request, carrier).await?;
        if action == Action::Poll {
            self.learn(&answer.body)?;
        }
        Ok(traffic)
    }

    /// What the server answered in a status that is a success, and how much went over the wire.
    async fn send(
        &mut self,
        request: &Request,
        carrier: Carrier,
    ) -> Result<(Answer, Traffic), Failure> {
        let user = &self.users[self.turn % self.users.len()];
        let now = SystemClock.now().secs();
        let signed = user.sign(request, now, &mut self.rng);
        let (answer, traffic) = match carrier {
            Carrier::Anonymous => carried(request, self.connection.ask(request, &[]).await?),
            Carrier::Signed => carried(request, self.connection.ask(request, &signed).await?),
            Carrier::Onion => self.send_sealed(request, &signed).await?,
        };
        match answer.status {
            200..300 => Ok((answer, traffic)),
            status => Err(Failure::new(format!("status {status}"))),
        }
    }

    async fn send_sealed(
        &mut self,
        request: &Request,
        signed: &[(&str, String)],
    ) -> Result<(Answer, Traffic), Failure> {
        let Plan { target, app, .. } = &*self.plan;
        let sealed = request.seal(signed, &target.public_key, *app, &mut self.rng);
        let (body, key) = sealed.map_err(|error| Failure::new(error.to_string()))?;
        let outer = Request::post_octets(ONION, body);
        let (reply, traffic) = carried(&outer, self.connection.ask(&outer, &[]).await?);
        if reply.status != 200 {
            return Err(Failure::new(format!("outer status {}", reply.status)));
        }
        let answer = open(&key, &reply.body).map_err(|error| Failure::new(error.to_string()))?;
        Ok((answer, traffic))
    }

    /// Takes from a poll's answer what the next one asks with.
    fn learn(&mut self, body: &[u8]) -> Result<(), Failure> {
        let parts: Vec<Part<'_>> = parse(body)?;
        if parts.len() != 2 + 2 * self.rooms.len() {
            return Err(Failure::new("a batch with another number of parts"));
        }
        if let Some(bad) = parts
            .iter()
            .find(|part| !matches!(part.code, 200..300 | 304))
        {
            return Err(Failure::new(format!("status {} in a batch", bad.code)));
        }
        let (pairs, _) = parts[1..].as_chunks::<2>();
        for (room, [info, messages]) in self.rooms.iter_mut().zip(pairs) {
            let info: PollInfo = parse(info.body.get().as_bytes())?;
            let rows: Vec<Row> = parse(messages.body.get().as_bytes())?;
            if let Some(details) = info.details {
                room.info_updates = details.info_updates;
            }
            let newest = rows.iter().map(|row| row.seqno).max();
            room.seqno = room.seqno.max(newest).or(Some(0));
        }
        Ok(())
    }

    /// Rooms take turns.
    fn room(&self) -> String {
        format!("/room/{}", self.rooms[self.turn % self.rooms.len()].token)
    }

    fn post_request(&mut self) -> Request {
        let data = self.random_bytes();
        let user = &self.users[self.turn % self.users.len()];
        let signature = user.sign_post(&data);
        let body = json!({"data": BASE64.encode(&data), "signature": BASE64.encode(&signature)});
        Request::post_json(format!("{}/message", self.room()), &body)
    }

    /// Files differ: a server that keeps equal ones once shall not gain by it.
    fn upload_request(&mut self) -> Request {
        let bytes = self.random_bytes();
        Request::post_octets(format!("{}/file", self.room()), bytes)
    }

    fn random_bytes(&mut self) -> Bytes {
        let mut bytes = vec![0; self.plan.size];
        self.rng.fill_bytes(&mut bytes);
        bytes.into()
    }
}

impl drive::Client for SogsClient {
    async fn step(&mut self) -> Result<Traffic, Failure> {
        let action = self.plan.scenario.action(self.turn);
        let result = self.act(action).await;
        self.turn += 1;
        result
    }
}

fn carried(request: &Request, answer: Answer) -> (Answer, Traffic) {
    let traffic = Traffic {
        sent: request.body.len(),
        received: answer.body.len(),
    };
    (answer, traffic)
}

fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Failure> {
    serde_json::from_slice(body).map_err(|_| Failure::new("an answer of another shape"))
}
