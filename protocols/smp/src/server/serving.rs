//! One session: blocks in, answers and events out, until either side has had enough.

use std::future::Future;
use std::ops::Range;
use std::time::Duration;

use futures_util::FutureExt;
use relay_core::net::{Drain, LimitKey};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::Shared;
use super::clients::Present;
use super::metrics::{End, Open};
use crate::engine::{Answer, Connection};
use crate::routing::Forwarder;
use crate::session::{Channel, Idle, Rate};
use crate::transport::BlockReader;
use crate::wire::{BLOCK, Batch, Command, Error, Refusal, Request, Session, Short};

/// Forwarded commands done together, when so many have come.
const TOGETHER: usize = 32;
/// How many bytes of events are taken at once: a few blocks.
const ROOM: usize = 4 * BLOCK;
/// How long saying goodbye may take.
const GOODBYE: Duration = Duration::from_secs(5);
/// Instead of a time that never comes.
const NEVER: Duration = Duration::from_hours(24 * 365);

/// A session and all it holds. Idle, that is its stream and little else.
pub(super) struct Serving<'s, S> {
    shared: &'s Shared,
    stream: S,
    channel: Channel,
    connection: Connection,
    reader: BlockReader,
    asking: Asking,
    /// Once the client has asked for something to be passed on.
    forwarder: Option<Box<Forwarder>>,
    idle: Idle,
    /// When a block must have arrived, or when to look whether the client is idle.
    deadline: Instant,
    present: Present,
    _open: Open,
}

/// What a block that cannot be read at all is taken for.
const BAD_BLOCK: Refusal<'static> = Refusal {
    corr_id: Short::EMPTY,
    entity_id: Short::EMPTY,
    error: Error::Block,
};

/// What happens next.
enum Turn {
    Begun,
    Block(Vec<u8>),
    Events,
    Deadline,
    End(End),
}

type Requests<'a> = [Result<Request<'a>, Refusal<'a>>];

/// A block, decrypted where it lies.
#[derive(Default)]
struct Content {
    block: Vec<u8>,
    /// Nowhere if it cannot be decrypted.
    range: Option<Range<usize>>,
}

impl Content {
    fn batch(&self) -> Option<Batch<'_>> {
        let content = self.block.get(self.range.clone()?)?;
        Batch::split(content).ok()
    }

    /// What it asks for, or that it cannot be read at all.
    fn requests<'a>(
        &'a self,
        session: Session<'a>,
    ) -> impl Iterator<Item = Result<Request<'a>, Refusal<'a>>> {
        let batch = self.batch();
        let bad = batch.is_none().then_some(Err(BAD_BLOCK));
        let requests = batch.into_iter().flatten();
        bad.into_iter()
            .chain(requests.map(move |bytes| Request::parse(session, bytes)))
    }

    /// Whether it is from a proxy, and all of it forwarded.
    fn forwards<'a>(&'a self, session: Session<'a>) -> bool {
        let forwards = |request: Result<Request<'_>, Refusal<'_>>| matches!(request, Ok(request) if matches!(request.command, Command::Rfwd(_)));
        self.requests(session).all(forwards)
    }
}

impl<'s, S: AsyncRead + AsyncWrite + Unpin> Serving<'s, S> {
    pub(super) fn new(
        shared: &'s Shared,
        stream: S,
        channel: Channel,
        connection: Connection,
        limit_key: Option<LimitKey>,
        present: Present,
    ) -> Self {
        let now = Instant::now();
        let open = shared.metrics.began(channel.session().version);
        let mut serving = Self {
            shared,
            stream,
            channel,
            connection,
            reader: BlockReader::default(),
            asking: Asking {
                commands: Rate::new(now),
                limit_key,
            },
            forwarder: None,
            idle: Idle::new(now),
            deadline: now,
            present,
            _open: open,
        };
        serving.look_again(now);
        serving
    }

