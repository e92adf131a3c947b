//! The plots of the report: lines over a logarithmic or a plain axis, as SVG files that a browser shows without help.

use std::fs;
use std::ops::Range;
use std::path::Path;

use plotters::coord::ranged1d::{AsRangedCoord, Ranged, ValueFormatter};
use plotters::prelude::*;

use super::{MIB, Results};
use crate::Fault;
use crate::results::Line;
use crate::workload::Kind;

/// A plot as the page shows it.
pub(crate) struct Plot {
    pub(crate) file: &'static str,
    pub(crate) title: String,
}

/// Draws what can be drawn from the results.
pub(crate) fn draw(directory: &Path, results: &Results) -> Result<Vec<Plot>, Fault> {
    let mut plots = Vec::new();
    let mut put = |chart: Chart| -> Result<(), Fault> {
        // A single point is no curve.
        if chart.curves.iter().any(|(_, points)| points.len() > 1) {
            let svg = chart.svg()?;
            let path = directory.join(chart.file);
            fs::write(&path, svg).map_err(|error| Fault::new(format!("`{}`: {error}", path.display())))?;
            plots.push(Plot {
                file: chart.file,
                title: chart.title,
            });
        }
        Ok(())
    };
    if let Some(run) = &results.run {
        for (kind, by_connections, by_quantile, by_size) in [
            (
                Kind::Put,
                "put-throughput.svg",
                "put-latency.svg",
                "put-sizes.svg",
            ),
            (
                Kind::Get,
                "get-throughput.svg",
                "get-latency.svg",
                "get-sizes.svg",
            ),
        ] {
            let name = kind.name().to_uppercase();
            let small = |line: &&Line| line.workload.kind == kind && line.workload.size == 4096;
            put(Chart {
                file: by_connections,
                title: format!("{name} 4 KiB: operations a second"),
                x: "connections",
                y: "operations a second",
                logarithmic: (true, false),
                curves: curves(run.lines.iter().filter(small), |line| {
                    vec![(line.workload.connections as f64, line.rate)]
                }),
            })?;
            let most = run
                .lines
                .iter()
                .filter(small)
                .map(|line| line.workload.connections)
                .max();
            let crowded = |line: &&Line| small(line) && Some(line.workload.connections) == most;
            put(Chart {
                file: by_quantile,
                title: format!(
                    "{name} 4 KiB, {} connections: latency in ms by percentile",
                    most.unwrap_or(0)
                ),
                x: "nines: 0.3 = p50, 1 = p90, 2 = p99, 3 = p99.9",
                y: "ms",
                logarithmic: (false, true),
                curves: curves(
                    run.lines.iter().filter(crowded).filter(|line| line.max > 0.0),
                    |line| vec![(0.301, line.p50), (2.0, line.p99), (3.0, line.p999)],
                ),
            })?;
            put(Chart {
                file: by_size,
                title: format!("{name}: MiB a second by size"),
                x: "bytes of an object",
                y: "MiB a second",
                logarithmic: (true, true),
                curves: curves(
                    run.lines
                        .iter()
                        .filter(|line| line.workload.kind == kind && !line.is_limit && is_typical(line)),
                    |line| vec![(line.workload.size as f64, line.bandwidth / MIB)],
                ),
            })?;
        }
    }
    if let Some(growth) = &results.growth {
        let curve = |name: &str, value: fn(&crate::growth::Step) -> f64| {
            let points = growth.steps.iter().map(|step| (step.objects as f64, value(step)));
            (name.to_owned(), points.collect())
        };
        put(Chart {
            file: "growth-rates.svg",
            title: "As the number of objects grows: operations a second".to_owned(),
            x: "objects in the bucket",
            y: "operations a second",
            logarithmic: (true, true),
            curves: vec![
                curve("PUT", |step| step.put.rate),
                curve("GET", |step| step.get.rate),
                curve("LIST 1,000 keys", |step| step.list_keys.rate),
                curve("LIST 1,000 prefixes", |step| step.list_prefixes.rate),
            ],
        })?;
    }
    if let Some(stall) = &results.stall {
        let seconds = || stall.timeline.iter().enumerate();
        put(Chart {
            file: "stall-throughput.svg",
            title: "Overwrites and deletes: operations in each second".to_owned(),
            x: "second",
            y: "operations",
            logarithmic: (false, false),
            curves: vec![(
                "operations".to_owned(),
                seconds()
                    .map(|(at, second)| (at as f64, second.0 as f64))
                    .collect(),
            )],
        })?;
        put(Chart {
            file: "stall-longest.svg",
            title: "Overwrites and deletes: the longest operation of each second, ms".to_owned(),
            x: "second",
            y: "ms",
            logarithmic: (false, false),
            curves: vec![(
                "longest".to_owned(),
                seconds().map(|(at, second)| (at as f64, second.1)).collect(),
            )],
        })?;
    }
    Ok(plots)
}

