//! Line plots as SVG, drawn by hand: no script, no font, no network.

use std::fmt::Write as _;

const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 300.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 24.0;
const TOP: f64 = 34.0;
const BOTTOM: f64 = 46.0;
/// Told apart by people who see colours differently, too.
const COLOURS: [&str; 6] = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9",
];

#[derive(Clone, Debug)]
pub(crate) struct Plot {
    pub(crate) title: String,
    pub(crate) x: &'static str,
    /// What stands at a place of the lower axis.
    pub(crate) tick: fn(f64) -> String,
    pub(crate) y: &'static str,
    pub(crate) lines: Vec<Line>,
}

#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) points: Vec<(f64, f64)>,
}

/// From values to places on the page.
#[derive(Clone, Copy, Debug)]
struct Scale {
    step: f64,
    top: f64,
    from: f64,
    to: f64,
}

impl Scale {
    /// From zero to the first round step at or above the largest value.
    fn new(largest: f64, from: f64, to: f64) -> Self {
        let largest = if largest > 0.0 { largest } else { 1.0 };
        let step = round_step(largest / 5.0);
        let top = (largest / step).ceil() * step;
        Self {
            step,
            top,
            from,
            to,
        }
    }

    fn place(self, value: f64) -> f64 {
        self.from + (self.to - self.from) * value / self.top
    }

    fn ticks(self) -> impl Iterator<Item = f64> {
        let ticks = (0..=6).map(move |tick| f64::from(tick) * self.step);
        ticks.take_while(move |tick| *tick <= self.top * 1.0001)
    }
}

/// 1, 2 or 5 times a power of ten, not smaller than asked for.
fn round_step(least: f64) -> f64 {
    let power = 10_f64.powf(least.log10().floor());
    let steps = [1.0, 2.0, 5.0].map(|factor| factor * power);
    steps
        .into_iter()
        .find(|step| *step >= least * 0.9999)
        .unwrap_or(10.0 * power)
}

impl Plot {
    pub(crate) fn svg(&self) -> String {
        let points = || {
            self.lines
                .iter()
                .flat_map(|line| line.points.iter().copied())
        };
        let largest = |values: &mut dyn Iterator<Item = f64>| values.fold(0.0, f64::max);
        let x = Scale::new(
            largest(&mut points().map(|point| point.0)),
            LEFT,
            WIDTH - RIGHT,
        );
        let y = Scale::new(
            largest(&mut points().map(|point| point.1)),
            HEIGHT - BOTTOM,
            TOP,
        );
        let mut svg = format!(
            "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{0}\">\
             <text class=\"title\" x=\"{LEFT}\" y=\"18\">{0}</text>",
            escape(&self.title)
        );
        self.axes(&mut svg, x, y);
        for (line, colour) in self.lines.iter().zip(COLOURS.iter().cycle()) {
            draw(&mut svg, line, x, y, colour);
        }
        self.legend(&mut svg);
        svg + "</svg>"
    }

    fn axes(&self, svg: &mut String, x: Scale, y: Scale) {
        let (right, bottom) = (WIDTH - RIGHT, HEIGHT - BOTTOM);
        for tick in y.ticks() {
            let place = y.place(tick);
            let _ = write!(
                svg,
                "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{right}\" y1=\"{place:.1}\" y2=\"{place:.1}\"/>\
                 <text class=\"tick\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                LEFT - 6.0,
                place + 4.0,
                short(tick)
            );
        }
        for tick in x.ticks() {
            let _ = write!(
                svg,
                "<text class=\"tick\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
                x.place(tick),
                bottom + 16.0,
                (self.tick)(tick)
            );
        }
        let _ = write!(
            svg,
            "<text class=\"axis\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>\
             <text class=\"axis\" transform=\"translate(14 {:.1}) rotate(-90)\" text-anchor=\"middle\">{}</text>",
            f64::midpoint(LEFT, right),
            HEIGHT - 8.0,
            escape(self.x),
            f64::midpoint(TOP, bottom),
            escape(self.y),
        );
    }

