//! The handle that many callers share, and the two tasks behind it.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rand::CryptoRng;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::{Call, CallError, ConnectError, Incoming, Link, Outgoing, Received};
use crate::crypto::BoxKey;
use crate::session::{Expected, Facts, ServerIdentity};

/// Transmissions that wait to be sent, before callers wait too.
const WAITING: usize = 1024;
/// Events that wait to be taken, before the server waits too.
const EVENTS: usize = 256;

/// A connection to a server. Clones share it; it ends with the last of them.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

/// What a server says unasked. As long as nobody takes them, answers wait behind them.
#[derive(Debug)]
pub struct Events {
    events: mpsc::Receiver<Received>,
}

struct Shared {
    facts: Facts,
    server: Option<ServerIdentity>,
    outbox: mpsc::Sender<Vec<Vec<u8>>>,
    waiting: Waiting,
    corr_ids: CorrIds,
    forwarding: Option<BoxKey>,
    limit: Duration,
    /// Blocks received.
    heard: Arc<AtomicU64>,
    ended: CancellationToken,
}

/// Who waits for which answer; nothing once nobody will be answered any more.
#[derive(Clone)]
struct Waiting(Arc<Mutex<Option<Waiters>>>);

type Waiters = HashMap<[u8; 24], Answer>;
type Answer = oneshot::Sender<Received>;

/// Never the same twice on a connection, as authenticators need them: a random half and a count.
struct CorrIds {
    random: [u8; 16],
    next: AtomicU64,
}

impl Client {
    /// Does the handshake on a stream whose TLS handshake is done; `limit` is for each answer.
    pub async fn over<S>(
        stream: S,
        expected: Expected,
        limit: Duration,
        rng: &mut impl CryptoRng,
    ) -> Result<(Self, Events), ConnectError>
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
    {
        let link = Link::handshake(stream, expected, rng).await?;
        Ok(Self::start(link, limit, rng))
    }

    /// Runs a link in the background.
    pub(super) fn start<S>(
        link: Link<S>,
        limit: Duration,
        rng: &mut impl CryptoRng,
    ) -> (Self, Events)
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
    {
        let (outbox, to_send) = mpsc::channel(WAITING);
        let (to_take, events) = mpsc::channel(EVENTS);
        let shared = Shared {
            facts: link.outgoing.facts().clone(),
            server: link.outgoing.server().cloned(),
            outbox,
            waiting: Waiting::new(),
            corr_ids: CorrIds::new(rng),
            forwarding: link.outgoing.forwarding().cloned(),
            limit,
            heard: Arc::default(),
            ended: CancellationToken::new(),
        };
        let (ended, waiting) = (shared.ended.clone(), shared.waiting.clone());
        run(&ended, send_all(link.outgoing, to_send));
        let heard = Arc::clone(&shared.heard);
        run(
            &ended,
            receive_all(link.incoming, heard, Closing(waiting), to_take),
        );
        let shared = Arc::new(shared);
        (Self { shared }, Events { events })
    }

    /// What the session agreed on.
    pub fn facts(&self) -> &Facts {
        &self.shared.facts
    }

    /// Who the server showed to be; nothing in legacy mode.
    pub fn server(&self) -> Option<&ServerIdentity> {
        self.shared.server.as_ref()
    }

    /// Sends a command and waits for its answer, which may be `ERR`.
    pub async fn call(&self, call: Call<'_>) -> Result<Received, CallError> {
        let mut answers = self.batch(&[call]).await?;
        answers.pop().unwrap_or(Err(CallError::Closed))
    }