/// Points of one contender.
type Curve = (String, Vec<(f64, f64)>);

struct Chart {
    file: &'static str,
    title: String,
    x: &'static str,
    y: &'static str,
    /// Whether x, and whether y.
    logarithmic: (bool, bool),
    curves: Vec<Curve>,
}

/// The points of each contender, sorted; contenders in the order in which they come.
fn curves<'a>(
    lines: impl Iterator<Item = &'a Line>,
    points: impl Fn(&Line) -> Vec<(f64, f64)>,
) -> Vec<Curve> {
    let mut curves: Vec<Curve> = Vec::new();
    for line in lines.filter(|line| line.fault.is_none()) {
        match curves.iter_mut().find(|(name, _)| *name == line.who) {
            Some((_, known)) => known.extend(points(line)),
            None => curves.push((line.who.clone(), points(line))),
        }
    }
    for (_, points) in &mut curves {
        points.sort_by(|(one, _), (other, _)| one.total_cmp(other));
    }
    curves
}

/// Of the sizes, the workload with as many connections as such objects usually get.
fn is_typical(line: &Line) -> bool {
    let crowd = if line.workload.kind == Kind::Put { 64 } else { 32 };
    let connections = match line.workload.size {
        0..0x10_0000 => crowd,
        0x10_0000..0x100_0000 => 16,
        _ => 4,
    };
    line.workload.connections == connections
}

impl Chart {
    fn svg(&self) -> Result<String, Fault> {
        let (x, y) = (
            self.span(|point| point.0, self.logarithmic.0),
            self.span(|point| point.1, self.logarithmic.1),
        );
        match self.logarithmic {
            (true, true) => self.draw(x.log_scale(), y.log_scale()),
            (true, false) => self.draw(x.log_scale(), y),
            (false, true) => self.draw(x, y.log_scale()),
            (false, false) => self.draw(x, y),
        }
    }

    /// From the least to the greatest value; a plain axis begins at zero.
    fn span(&self, value: impl Fn(&(f64, f64)) -> f64, logarithmic: bool) -> Range<f64> {
        let values = || self.curves.iter().flat_map(|(_, points)| points).map(&value);
        let most = values().fold(0.0, f64::max);
        let least = values()
            .filter(|value| *value > 0.0)
            .fold(f64::INFINITY, f64::min)
            .min(most);
        match (logarithmic, most > 0.0) {
            (_, false) => 0.1..1.0,
            (true, true) => least * 0.8..most * 1.25,
            (false, true) => 0.0..most * 1.05,
        }
    }