    /// Serves until the end.
    pub(super) async fn run(mut self, drain: &Drain) {
        let end = loop {
            if let Err(end) = self.step(drain).await {
                break end;
            }
        };
        self.shared.metrics.ended(end);
        // It may have gone already, or not be reading.
        let _ = timeout(GOODBYE, self.stream.shutdown()).await;
    }

    async fn step(&mut self, drain: &Drain) -> Result<(), End> {
        match self.turn(drain).await {
            Turn::Begun => {
                self.deadline = Instant::now() + or_never(self.limits().block);
                Ok(())
            }
            Turn::Block(block) => self.block(block).await,
            Turn::Events => {
                let events = self.connection.events(ROOM).await;
                self.write(&events, Vec::new()).await.map(drop)
            }
            Turn::Deadline => self.look(),
            Turn::End(end) => Err(end),
        }
    }

    /// In this order: a block that is there costs no look at the clock. Events have their turn
    /// after each block, so that a busy client does not starve itself of them.
    async fn turn(&mut self, drain: &Drain) -> Turn {
        let read = async {
            if self.reader.has_begun() {
                return self.reader.finish(&mut self.stream).await.map(Turn::Block);
            }
            let begun = self.reader.begin(&mut self.stream).await?;
            Ok(if begun {
                Turn::Begun
            } else {
                Turn::End(End::Client)
            })
        };
        tokio::select! {
            biased;
            () = drain.requested() => Turn::End(End::Stop),
            read = read => read.unwrap_or(Turn::End(End::Client)),
            () = self.connection.ready() => Turn::Events,
            () = sleep_until(self.deadline) => Turn::Deadline,
        }
    }

    async fn block(&mut self, block: Vec<u8>) -> Result<(), End> {
        let now = Instant::now();
        self.idle.heard(now);
        self.present.heard();
        self.look_again(now);
        let (together, after) = self.gather(block);
        if self.reader.has_begun() {
            self.deadline = now + or_never(self.limits().block);
        }
        self.execute(together).await?;
        match after {
            Some(block) => self.execute(vec![block]).await,
            None => Ok(()),
        }
    }

    /// A block with what a proxy forwards has room for one command. So those that are there
    /// already are done together, which shares what a commit costs; a block of another kind that
    /// comes behind them is done after them.
    fn gather(&mut self, block: Vec<u8>) -> (Vec<Content>, Option<Content>) {
        let mut together = vec![self.open(block)];
        while together.len() < TOGETHER
            && (together.last()).is_some_and(|content| content.forwards(self.channel.session()))
            // Whatever else comes of reading comes again at the next turn.
            && let Some(Ok(Some(next))) = self.reader.read(&mut self.stream).now_or_never()
        {
            let next = self.open(next);
            if !next.forwards(self.channel.session()) {
                return (together, Some(next));
            }
            together.push(next);
        }
        (together, None)
    }

    fn open(&mut self, mut block: Vec<u8>) -> Content {
        self.shared.metrics.blocks_in.inc();
        let range = self.channel.decrypt(&mut block).ok();
        let content = Content { block, range };
        if content.batch().is_none() {
            self.shared.metrics.blocks_bad.inc();
        }
        content
    }

    async fn execute(&mut self, contents: Vec<Content>) -> Result<(), End> {
        let session = self.channel.session();
        let mut requests: Vec<_> = (contents.iter())
            .flat_map(|content| content.requests(session))
            .collect();
        let wait = self.asking.wait(self.shared, &requests, Instant::now());
        if !wait.is_zero() {
            sleep(wait).await;
        }
        let mut routed = Vec::new();
        if requests.iter().any(is_routed) {
            let all = requests.extract_if(.., |request| is_routed(request));
            let shared = self.shared;
            let forwarder = self.forwarder.get_or_insert_with(|| {
                let (pool, engine) = (shared.proxy.clone(), shared.engine.clone());
                Box::new(Forwarder::new(pool, engine, self.connection.mailbox()))
            });
            let all: Vec<_> = all.flatten().collect();
            routed.extend(all.iter().filter_map(|request| forwarder.take(request)));
        }
        let answers = self.connection.execute(&requests).await;
        drop(requests);
        let block = contents.into_iter().next().unwrap_or_default().block;
        let block = self.write(&answers.refused, block).await?;
        let mut done = answers.done;
        done.extend(routed);
        if self.connection.ready().now_or_never().is_some() {
            done.extend(self.connection.events(ROOM).await);
        }
        self.write(&done, block).await.map(drop)
    }

