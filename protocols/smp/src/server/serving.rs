//! One session: blocks in, answers and events out, until either side has had enough.

use std::future::Future;
use std::time::Duration;

use futures_util::FutureExt;
use relay_core::net::{Drain, LimitKey};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::Shared;
use super::clients::Present;
use super::metrics::{End, Open};
use crate::engine::{Answer, Connection};
use crate::session::{Channel, Idle, Rate};
use crate::transport::BlockReader;
use crate::wire::{BLOCK, Command, Error, Refusal, Request, Short};

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

    async fn block(&mut self, mut block: Vec<u8>) -> Result<(), End> {
        let now = Instant::now();
        self.idle.heard(now);
        self.present.heard();
        self.look_again(now);
        self.shared.metrics.blocks_in.inc();
        let batch = self.channel.open(&mut block);
        let session = self.channel.session();
        let requests: Vec<_> = match batch {
            Ok(batch) => batch.map(|bytes| Request::parse(session, bytes)).collect(),
            Err(_) => {
                self.shared.metrics.blocks_bad.inc();
                vec![Err(BAD_BLOCK)]
            }
        };
        let wait = self.asking.wait(self.shared, &requests, now);
        if !wait.is_zero() {
            sleep(wait).await;
        }
        let answers = self.connection.execute(&requests).await;
        drop(requests);
        let block = self.write(&answers.refused, block).await?;
        let mut done = answers.done;
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
