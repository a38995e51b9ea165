//! The screen: what a view looks like, in 80 columns and 24 rows or more.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Style, Stylize};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Paragraph, Sparkline};
use relay_admin::types::Worker;

use super::history::{Curve, History};
use super::view::{Latency, Smp, Sogs, View};
use crate::output::harmless;
use crate::time;

/// Columns before a curve.
const WORDS: u16 = 23;

/// What is drawn beside the view itself.
pub(super) struct Look {
    pub(super) paused: bool,
    pub(super) scrolled: usize,
    pub(super) interval: String,
    /// Why there is nothing newer.
    pub(super) trouble: Option<String>,
}

/// A row: what it is called, its value, its curve.
struct Row<'a>(&'static str, String, Option<&'a Curve>);

pub(super) fn draw(frame: &mut Frame<'_>, view: &View, history: &History, look: &Look) {
    let rows = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(10),
        Constraint::Length(5),
        Constraint::Min(3),
        Constraint::Length(1),
    ]);
    let [head, relays, below, workers, foot] = rows.areas(frame.area());
    frame.render_widget(headline(view, look), head);
    let [sogs, smp] = halves(relays);
    match &view.sogs {
        Some(figures) => block(frame, sogs, "SOGS", &of_sogs(figures, history)),
        None => switched_off(frame, sogs, "SOGS"),
    }
    match &view.smp {
        Some(figures) => block(frame, smp, "SMP", &of_smp(figures, history)),
        None => switched_off(frame, smp, "SMP"),
    }
    let [store, process] = halves(below);
    block(frame, store, "database", &of_store(view, history));
    block(frame, process, "process", &of_process(view, history));
    list_workers(frame, workers, &view.workers, look.scrolled);
    frame.render_widget(footline(look), foot);
}

fn halves(area: Rect) -> [Rect; 2] {
    Layout::horizontal([Constraint::Fill(1), Constraint::Fill(1)]).areas(area)
}

fn headline(view: &View, look: &Look) -> Line<'static> {
    let state = if view.ready {
        "ready".green()
    } else {
        "not ready".red().bold()
    };
    let mut line = vec![
        format!(
            "relayd {}  {}, ",
            harmless(&view.version),
            harmless(&view.phase)
        )
        .into(),
        state,
        format!("  up {}", up(view.uptime)).into(),
    ];
    line.extend(look.paused.then(|| "  paused".yellow().bold()));
    let trouble = look.trouble.iter().chain(&view.troubles).next();
    line.extend(trouble.map(|trouble| format!("  {}", harmless(trouble)).red()));
    Line::from(line)
}

fn footline(look: &Look) -> Line<'static> {
    let text = format!("q end   p pause   ↑↓ workers   ←→ every {}", look.interval);
    Line::from(text).style(Style::new().fg(Color::DarkGray))
}

fn block(frame: &mut Frame<'_>, area: Rect, title: &'static str, rows: &[Row<'_>]) {
    let border = Block::bordered().title(title.bold());
    let inner = border.inner(area);
    frame.render_widget(border, area);
    for (row, area) in rows.iter().zip(inner.rows()) {
        let [words, curve] =
            Layout::horizontal([Constraint::Length(WORDS), Constraint::Min(0)]).areas(area);
        let Row(name, value, history) = row;
        match history {
            None => frame.render_widget(Paragraph::new(format!("{name:<11}{value:>10}")), area),
            Some(history) => {
                frame.render_widget(Paragraph::new(format!("{name:<11}{value:>10}")), words);
                let values: Vec<u64> = history.newest(usize::from(curve.width)).collect();
                let line = Sparkline::default()
                    .data(values)
                    .style(Style::new().fg(Color::Cyan));
                frame.render_widget(line, curve);
            }
        }
    }
}

fn switched_off(frame: &mut Frame<'_>, area: Rect, title: &'static str) {
    let border = Block::bordered().title(title.bold());
    frame.render_widget(Paragraph::new("switched off").block(border), area);
}

fn of_sogs<'a>(sogs: &Sogs, history: &'a History) -> Vec<Row<'a>> {
    vec![
        Row("connected", whole(sogs.connections), None),
        Row(
            "requests",
            rate(sogs.requests_per_second),
            Some(&history.requests),
        ),
        Row("polls", rate(sogs.polls_per_second), Some(&history.polls)),
        Row("posts", rate(sogs.posts_per_second), Some(&history.posts)),
        Row("latency", latency(sogs.latency), None),
        Row("rooms", whole(sogs.rooms), None),
        Row("users", whole(sogs.users), None),
        Row("active", whole(sogs.active_users), None),
    ]
}

