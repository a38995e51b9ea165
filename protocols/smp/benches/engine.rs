//! The engine without sockets: messages of full size through a durable SQLite file, and
//! subscriptions in blocks of 135.
//!
//! `cargo bench -p relay-smp --features bench --bench engine`. After criterion's report it prints
//! the CPU time of the process per operation, clients' signatures included.
#![expect(clippy::unwrap_used, reason = "a benchmark stops at the first error")]
#![expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]

use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use rand::SeedableRng;
use rand::rngs::StdRng;
use relay_core::clock::SystemClock;
use relay_core::entropy::Entropy;
use relay_smp::bench::{Bench, Lab, MIGRATIONS};
use relay_smp::crypto::{SecretKey, SigningKey};
use relay_smp::wire::{
    BLOCK, Command, Credentials, Draft, New, QueueRequest, Reply, Request, Response, Session,
    Short, SubscriptionMode, Version, write,
};
use relay_storage::{Database, DatabaseUrl, StorageOptions, Store, Unobserved};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::time::Instant;

const BLOCK_OF_SUBS: usize = 135;
const QUEUES: usize = 20 * BLOCK_OF_SUBS;
const SESSION: Session<'static> = Session {
    version: Version::NOTICES,
    id: Short::EMPTY,
};

struct Queue {
    key: SigningKey,
    recipient: Vec<u8>,
    sender: Vec<u8>,
}

/// A signed transmission.
fn sign(key: &SigningKey, entity: &[u8], command: &Command<'_>) -> Vec<u8> {
    let draft = Draft::new(
        SESSION.version,
        (&[1; 24]).into(),
        Short::cut(entity),
        command,
    );
    let draft = draft.unwrap();
    let signature = key.sign(&draft.signed(SESSION).to_vec());
    let credentials = Credentials {
        authorization: signature.for_command(),
        service: None,
    };
    let mut bytes = Vec::new();
    write(&mut bytes, BLOCK, |out| {
        draft.encode(SESSION, Some(credentials), out);
    })
    .unwrap();
    bytes
}

async fn execute(bench: &mut Bench, block: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let requests: Vec<_> = block
        .iter()
        .map(|bytes| Request::parse(SESSION, bytes))
        .collect();
    bench.execute(SESSION, &requests).await.unwrap()
}

async fn create(bench: &mut Bench, rng: &mut StdRng, mode: SubscriptionMode) -> Queue {
    let (key, secret) = (SigningKey::generate(rng), SecretKey::generate(rng));
    let new = New {
        key: key.public(),
        dh_key: secret.public(),
        password: None,
        mode,
        request: Some(QueueRequest::Messaging(None)),
        notifier: None,
    };
    let command = Command::New(Box::new(new));
    let answers = execute(bench, &[sign(&key, &[], &command)]).await;
    let Response::Ids(ids) = Reply::parse(SESSION, &answers[0])
        .unwrap()
        .response
        .unwrap()
    else {
        panic!("no queue");
    };
    let (recipient, sender) = (ids.recipient_id.as_bytes(), ids.sender_id.as_bytes());
    let (recipient, sender) = (recipient.to_vec(), sender.to_vec());
    let secure = sign(&key, &recipient, &Command::Key(key.public()));
    execute(bench, &[secure]).await;
    Queue {
        key,
        recipient,
        sender,
    }
}

async fn lab(dir: &TempDir) -> Lab {
    let options = StorageOptions {
        url: DatabaseUrl::Sqlite(dir.path().join("bench.db")),
        ..StorageOptions::default()
    };
    let database = Database::open(options).await.unwrap();
    database
        .migrate(&[relay_storage::MIGRATIONS, MIGRATIONS])
        .await
        .unwrap();
    let store = Store::start(database, Arc::new(Unobserved));
    let entropy = Entropy::system().unwrap();
    Lab::open(store, Arc::new(SystemClock), entropy)
        .await
        .unwrap()
}

