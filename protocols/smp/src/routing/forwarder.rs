//! One client's part of the proxy: what it asks for, how much of that at once, and its answers,
//! which come when they come. None of it holds up the client's other commands.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use subtle::ConstantTimeEq;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::destination::Destination;
use super::failure::{Failure, Outcome, no_password, no_session};
use super::places::Places;
use super::pool::{Coming, Known, Pool, Reached};
use super::session::Session;
use super::tally;
use crate::config::{ProxyConfig, SmpConfig};
use crate::crypto::forward::Forwarded;
use crate::engine::{Answer, Engine, Mailbox, Said};
use crate::wire::{Command, DhKey, Request, ServerAddress, Short, Version};

/// Requests of one client that wait; what goes beyond is refused.
const WAITING: usize = 1024;

/// One client's requests. Dropping it gives up those in progress.
pub(crate) struct Forwarder {
    pool: Pool,
    engine: Engine,
    mailbox: Mailbox,
    messages: Places,
    /// Places for relays being connected to.
    connects: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    ended: CancellationToken,
    _end: DropGuard,
}

/// Whose answer something is.
#[derive(Clone)]
struct Asked {
    corr_id: Box<[u8]>,
    entity_id: Box<[u8]>,
}

/// A command to be passed on.
struct Message {
    version: Version,
    key: DhKey,
    body: Vec<u8>,
}

impl Forwarder {
    /// For the client with this mailbox.
    pub(crate) fn new(pool: Pool, engine: Engine, mailbox: Mailbox) -> Self {
        let concurrency = pool.settings().now().proxy.client_concurrency as usize;
        let concurrency = concurrency.clamp(1, Semaphore::MAX_PERMITS);
        let ended = CancellationToken::new();
        Self {
            pool,
            engine,
            mailbox,
            messages: Places::new(concurrency),
            connects: Arc::new(Semaphore::new(concurrency)),
            waiting: Arc::new(Semaphore::new(WAITING)),
            _end: ended.clone().drop_guard(),
            ended,
        }
    }

    /// Whether a command is for the proxy.
    pub(crate) fn takes(command: &Command<'_>) -> bool {
        matches!(command, Command::Prxy { .. } | Command::Pfwd { .. })
    }

    /// Does what is asked; gives the answer, or nothing where it comes later.
    pub(crate) fn take(&mut self, request: &Request<'_>) -> Option<Answer> {
        let asked = Asked::new(request);
        match &request.command {
            Command::Prxy { relay, password } => self.open(asked, relay, *password),
            Command::Pfwd { version, key, body } => {
                let message = Message {
                    version: *version,
                    key: *key,
                    body: body.to_vec(),
                };
                self.pass_on(asked, message)
            }
            _ => None,
        }
    }

    fn open(
        &self,
        asked: Asked,
        relay: &ServerAddress<'_>,
        password: Option<Short<'_>>,
    ) -> Option<Answer> {
        let config = self.pool.settings().now();
        if !may_use(&config, password) {
            return Some(asked.answer(Said::Err(no_password())));
        }
        let counting = Counting::new(&self.engine, Destination::parse(relay), &config.proxy);
        let destination = match counting.destination.clone() {
            Ok(destination) => destination,
            Err(failure) => return Some(asked.answer(counting.session(Err(failure)))),
        };
        if let Err(failure) = destination.route(&config.proxy) {
            return Some(asked.answer(counting.session(Err(failure))));
        }
        let coming = match self.pool.known(&destination) {
            Known::Reached(reached) => return Some(asked.answer(counting.session(reached))),
            Known::Coming(coming) => Some((coming, None)),
            Known::Nothing => self.connect(&destination),
        };
        let limit = config.proxy.connect_timeout.get();
        let (pool, places) = (self.pool.clone(), Arc::clone(&self.connects));
        let refused = counting.clone();
        let later = self.later(&asked, async move {
            counting.session(match coming {
                Some((coming, _place)) => coming.reached().await,
                None => reach(&pool, places, &destination, limit).await,
            })
        });
        let failure = later.err()?;
        Some(asked.answer(refused.session(Err(failure))))
    }

    /// Begins to connect at once if there is a place, so that others who ask for the same relay
    /// in the same block find it begun.
    fn connect(&self, destination: &Destination) -> Option<(Coming, Option<OwnedSemaphorePermit>)> {
        let place = Arc::clone(&self.connects).try_acquire_owned().ok()?;
        let coming = self.pool.connect(destination).ok()?;
        Some((coming, Some(place)))
    }