fn of_smp<'a>(smp: &Smp, history: &'a History) -> Vec<Row<'a>> {
    vec![
        Row("connected", whole(smp.connections), None),
        Row("sent", rate(smp.sent_per_second), Some(&history.sent)),
        Row(
            "received",
            rate(smp.received_per_second),
            Some(&history.received),
        ),
        Row(
            "blocks in",
            rate(smp.blocks_in_per_second),
            Some(&history.blocks),
        ),
        Row("blocks out", rate(smp.blocks_out_per_second), None),
        Row("queues", whole(smp.queues), None),
        Row("subscribed", whole(smp.subscribed_queues), None),
        Row("messages", whole(smp.messages), None),
    ]
}

fn of_store<'a>(view: &View, history: &'a History) -> Vec<Row<'a>> {
    let store = &view.store;
    let state = store.fault.as_deref().map_or_else(
        || format!("well, {} waiting", store.waiting),
        |fault| format!("fault: {}", harmless(fault)),
    );
    vec![
        Row("state", state, None),
        Row("writes", rate(store.units_per_second), Some(&history.units)),
        Row("latency", latency(store.latency), None),
    ]
}

fn of_process<'a>(view: &View, history: &'a History) -> Vec<Row<'a>> {
    let process = &view.process;
    vec![
        Row(
            "cpu",
            format!("{:.0} %", process.cpu * 100.0),
            Some(&history.cpu),
        ),
        Row("memory", time::size(unsigned(process.memory_bytes)), None),
        Row(
            "files",
            format!(
                "{}   threads {}",
                whole(process.open_files),
                whole(process.threads)
            ),
            None,
        ),
    ]
}

fn list_workers(frame: &mut Frame<'_>, area: Rect, workers: &[Worker], scrolled: usize) {
    let title = format!("workers ({})", workers.len());
    let border = Block::bordered().title(title.bold());
    let room = usize::from(border.inner(area).height);
    let from = scrolled.min(workers.len().saturating_sub(room));
    let lines = workers.iter().skip(from).take(room).map(worker);
    let lines: Vec<Line<'_>> = lines.collect();
    frame.render_widget(Paragraph::new(lines).block(border), area);
}

fn worker(worker: &Worker) -> Line<'static> {
    let outcome: Span<'static> = match &worker.last {
        None => "not yet".to_owned().into(),
        Some(run) => match (&run.done, &run.error) {
            (_, Some(error)) => harmless(error).red(),
            (done, None) => harmless(done.as_deref().unwrap_or_default()).into(),
        },
    };
    let words = format!(
        "{:<25}{:<8} {:>5} runs {:>2} failed  ",
        harmless(&worker.name),
        harmless(&worker.state),
        worker.runs,
        worker.failures
    );
    Line::from(vec![words.into(), outcome])
}

/// The same without a screen: a line for each thing.
pub(super) fn in_lines(view: &View) -> String {
    let history = History::default();
    let mut lines = vec![format!(
        "relayd {}  {}, {}  up {}",
        harmless(&view.version),
        harmless(&view.phase),
        if view.ready { "ready" } else { "not ready" },
        up(view.uptime)
    )];
    let mut add = |part: &str, rows: Vec<Row<'_>>| {
        for Row(name, value, _) in rows {
            lines.push(format!("{part:<9} {name:<11} {value}"));
        }
    };
    view.sogs
        .iter()
        .for_each(|sogs| add("sogs", of_sogs(sogs, &history)));
    view.smp
        .iter()
        .for_each(|smp| add("smp", of_smp(smp, &history)));
    add("database", of_store(view, &history));
    add("process", of_process(view, &history));
    lines.join("\n")
}

fn up(secs: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "shown in two units")]
    time::span(secs as f64)
}

fn whole(value: f64) -> String {
    unsigned(value).to_string()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "casting saturates, and these figures are counts"
)]
fn unsigned(value: f64) -> u64 {
    value as u64
}

fn rate(value: f64) -> String {
    format!("{}/s", short(value))
}

/// Three digits or a little more.
fn short(value: f64) -> String {
    match value {
        ..10.0 => format!("{value:.1}"),
        ..10_000.0 => format!("{value:.0}"),
        _ => format!("{:.1}k", value / 1000.0),
    }
}

fn latency(latency: Latency) -> String {
    let shown = |value: Option<f64>| match value {
        None => "-".to_owned(),
        Some(secs) if secs < 0.001 => format!("{:.0} µs", secs * 1e6),
        Some(secs) if secs < 1.0 => format!("{:.1} ms", secs * 1e3),
        Some(secs) => format!("{secs:.1} s"),
    };
    format!("{}, p99 {}", shown(latency.mean), shown(latency.p99))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_stay_short() {
        for (value, shown) in [
            (0.0, "0.0/s"),
            (9.94, "9.9/s"),
            (1234.0, "1234/s"),
            (25_000.0, "25.0k/s"),
        ] {
            assert_eq!(rate(value), shown);
        }
        let all = Latency {
            mean: Some(0.000_25),
            p99: Some(0.0125),
        };
        assert_eq!(latency(all), "250 µs, p99 12.5 ms");
        assert_eq!(
            latency(Latency {
                mean: None,
                p99: Some(2.0)
            }),
            "-, p99 2.0 s"
        );
    }
}