    /// In the upper left corner, where curves that rise are not.
    fn legend(&self, svg: &mut String) {
        let mut y = TOP + 14.0;
        for (line, colour) in self.lines.iter().zip(COLOURS.iter().cycle()) {
            let _ = write!(
                svg,
                "<rect x=\"{}\" y=\"{:.1}\" width=\"12\" height=\"3\" fill=\"{colour}\"/>\
                 <text class=\"legend\" x=\"{}\" y=\"{y:.1}\">{}</text>",
                LEFT + 10.0,
                y - 5.0,
                LEFT + 28.0,
                escape(&line.name)
            );
            y += 16.0;
        }
    }
}

fn draw(svg: &mut String, line: &Line, x: Scale, y: Scale, colour: &str) {
    let places: Vec<(f64, f64)> = line
        .points
        .iter()
        .map(|point| (x.place(point.0), y.place(point.1)))
        .collect();
    let path: Vec<String> = places
        .iter()
        .map(|(x, y)| format!("{x:.1},{y:.1}"))
        .collect();
    let _ = write!(
        svg,
        "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
        path.join(" ")
    );
    for (x, y) in places {
        let _ = write!(
            svg,
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{colour}\"/>"
        );
    }
}

/// A number on an axis.
pub(crate) fn short(value: f64) -> String {
    let (value, unit) = match value {
        1e6.. => (value / 1e6, "M"),
        1e4.. => (value / 1e3, "k"),
        _ => (value, ""),
    };
    let text = format!("{value:.2}");
    format!("{}{unit}", text.trim_end_matches('0').trim_end_matches('.'))
}

/// Where a percentile stands when each nine gets as much room: 90 at 1, 99 at 2, 99.9 at 3.
pub(crate) fn nines(percent: f64) -> f64 {
    (100.0 / (100.0 - percent)).log10()
}

/// The percentile at such a place.
pub(crate) fn percentile(nines: f64) -> String {
    let percent = 100.0 - 10_f64.powf(2.0 - nines);
    let text = format!("{percent:.3}");
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
}

/// Text that may hold anything, in XML and HTML.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_round() {
        let steps = [0.3, 1.0, 3.0, 7.0, 40.0].map(round_step).map(short);
        assert_eq!(steps, ["0.5", "1", "5", "10", "50"]);
    }

    #[test]
    fn numbers_on_axes_are_short() {
        assert_eq!(
            [0.0, 0.25, 1500.0, 20_000.0, 2.5e6].map(short),
            ["0", "0.25", "1500", "20k", "2.5M"]
        );
    }

    #[test]
    fn each_nine_gets_as_much_room() {
        let places = [0.0, 90.0, 99.0, 99.9].map(|percent| short(nines(percent)));
        assert_eq!(places, ["0", "1", "2", "3"]);
        let names = [0.0, 1.0, 2.0, 3.0].map(percentile);
        assert_eq!(names, ["0 %", "90 %", "99 %", "99.9 %"]);
    }

    #[test]
    fn a_plot_of_nothing_or_of_zeros_is_still_one() {
        let line = Line {
            name: "<a>".into(),
            points: vec![(0.0, 0.0)],
        };
        for lines in [vec![], vec![line]] {
            let svg = Plot {
                title: "t".into(),
                x: "x",
                tick: short,
                y: "y",
                lines,
            }
            .svg();
            assert!(
                svg.starts_with("<svg") && svg.ends_with("</svg>") && !svg.contains("NaN"),
                "{svg}"
            );
            assert!(!svg.contains("<a>"));
        }
    }

    #[test]
    fn larger_values_are_further_up() {
        let scale = Scale::new(90.0, 254.0, 34.0);
        assert_eq!((scale.place(0.0), scale.place(scale.top)), (254.0, 34.0));
        assert_eq!(scale.ticks().count(), 6);
    }
}