    fn pass_on(&mut self, asked: Asked, message: Message) -> Option<Answer> {
        let config = self.pool.settings().now();
        let session = self.pool.session(&asked.entity_id);
        let Some(session) = session.filter(|_| config.proxy.enabled) else {
            tally::message(self.engine.counters(), false, Outcome::Connect);
            return Some(asked.answer(Said::Err(no_session())));
        };
        let own = session.is_own();
        let (place, engine) = (self.messages.enter(&session), self.engine.clone());
        let (limit, corr_id) = (config.proxy.answer_timeout.get(), asked.corr_id.clone());
        let later = self.later(&asked, async move {
            let passed = match timeout(limit, place).await {
                Ok(_place) => message.pass_on(&session, &corr_id).await,
                Err(_) => Err(Failure::Timeout),
            };
            passed_on(&engine, own, passed)
        });
        let failure = later.err()?;
        Some(asked.answer(passed_on(&self.engine, own, Err(failure))))
    }

    /// Has the answer come when it comes, if there is room to wait.
    fn later(
        &self,
        asked: &Asked,
        work: impl Future<Output = Said> + Send + 'static,
    ) -> Result<(), Failure> {
        let own = Arc::clone(&self.waiting).try_acquire_owned();
        let (Ok(own), Some(all)) = (own, self.pool.room()) else {
            return Err(Failure::Timeout);
        };
        let (ended, mailbox, asked) = (self.ended.clone(), self.mailbox.clone(), asked.clone());
        self.pool.spawn(async move {
            if let Some(said) = ended.run_until_cancelled(work).await {
                mailbox.put(asked.answer(said));
            }
            drop((own, all));
        });
        Ok(())
    }
}

/// Waits for a place to connect, and then for the connection.
async fn reach(
    pool: &Pool,
    places: Arc<Semaphore>,
    destination: &Destination,
    limit: Duration,
) -> Reached {
    let place = timeout(limit, places.acquire_owned()).await;
    let _place = place.map_err(|_| Failure::Timeout)?;
    match pool.known(destination) {
        Known::Reached(reached) => reached,
        Known::Coming(coming) => coming.reached().await,
        Known::Nothing => pool.connect(destination)?.reached().await,
    }
}

/// What a `PFWD` is answered, and counted as.
fn passed_on(engine: &Engine, own: bool, passed: Result<Vec<u8>, Failure>) -> Said {
    let outcome = match &passed {
        Ok(_) => Outcome::Success,
        Err(failure) => failure.of_message(),
    };
    tally::message(engine.counters(), own, outcome);
    match passed {
        Ok(sealed) => Said::Pres(sealed),
        Err(failure) => Said::Err(failure.error()),
    }
}

/// Who may create queues may use the proxy.
fn may_use(config: &SmpConfig, password: Option<Short<'_>>) -> bool {
    let known = config.create_password.as_ref().is_none_or(|wanted| {
        let given = password.map_or(&[][..], Short::as_bytes);
        wanted.reveal().as_bytes().ct_eq(given).into()
    });
    config.proxy.enabled && known
}

/// What a `PRXY` is answered, and counted as.
#[derive(Clone)]
struct Counting {
    engine: Engine,
    destination: Result<Destination, Failure>,
    own: bool,
}

impl Counting {
    fn new(
        engine: &Engine,
        destination: Result<Destination, Failure>,
        config: &ProxyConfig,
    ) -> Self {
        let own = destination.as_ref().is_ok_and(|one| one.is_own(config));
        Self {
            engine: engine.clone(),
            destination,
            own,
        }
    }

    fn session(&self, reached: Reached) -> Said {
        let outcome = match &reached {
            Ok(_) => Outcome::Success,
            Err(failure) => failure.of_session(),
        };
        tally::session(self.engine.counters(), self.own, outcome);
        match reached {
            Ok(session) => Said::Pkey(Arc::clone(session.key())),
            Err(failure) => Said::Err(failure.error()),
        }
    }
}

impl Asked {
    fn new(request: &Request<'_>) -> Self {
        Self {
            corr_id: request.corr_id.as_bytes().into(),
            entity_id: request.entity_id.as_bytes().into(),
        }
    }

    fn answer(&self, said: Said) -> Answer {
        Answer::to(Short::cut(&self.corr_id), &self.entity_id, said)
    }
}

impl Message {
    async fn pass_on(&self, session: &Session, corr_id: &[u8]) -> Result<Vec<u8>, Failure> {
        let forwarded = Forwarded {
            corr_id: Short::cut(corr_id),
            version: self.version,
            key: self.key,
            inner: &self.body,
        };
        session.forward(&forwarded).await
    }
}

impl fmt::Debug for Forwarder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Forwarder")
    }
}
