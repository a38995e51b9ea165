//! One page that needs nothing else: tables, and plots as SVG.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::svg::{Line, Plot, escape, nines, percentile, short};
use super::table::heading;
use super::text::{describe, real};
use crate::report::{Limit, Report, Run};

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#222;--paper:#fff;--faint:#ddd;--soft:#666}\
@media(prefers-color-scheme:dark){:root{--ink:#ddd;--paper:#16181c;--faint:#333;--soft:#999}}\
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:1180px;margin:2rem auto;padding:0 1rem}\
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}\
.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(420px,1fr));gap:1rem}\
svg{width:100%;height:auto}svg text{fill:var(--ink);font:12px system-ui,sans-serif}\
svg .title{font-weight:600;font-size:13px}svg .tick,svg .axis{fill:var(--soft);font-size:11px}svg .grid{stroke:var(--faint)}\
pre{overflow-x:auto;border:1px solid var(--faint);padding:.6rem 1rem;border-radius:4px}\
.warning{color:#b45309}.bar{display:flex;height:1.3rem;border-radius:3px;overflow:hidden;margin:.2rem 0}\
.bar span{overflow:hidden;white-space:nowrap;font-size:11px;padding:0 4px;color:#fff}small{color:var(--soft)}";

/// Seconds from which on memory over time is worth a plot.
const LONG: usize = 30;

/// Letters of a label that a legend has room for.
const LEGEND: usize = 24;

const PARTS: [&str; 6] = [
    "#0072b2", "#009e73", "#56b4e9", "#cc79a7", "#e69f00", "#8c6bb1",
];

/// The page of some reports.
pub(crate) fn page(reports: &[Report]) -> String {
    let mut page = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>relay-bench</title>\
         <style>{STYLE}</style></head><body><h1>relay-bench</h1>"
    );
    let plots: String = plots(reports).iter().map(Plot::svg).collect();
    let _ = write!(page, "<div class=\"plots\">{plots}</div>");
    for report in reports {
        let _ = write!(page, "<h2>{}</h2>", escape(&heading(report)));
        report.runs.iter().for_each(|run| write_run(&mut page, run));
    }
    page + "</body></html>\n"
}

fn write_run(page: &mut String, run: &Run) {
    let _ = write!(page, "<pre>{}</pre>", escape(describe(run).trim_end()));
    if let (Some(server), Some(limit)) = (&run.server, &run.limit) {
        let database = run.shares().map_or(0.0, |shares| shares.database);
        page.push_str(&bar(server.cpu_micros_per_operation, limit, database));
    }
    if let Some(warning) = &run.generator.warning {
        let _ = write!(page, "<p class=\"warning\">{}</p>", escape(warning));
    }
}

/// The server's processor time for an operation: its cryptography, the database, and the rest.
fn bar(cpu: f64, limit: &Limit, database: f64) -> String {
    let whole = cpu.max(limit.micros);
    let mut parts = String::new();
    let mut add = |name: &str, micros: f64, colour: &str| {
        let _ = write!(
            parts,
            "<span style=\"width:{:.2}%;background:{colour}\" title=\"{micros:.1} µs\">{}</span>",
            micros / whole * 100.0,
            escape(name)
        );
    };
    for (part, colour) in limit.parts.iter().zip(PARTS.iter().cycle()) {
        add(&part.name, part.micros * f64::from(part.times), colour);
    }
    if database > 0.0 {
        add("database", database, "#d55e00");
    }
    let rest = (cpu - limit.micros - database).max(0.0);
    add("everything else", rest, "#777");
    format!("<div class=\"bar\">{parts}</div><small>server CPU an operation: {cpu:.0} µs</small>")
}

/// Every kind of plot for which there are at least two points.
fn plots(reports: &[Report]) -> Vec<Plot> {
    let mut plots = latency_over_rate(reports);
    plots.push(rate_over_connections(reports));
    plots.push(memory_over_held(reports));
    plots.push(memory_over_time(reports));
    plots.extend(percentiles(reports));
    plots.retain(|plot| !plot.lines.is_empty());
    plots
}

fn latency_over_rate(reports: &[Report]) -> Vec<Plot> {
    let median = |run: &Run| Some((run.load.rate?, real(run.latency.as_ref()?.p50) / 1e3));
    let p99 = |run: &Run| Some((run.load.rate?, real(run.latency.as_ref()?.p99) / 1e3));
    let plot = |name: &str, lines| Plot {
        title: format!("Latency ({name}) over the rate of operations"),
        x: "operations/s due",
        tick: short,
        y: "ms",
        lines,
    };
    vec![
        plot("median", lines(reports, &median, 2)),
        plot("p99", lines(reports, &p99, 2)),
    ]
}

fn rate_over_connections(reports: &[Report]) -> Plot {
    let point = |run: &Run| {
        // A burst has no rate worth the name.
        let closed = run.load.rate.is_none() && !run.settings.contains_key("held");
        closed.then(|| (real(run.load.connections as u64), run.rate))
    };
    Plot {
        title: "Throughput over connections".to_owned(),
        x: "connections",
        tick: short,
        y: "operations/s",
        lines: lines(reports, &point, 2),
    }
}

fn memory_over_held(reports: &[Report]) -> Plot {
    let point = |run: &Run| {
        let held = *run.settings.get("held")?;
        Some((real(held), real(run.server.as_ref()?.used.rss_after) / 1e6))
    };
    Plot {
        title: "Memory over what is held".to_owned(),
        x: "queues or connections",
        tick: short,
        y: "MB resident",
        lines: lines(reports, &point, 2),
    }
}

/// Does it grow? Only long runs can say.
fn memory_over_time(reports: &[Report]) -> Plot {
    let runs = reports.iter().flat_map(|report| &report.runs);
    let lines = runs.filter_map(|run| {
        let memory = &run.server.as_ref()?.memory;
        let points = memory
            .iter()
            .map(|&(seconds, rss)| (seconds, real(rss) / 1e6));
        (memory.len() > LONG).then(|| Line {
            name: run.name(),
            points: points.collect(),
        })
    });
    Plot {
        title: "Memory over time".to_owned(),
        x: "seconds",
        tick: short,
        y: "MB resident",
        lines: lines.take(6).collect(),
    }
}

/// One plot a scenario: which part of the operations took at most how long.
fn percentiles(reports: &[Report]) -> Vec<Plot> {
    let mut plots: BTreeMap<String, Vec<Line>> = BTreeMap::new();
    for report in reports {
        for run in &report.runs {
            let Some(latency) = &run.latency else {
                continue;
            };
            let points = latency.curve.iter().filter(|point| point.0 <= 99.9);
            let load = run
                .name()
                .split_once(", ")
                .map_or_else(String::new, |(_, load)| load.to_owned());
            plots
                .entry(format!("{} {}", run.protocol, run.scenario))
                .or_default()
                .push(Line {
                    name: format!("{}, {load}", who(report)),
                    points: points
                        .map(|&(percent, micros)| (nines(percent), real(micros) / 1e3))
                        .collect(),
                });
        }
    }
    let plot = |(title, lines): (String, Vec<Line>)| Plot {
        title: format!("{title}: latency by percentile"),
        x: "percent of operations",
        tick: percentile,
        y: "ms",
        lines: lines.into_iter().take(6).collect(),
    };
    plots.into_iter().map(plot).collect()
}

/// The label, short enough for a legend.
fn who(report: &Report) -> String {
    let mut letters = report.label.chars();
    let start: String = letters.by_ref().take(LEGEND).collect();
    let more = if letters.next().is_some() { "…" } else { "" };
    format!("{start}{more}")
}

/// One line for each scenario of each report, its points from left to right.
fn lines(
    reports: &[Report],
    point: &dyn Fn(&Run) -> Option<(f64, f64)>,
    least: usize,
) -> Vec<Line> {
    let mut named: BTreeMap<String, Vec<(f64, f64)>> = BTreeMap::new();
    for report in reports {
        for run in &report.runs {
            let name = format!("{}: {} {}", who(report), run.protocol, run.scenario);
            named.entry(name).or_default().extend(point(run));
        }
    }
    let lines = named.into_iter().map(|(name, mut points)| {
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        Line { name, points }
    });
    lines.filter(|line| line.points.len() >= least).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::report;

    #[test]
    fn a_page_stands_alone() {
        let mut swept = report(&[100.0, 180.0]);
        swept.runs[1].load.connections = 16;
        swept.label = "<ours>".into();
        let page = page(&[swept]);
        assert!(page.contains("Throughput over connections") && page.contains("<svg"));
        assert!(!page.contains("<script") && !page.contains("http") && !page.contains("<ours>"));
    }

    #[test]
    fn one_point_is_no_line() {
        let page = page(&[report(&[100.0])]);
        assert!(!page.contains("Throughput over connections"));
        assert!(page.contains("latency by percentile"));
    }
}