    fn draw<X, Y>(&self, x: X, y: Y) -> Result<String, Fault>
    where
        X: AsRangedCoord<Value = f64>,
        Y: AsRangedCoord<Value = f64>,
        X::CoordDescType: ValueFormatter<f64> + Ranged<ValueType = f64>,
        Y::CoordDescType: ValueFormatter<f64> + Ranged<ValueType = f64>,
    {
        let fault =
            |error: &dyn std::fmt::Display| Fault::new(format!("`{}` cannot be drawn: {error}", self.file));
        let mut svg = String::new();
        {
            let whole = SVGBackend::with_string(&mut svg, (WIDTH, HEIGHT)).into_drawing_area();
            whole.fill(&WHITE).map_err(|error| fault(&error))?;
            // Beside the curves, since wherever it stood among them it would hide one.
            let (area, legend) = whole.split_horizontally(WIDTH - LEGEND_WIDTH);
            let mut chart = ChartBuilder::on(&area)
                .caption(&self.title, ("sans-serif", 18))
                .margin(12)
                .x_label_area_size(44)
                .y_label_area_size(84)
                .build_cartesian_2d(x, y)
                .map_err(|error| fault(&error))?;
            chart
                .configure_mesh()
                .x_desc(self.x)
                .y_desc(self.y)
                .x_label_formatter(&|value| plain(*value))
                .y_label_formatter(&|value| plain(*value))
                .light_line_style(WHITE)
                .draw()
                .map_err(|error| fault(&error))?;
            for (at, (name, points)) in self.curves.iter().enumerate() {
                let colour = Palette99::pick(at).to_rgba();
                let marks = points.len() <= MARKED_POINTS_MAX;
                let line = LineSeries::new(points.iter().copied(), colour.stroke_width(2));
                chart.draw_series(line).map_err(|error| fault(&error))?;
                let y = LEGEND_TOP + LEGEND_LINE * i32::try_from(at).unwrap_or_default();
                let sample = PathElement::new([(0, y), (18, y)], colour.stroke_width(2));
                legend.draw(&sample).map_err(|error| fault(&error))?;
                let name = Text::new(name.as_str(), (24, y - 7), ("sans-serif", 13));
                legend.draw(&name).map_err(|error| fault(&error))?;
                if marks {
                    let dots = points.iter().map(|point| Circle::new(*point, 3, colour.filled()));
                    chart.draw_series(dots).map_err(|error| fault(&error))?;
                }
            }
            whole.present().map_err(|error| fault(&error))?;
        }
        Ok(svg)
    }
}

/// Numbers without an exponent and without digits that say nothing.
fn plain(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        size if size >= 1_000_000.0 => format!("{}M", trimmed(value / 1e6)),
        size if size >= 10_000.0 => format!("{}k", trimmed(value / 1e3)),
        _ => trimmed(value),
    }
}

fn trimmed(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

const WIDTH: u32 = 960;
const HEIGHT: u32 = 420;

/// The names of the curves, on the right.
const LEGEND_WIDTH: u32 = 190;
const LEGEND_TOP: i32 = 60;
const LEGEND_LINE: i32 = 22;

/// Of more points the line alone is drawn.
const MARKED_POINTS_MAX: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chart_on_every_kind_of_axis_is_svg_with_its_names() {
        for logarithmic in [(false, false), (false, true), (true, false), (true, true)] {
            let chart = Chart {
                file: "a.svg",
                title: "A title".to_owned(),
                x: "over this",
                y: "that",
                logarithmic,
                curves: vec![
                    ("one".to_owned(), vec![(1.0, 5.0), (64.0, 20_000.0)]),
                    ("two".to_owned(), vec![(1.0, 0.0)]),
                ],
            };
            let svg = chart.svg().expect("it is drawn");
            assert!(svg.starts_with("<svg"), "{svg}");
            for word in ["A title", "over this", "that", "one", "two"] {
                assert!(svg.contains(word), "{word}");
            }
        }
    }

    #[test]
    fn numbers_are_short() {
        let texts = [0.0, 0.25, 1.0, 9999.0, 12_000.0, 2_500_000.0].map(plain);
        assert_eq!(texts, ["0", "0.25", "1", "9999", "12k", "2.5M"]);
    }
}
