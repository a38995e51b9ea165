//! Prometheus' text format, as far as our own daemon writes it.

use std::collections::HashMap;

/// Every figure, by name and labels.
#[derive(Debug, Default)]
pub(super) struct Figures(HashMap<String, Vec<(String, f64)>>);

/// How long things took: counts of what took no longer than each bound.
#[derive(Debug, Default)]
pub(super) struct Durations {
    buckets: Vec<(f64, f64)>,
    sum: f64,
    count: f64,
}

impl Figures {
    /// Reads a page; what is no figure is left out.
    pub(super) fn parse(text: &str) -> Self {
        let mut figures = Self::default();
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        for (name, labels, value) in lines.filter_map(figure) {
            let found = figures.0.entry(name.to_owned()).or_default();
            found.push((labels.to_owned(), value));
        }
        figures
    }

    /// All of a name together.
    pub(super) fn sum(&self, name: &str) -> f64 {
        self.with(name, "")
    }

    /// Those of a name that have this label, such as `listener="smp"`.
    pub(super) fn with(&self, name: &str, label: &str) -> f64 {
        let found = self.0.get(name).into_iter().flatten();
        found
            .filter(|(labels, _)| labels.contains(label))
            .map(|(_, value)| value)
            .sum()
    }

    /// The durations of a name.
    pub(super) fn durations(&self, name: &str) -> Durations {
        let mut buckets: Vec<(f64, f64)> = Vec::new();
        for (labels, value) in self.0.get(&format!("{name}_bucket")).into_iter().flatten() {
            let bound = labels
                .split("le=\"")
                .nth(1)
                .and_then(|rest| rest.split('"').next());
            let Some(bound) = bound.and_then(|bound| bound.parse::<f64>().ok()) else {
                continue;
            };
            match buckets
                .iter_mut()
                .find(|(there, _)| there.total_cmp(&bound).is_eq())
            {
                Some((_, count)) => *count += value,
                None => buckets.push((bound, *value)),
            }
        }
        buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
        Durations {
            buckets,
            sum: self.sum(&format!("{name}_sum")),
            count: self.sum(&format!("{name}_count")),
        }
    }
}

/// `name{labels} value`.
fn figure(line: &str) -> Option<(&str, &str, f64)> {
    let (named, value) = line.rsplit_once(' ')?;
    let (name, labels) = named.split_once('{').unwrap_or((named, ""));
    Some((name, labels, value.parse().ok()?))
}

impl Durations {
    /// How many have been since `before`.
    pub(super) fn count_since(&self, before: &Self) -> f64 {
        (self.count - before.count).max(0.0)
    }

    /// What they took on average, if there were any.
    pub(super) fn mean_since(&self, before: &Self) -> Option<f64> {
        let count = self.count_since(before);
        (count > 0.0).then(|| ((self.sum - before.sum) / count).max(0.0))
    }

    /// What this share of them took at most, as well as the bounds tell.
    pub(super) fn quantile_since(&self, before: &Self, share: f64) -> Option<f64> {
        let earlier = |at: usize| before.buckets.get(at).map_or(0.0, |(_, count)| *count);
        let counts = self.buckets.iter().enumerate();
        let counts: Vec<(f64, f64)> = counts
            .map(|(at, (bound, count))| (*bound, count - earlier(at)))
            .collect();
        let wanted = counts.last()?.1 * share;
        if wanted <= 0.0 {
            return None;
        }
        let (mut lower, mut below) = (0.0, 0.0);
        for (bound, count) in counts {
            if count >= wanted {
                // Nothing is known of those beyond the last bound.
                let within = (wanted - below) / (count - below);
                return Some(if bound.is_finite() {
                    lower + (bound - lower) * within
                } else {
                    lower
                });
            }
            (lower, below) = (bound, count);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "# HELP a_total Things.\na_total{kind=\"x\",by=\"y\"} 3\na_total{kind=\"z\"} 4\nlone 2.5\n\
        t_seconds_bucket{le=\"0.1\"} 10\nt_seconds_bucket{le=\"0.2\"} 20\nt_seconds_bucket{le=\"+Inf\"} 20\nt_seconds_sum 2\nt_seconds_count 20\nnonsense\n";

    #[test]
    fn figures_are_found_by_name_and_label() {
        let figures = Figures::parse(PAGE);
        assert!((figures.sum("a_total") - 7.0).abs() < 1e-9);
        assert!((figures.with("a_total", "kind=\"z\"") - 4.0).abs() < 1e-9);
        assert!((figures.sum("lone") - 2.5).abs() < 1e-9);
        assert!(figures.sum("other").abs() < 1e-9);
    }

    #[test]
    fn durations_are_told_since_the_look_before() {
        let (now, nothing) = (
            Figures::parse(PAGE).durations("t_seconds"),
            Durations::default(),
        );
        let near =
            |value: Option<f64>, wanted: f64| value.is_some_and(|v| (v - wanted).abs() < 1e-9);
        assert!(near(now.mean_since(&nothing), 0.1));
        assert!(near(now.quantile_since(&nothing, 0.5), 0.1));
        assert!(near(now.quantile_since(&nothing, 0.75), 0.15));
        assert_eq!(now.mean_since(&now), None);
        assert_eq!(now.quantile_since(&now, 0.99), None);
        assert_eq!(nothing.quantile_since(&nothing, 0.99), None);
    }
}
