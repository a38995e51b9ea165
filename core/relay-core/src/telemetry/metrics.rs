//! Figures for Prometheus. Everything else of the project sees this module, not the crate below.
//!
//! Names are `relayd_…` with base units. No label names a user, room, queue or address.

use std::sync::Arc;
use std::time::Duration;

use prometheus::{Encoder, HistogramOpts, Opts, Registry, TextEncoder};
pub use prometheus::{Histogram, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec};
use relay_storage::{Fault, Observer};

/// Seconds, from a fast commit to a slow disk.
const SECONDS: [f64; 14] = [
    0.0001, 0.000_25, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0,
];
const UNITS: [f64; 10] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0];

/// The registry of the daemon. Every clone is the same.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    registry: Registry,
}

impl Metrics {
    /// A registry with nothing in it.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the figures of the process itself: memory, CPU time, open files, start time.
    #[must_use]
    pub fn with_process(self) -> Self {
        let process = prometheus::process_collector::ProcessCollector::for_self();
        self.register(Box::new(process));
        self
    }

    /// The registry below, for modules that register collectors of their own.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// A counter for each value of `labels`.
    pub fn counters(&self, name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
        self.keep(IntCounterVec::new(Opts::new(name, help), labels))
    }

    /// One counter.
    pub fn counter(&self, name: &str, help: &str) -> IntCounter {
        self.keep(IntCounter::new(name, help))
    }

    /// One gauge.
    pub fn gauge(&self, name: &str, help: &str) -> IntGauge {
        self.keep(IntGauge::new(name, help))
    }

    /// A gauge for each value of `labels`.
    pub fn gauges(&self, name: &str, help: &str, labels: &[&str]) -> IntGaugeVec {
        self.keep(IntGaugeVec::new(Opts::new(name, help), labels))
    }

    /// A histogram of durations in seconds.
    pub fn seconds(&self, name: &str, help: &str) -> Histogram {
        self.histogram(name, help, &SECONDS)
    }

    /// A histogram with these upper bounds.
    pub fn histogram(&self, name: &str, help: &str, bounds: &[f64]) -> Histogram {
        self.keep(Histogram::with_opts(
            HistogramOpts::new(name, help).buckets(bounds.to_vec()),
        ))
    }

    /// Figures that their owner keeps: `read` is asked for the value of each of `labels`' values
    /// whenever somebody looks. `label` names what they differ in.
    pub fn watch(
        &self,
        name: &str,
        help: &str,
        kind: Kind,
        (label, values): (&str, &'static [&'static str]),
        read: impl Fn(usize) -> i64 + Send + Sync + 'static,
    ) {
        let opts = Opts::new(name, help);
        let labels = if values.is_empty() { &[][..] } else { &[label] };
        let read = Box::new(read);
        match kind {
            Kind::Counter => self.register(Box::new(Watched {
                figures: keep_valid(IntCounterVec::new(opts, labels)),
                values,
                read,
                set: |counters, labels, value| {
                    let counter = counters.with_label_values(labels);
                    counter.reset();
                    counter.inc_by(u64::try_from(value).unwrap_or(0));
                },
            })),
            Kind::Gauge => self.register(Box::new(Watched {
                figures: keep_valid(IntGaugeVec::new(opts, labels)),
                values,
                read,
                set: |gauges, labels, value| gauges.with_label_values(labels).set(value),
            })),
        }
    }

    /// Everything, in Prometheus' text format.
    pub fn render(&self) -> String {
        let mut text = Vec::new();
        if let Err(error) = TextEncoder::new().encode(&self.registry.gather(), &mut text) {
            tracing::error!("metrics cannot be written: {error}");
        }
        String::from_utf8(text).unwrap_or_default()
    }

    fn keep<C: prometheus::core::Collector + Clone + 'static>(
        &self,
        made: prometheus::Result<C>,
    ) -> C {
        let collector = keep_valid(made);
        self.register(Box::new(collector.clone()));
        collector
    }

    #[expect(
        clippy::expect_used,
        reason = "names are literals in this project, tested by starting it"
    )]
    fn register(&self, collector: Box<dyn prometheus::core::Collector>) {
        self.registry
            .register(collector)
            .expect("a metric name used once");
    }
}

#[expect(
    clippy::expect_used,
    reason = "names are literals in this project, tested by starting it"
)]
fn keep_valid<C>(made: prometheus::Result<C>) -> C {
    made.expect("a valid metric name")
}

/// What a watched figure is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// It only grows.
    Counter,
    /// It goes up and down.
    Gauge,
}

/// Asks for values when it is collected.
struct Watched<C> {
    figures: C,
    values: &'static [&'static str],
    read: Box<dyn Fn(usize) -> i64 + Send + Sync>,
    set: fn(&C, &[&str], i64),
}

impl<C: prometheus::core::Collector> prometheus::core::Collector for Watched<C> {
    fn desc(&self) -> Vec<&prometheus::core::Desc> {
        self.figures.desc()
    }

    fn collect(&self) -> Vec<prometheus::proto::MetricFamily> {
        if self.values.is_empty() {
            (self.set)(&self.figures, &[], (self.read)(0));
        }
        for (at, value) in self.values.iter().enumerate() {
            (self.set)(&self.figures, &[value], (self.read)(at));
        }
        self.figures.collect()
    }
}

/// Figures of the store.
#[derive(Debug)]
pub struct StoreMetrics {
    commit: Histogram,
    batch: Histogram,
    units: IntCounter,
    bytes: IntCounter,
    healthy: IntGauge,
    faults: IntCounterVec,
    queue: IntGauge,
}

impl StoreMetrics {
    /// Registers them.
    pub fn new(metrics: &Metrics) -> Arc<Self> {
        let healthy = metrics.gauge(
            "relayd_store_healthy",
            "1 while the database works, 0 while it has a fault.",
        );
        healthy.set(1);
        let faults = metrics.counters(
            "relayd_store_faults_total",
            "Times the database became faulty.",
            &["fault"],
        );
        // From zero on, so that the first fault is a change that an alert can see.
        for fault in Fault::ALL {
            faults.with_label_values(&[fault.name()]);
        }
        Arc::new(Self {
            commit: metrics.seconds(
                "relayd_store_commit_seconds",
                "From the first unit of a commit to its answers.",
            ),
            batch: metrics.histogram(
                "relayd_store_batch_units",
                "Units of work that shared a commit.",
                &UNITS,
            ),
            units: metrics.counter(
                "relayd_store_units_total",
                "Units of work handed to the writer and answered.",
            ),
            bytes: metrics.counter(
                "relayd_store_bytes_total",
                "Bytes of the units of work, about.",
            ),
            healthy,
            faults,
            queue: metrics.gauge(
                "relayd_store_queue_units",
                "Units of work waiting for the writer.",
            ),
        })
    }

    /// Notes how many units wait; called before a scrape.
    pub fn queue_depth(&self, depth: usize) {
        self.queue.set(i64::try_from(depth).unwrap_or(i64::MAX));
    }
}

impl Observer for StoreMetrics {
    #[expect(clippy::cast_precision_loss, reason = "a histogram of small numbers")]
    fn batch(&self, units: usize, bytes: usize, took: Duration) {
        self.commit.observe(took.as_secs_f64());
        self.batch.observe(units as f64);
        self.units.inc_by(units as u64);
        self.bytes.inc_by(bytes as u64);
    }

    fn health(&self, fault: Option<Fault>) {
        self.healthy.set(i64::from(fault.is_none()));
        if let Some(fault) = fault {
            self.faults.with_label_values(&[fault.name()]).inc();
        }
    }
}