    /// Sends answers in as few blocks as fit, made in the memory of `buffer`; gives that back.
    async fn write(&mut self, answers: &[Answer], mut buffer: Vec<u8>) -> Result<Vec<u8>, End> {
        let mut rest = answers;
        while !rest.is_empty() {
            let packed = self.channel.pack(rest, buffer, Answer::encode);
            rest = packed.rest;
            if packed.too_large > 0 {
                tracing::error!(
                    relay = "smp",
                    "an answer fits into no block and is not sent"
                );
            }
            buffer = packed.block.unwrap_or_default();
            if !buffer.is_empty() {
                self.shared.metrics.blocks_out.inc();
                let sent = self.stream.write_all(&buffer);
                within(self.shared.limits().write, sent).await?;
            }
        }
        if !answers.is_empty() {
            self.present.told();
            within(self.shared.limits().write, self.stream.flush()).await?;
        }
        Ok(buffer)
    }

    /// A block is late, or it is time to look whether the client is idle.
    fn look(&mut self) -> Result<(), End> {
        if self.reader.has_begun() {
            return Err(End::SlowBlock);
        }
        let now = Instant::now();
        let limit = self.limits().idle;
        if !limit.is_zero() && self.idle.is_over(now, limit) && !self.connection.is_subscribed() {
            return Err(End::Idle);
        }
        self.look_again(now);
        Ok(())
    }

    fn look_again(&mut self, now: Instant) {
        self.deadline = now + self.limits().idle_check;
    }

    fn limits(&self) -> super::Times {
        self.shared.limits()
    }
}

/// How fast a client asks.
struct Asking {
    commands: Rate,
    limit_key: Option<LimitKey>,
}

impl Asking {
    /// How long to wait before these: who asks too fast is answered late.
    fn wait(&mut self, shared: &Shared, requests: &Requests<'_>, now: Instant) -> Duration {
        let settings = shared.settings.now();
        let limits = &settings.limits;
        let mut wait = Duration::ZERO;
        if limits.commands_per_second > 0 {
            let interval = Duration::from_secs(1) / limits.commands_per_second;
            let count = count(requests.len());
            let burst = limits.commands_per_second;
            wait = self.commands.take(now, count, interval, burst);
        }
        if let Some(key) = self.limit_key {
            let new = requests.iter().filter(|request| creates(request)).count();
            let queues = &shared.new_queues;
            wait = wait.max(queues.take(key, count(new), limits.new_queues_per_minute, now));
        }
        wait
    }
}

fn is_routed(request: &Result<Request<'_>, Refusal<'_>>) -> bool {
    matches!(request, Ok(request) if Forwarder::takes(&request.command))
}

fn count(requests: usize) -> u32 {
    u32::try_from(requests).unwrap_or(u32::MAX)
}

fn creates(request: &Result<Request<'_>, Refusal<'_>>) -> bool {
    matches!(request, Ok(request) if matches!(request.command, Command::New(_)))
}

/// Zero waits for ever.
fn or_never(limit: Duration) -> Duration {
    if limit.is_zero() { NEVER } else { limit }
}

async fn within(
    limit: Duration,
    sent: impl Future<Output = std::io::Result<()>>,
) -> Result<(), End> {
    match timeout(or_never(limit), sent).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(End::Client),
        Err(_) => Err(End::SlowReader),
    }
}