    /// Sends commands together, in as few blocks as they fit in, and waits for all answers, which
    /// come in the order of the commands.
    pub async fn batch(
        &self,
        calls: &[Call<'_>],
    ) -> Result<Vec<Result<Received, CallError>>, CallError> {
        let mut transmissions = Vec::with_capacity(calls.len());
        let mut answers = Vec::with_capacity(calls.len());
        for call in calls {
            let corr_id = self.shared.corr_ids.next();
            transmissions.push(self.transmission(call, &corr_id)?);
            answers.push((corr_id, self.shared.waiting.enter(corr_id)?));
        }
        let sent = self.shared.outbox.send(transmissions).await;
        sent.map_err(|_| CallError::Closed)?;
        let mut received = Vec::with_capacity(answers.len());
        for (corr_id, answer) in answers {
            received.push(self.shared.answer(corr_id, answer).await);
        }
        Ok(received)
    }

    fn transmission(&self, call: &Call<'_>, corr_id: &[u8]) -> Result<Vec<u8>, CallError> {
        let server_key = self.server().map(|server| &server.session_key);
        call.transmission(self.facts(), server_key, corr_id)
    }

    /// Sends one transmission and waits for its answer, both within the limit.
    pub(super) async fn exchange(
        &self,
        corr_id: [u8; 24],
        transmission: Vec<u8>,
    ) -> Result<Received, CallError> {
        let shared = &self.shared;
        if self.has_ended() {
            return Err(CallError::Closed);
        }
        let answer = shared.waiting.enter(corr_id)?;
        // Whoever gives up, or is given up, waits no longer.
        let _leaving = Leaving(&shared.waiting, corr_id);
        let exchange = async {
            let sent = shared.outbox.send(vec![transmission]).await;
            sent.map_err(|_| CallError::Closed)?;
            answer.await.map_err(|_| CallError::Closed)
        };
        let answer = timeout(shared.limit, exchange).await;
        answer.unwrap_or(Err(CallError::TimedOut))
    }

    /// Never the same twice.
    pub(super) fn next_corr_id(&self) -> [u8; 24] {
        self.shared.corr_ids.next()
    }

    /// What a proxy encrypts forwarded commands with.
    pub(super) fn forwarding(&self) -> Option<&BoxKey> {
        self.shared.forwarding.as_ref()
    }

    /// How many blocks have come: whether a silent server is slow, or gone.
    pub fn heard(&self) -> u64 {
        self.shared.heard.load(Ordering::Relaxed)
    }

    /// Whether the connection has ended.
    pub fn has_ended(&self) -> bool {
        self.shared.ended.is_cancelled()
    }

    /// Resolves when the connection has ended.
    pub async fn ended(&self) {
        self.shared.ended.cancelled().await;
    }

    /// Ends the connection, whoever else uses it.
    pub fn close(&self) {
        self.shared.ended.cancel();
    }
}

impl Shared {
    async fn answer(
        &self,
        corr_id: [u8; 24],
        answer: oneshot::Receiver<Received>,
    ) -> Result<Received, CallError> {
        match timeout(self.limit, answer).await {
            Ok(Ok(received)) => Ok(received),
            Ok(Err(_)) => Err(CallError::Closed),
            Err(_) => {
                self.waiting.take(&corr_id);
                Err(CallError::TimedOut)
            }
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.ended.cancel();
    }
}

impl Events {
    /// The next event; nothing when the connection has ended.
    pub async fn next(&mut self) -> Option<Received> {
        self.events.recv().await
    }
}

/// Runs one half of a connection; the end of either is the end of both.
fn run(ended: &CancellationToken, half: impl Future<Output = ()> + Send + 'static) {
    let ended = ended.clone();
    tokio::spawn(async move {
        ended.run_until_cancelled(half).await;
        ended.cancel();
    });
}

/// Whatever waits is sent together.
async fn send_all<W>(mut outgoing: Outgoing<W>, mut to_send: mpsc::Receiver<Vec<Vec<u8>>>)
where
    W: AsyncWrite + Unpin,
{
    while let Some(mut transmissions) = to_send.recv().await {
        while let Ok(more) = to_send.try_recv() {
            transmissions.extend(more);
        }
        if outgoing.send(&transmissions).await.is_err() {
            return;
        }
    }
    // The other side may have gone already.
    let _ = outgoing.close().await;
}

async fn receive_all<R>(
    mut incoming: Incoming<R>,
    heard: Arc<AtomicU64>,
    waiting: Closing,
    events: mpsc::Sender<Received>,
) where
    R: AsyncRead + Unpin,
{
    while let Ok(Some(received)) = incoming.receive().await {
        heard.fetch_add(1, Ordering::Relaxed);
        for one in received {
            match waiting.answer_to(one.corr_id()) {
                // Whoever asked may have given up.
                Some(answer) => drop(answer.send(one)),
                None => drop(events.send(one).await),
            }
        }
    }
}

/// Takes one who waits off the list.
struct Leaving<'w>(&'w Waiting, [u8; 24]);

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.0.take(&self.1);
    }
}

/// Lets nobody wait any longer, however receiving ends.
struct Closing(Waiting);

impl Closing {
    fn answer_to(&self, corr_id: &[u8]) -> Option<Answer> {
        let Self(waiting) = self;
        waiting.take(corr_id)
    }
}

impl Drop for Closing {
    fn drop(&mut self) {
        let Self(waiting) = self;
        waiting.lock().take();
    }
}

impl Waiting {
    fn new() -> Self {
        Self(Arc::new(Mutex::new(Some(Waiters::new()))))
    }

    fn enter(&self, corr_id: [u8; 24]) -> Result<oneshot::Receiver<Received>, CallError> {
        let (sender, receiver) = oneshot::channel();
        let mut waiting = self.lock();
        let waiting = waiting.as_mut().ok_or(CallError::Closed)?;
        waiting.insert(corr_id, sender);
        Ok(receiver)
    }

    fn take(&self, corr_id: &[u8]) -> Option<Answer> {
        self.lock().as_mut()?.remove(corr_id)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Waiters>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CorrIds {
    fn new(rng: &mut impl CryptoRng) -> Self {
        let mut random = [0; 16];
        rng.fill_bytes(&mut random);
        let next = AtomicU64::new(0);
        Self { random, next }
    }

    fn next(&self) -> [u8; 24] {
        let mut id = [0; 24];
        let (random, count) = id.split_at_mut(16);
        random.copy_from_slice(&self.random);
        let next = self.next.fetch_add(1, Ordering::Relaxed);
        count.copy_from_slice(&next.to_be_bytes());
        id
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Client({:?})", self.shared.facts)
    }
}