/// One pair: SEND, OK, MSG, ACK, OK, so many times.
async fn exchange(lab: Lab, messages: u64, number: u64) {
    let mut rng = StdRng::seed_from_u64(number);
    let (mut sender, mut recipient) = (lab.connect(), lab.connect());
    let queue = create(&mut recipient, &mut rng, SubscriptionMode::Subscribe).await;
    let send = Command::Send {
        notification: false,
        body: &[7; 16_000],
    };
    let send = [sign(&queue.key, &queue.sender, &send)];
    for _ in 0..messages {
        execute(&mut sender, &send).await;
        let events = recipient.events(SESSION).await.unwrap();
        let Response::Msg { id, .. } = Reply::parse(SESSION, &events[0]).unwrap().response.unwrap()
        else {
            panic!("no message");
        };
        let ack = sign(&queue.key, &queue.recipient, &Command::Ack(id));
        execute(&mut recipient, &[ack]).await;
    }
}

async fn exchanges(lab: &Lab, pairs: u64, messages: u64) -> Duration {
    let started = Instant::now();
    let running: Vec<_> = (0..pairs)
        .map(|pair| {
            tokio::spawn(exchange(
                lab.clone(),
                messages / pairs,
                pair + started_nanos(),
            ))
        })
        .collect();
    for pair in running {
        pair.await.unwrap();
    }
    started.elapsed()
}

/// Different keys in every sample.
fn started_nanos() -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1 << 20, Ordering::Relaxed)
}

/// The CPU time of this process so far, in clock ticks of 10 ms.
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 10)
}

fn messages(c: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let dir = tempfile::tempdir_in(".").unwrap();
    let lab = runtime.block_on(lab(&dir));
    let mut group = c.benchmark_group("send, deliver, acknowledge 16 kB");
    group.sampling_mode(SamplingMode::Flat).sample_size(10);
    group.throughput(Throughput::Elements(1));
    for pairs in [1, 32] {
        group.bench_function(format!("{pairs} pairs"), |b| {
            b.iter_custom(|n| runtime.block_on(exchanges(&lab, pairs, n.max(pairs))));
        });
    }
    group.finish();
    for pairs in [1, 32] {
        let (before, many) = (cpu(), 3200);
        let took = runtime.block_on(exchanges(&lab, pairs, many));
        report(
            &format!("SEND+MSG+ACK, {pairs} pairs"),
            many,
            cpu().saturating_sub(before),
            took,
        );
    }
}

fn subscriptions(c: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let dir = tempfile::tempdir_in(".").unwrap();
    let lab = runtime.block_on(lab(&dir));
    let blocks: Vec<Vec<Vec<u8>>> = runtime.block_on(async {
        let (mut bench, mut rng) = (lab.connect(), StdRng::seed_from_u64(1));
        let mut subs = Vec::new();
        for _ in 0..QUEUES {
            let queue = create(&mut bench, &mut rng, SubscriptionMode::OnlyCreate).await;
            subs.push(sign(&queue.key, &queue.recipient, &Command::Sub));
        }
        subs.chunks(BLOCK_OF_SUBS).map(<[_]>::to_vec).collect()
    });
    let all = async || {
        let mut bench = lab.connect();
        for block in &blocks {
            assert_eq!(execute(&mut bench, block).await.len(), BLOCK_OF_SUBS);
        }
    };
    let mut group = c.benchmark_group("subscribe in blocks of 135");
    group.sampling_mode(SamplingMode::Flat).sample_size(10);
    group.throughput(Throughput::Elements(u64::try_from(QUEUES).unwrap()));
    group.bench_function("SUB", |b| b.iter(|| runtime.block_on(all())));
    group.finish();
    let (before, started) = (cpu(), Instant::now());
    for _ in 0..10 {
        runtime.block_on(all());
    }
    let many = u64::try_from(10 * QUEUES).unwrap();
    report(
        "SUB in blocks of 135",
        many,
        cpu().saturating_sub(before),
        started.elapsed(),
    );
}

fn report(what: &str, many: u64, cpu: Duration, took: Duration) {
    let micros =
        |time: Duration| time.as_secs_f64() * 1e6 / f64::from(u32::try_from(many).unwrap());
    println!(
        "{what}: {:.1} us CPU, {:.1} us wall each",
        micros(cpu),
        micros(took)
    );
}

criterion_group!(benches, messages, subscriptions);
criterion_main!(benches);
