//! Figures as a table, as JSON and as charts.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::time::Duration;

use plotters::prelude::*;
use serde::Serialize;

use crate::limits::Limits;

/// How much more something may cost on the longest ledger than on the shortest.
const FLAT: f64 = 1.3;

/// What must be flat.
const GROWING: [&str; 3] = [
    "append, 1,024 in flight, each",
    "append, one at a time",
    "proof for a random entry",
];

/// Several measurements of one thing.
#[derive(Clone, Copy, Serialize)]
pub(crate) struct Times {
    pub(crate) median: Duration,
    /// A tenth took less.
    pub(crate) low: Duration,
    /// A tenth took more.
    pub(crate) high: Duration,
}

impl Times {
    pub(crate) fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        let at = |share: f64| times[((times.len() - 1) as f64 * share).round() as usize];
        Self {
            median: at(0.5),
            low: at(0.1),
            high: at(0.9),
        }
    }
}

/// What a figure is held against.
#[derive(Clone, Serialize)]
pub(crate) struct Bound {
    of: String,
    unit: Duration,
    limit: f64,
    /// Whether it is a rate, which should be high, rather than a time, which should be low.
    rate: bool,
}

impl Bound {
    /// A time, at most so many times a unit.
    pub(crate) fn at_most(of: &str, unit: Duration, limit: f64) -> Self {
        let of = of.to_owned();
        Self {
            of,
            unit,
            limit,
            rate: false,
        }
    }

    /// A rate, at least so much of L.
    pub(crate) fn rate(l: Duration, limit: f64) -> Self {
        Self {
            of: "L".to_owned(),
            unit: l,
            limit,
            rate: true,
        }
    }
}

/// One figure.
#[derive(Clone, Serialize)]
pub(crate) struct Row {
    /// How many entries the ledger had.
    size: usize,
    what: String,
    times: Option<Times>,
    /// In the unit of what it is held against.
    ratio: f64,
    of: String,
    limit: f64,
    holds: bool,
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let times = self.times.map_or_else(String::new, |times| {
            format!(
                "{:.1?} ({:.1?} – {:.1?})",
                times.median, times.low, times.high
            )
        });
        let (size, what, ratio, of, limit) =
            (self.size, &self.what, self.ratio, &self.of, self.limit);
        let word = if self.holds { "" } else { "  MISSED" };
        writeln!(
            f,
            "{size:>10}  {what:<44} {times:<32} {ratio:>6.2} × {of} (limit {limit}){word}"
        )
    }
}

/// All figures of a run.
#[derive(Serialize)]
pub(crate) struct Report<'a> {
    limits: &'a Limits,
    pub(crate) rows: Vec<Row>,
}

impl<'a> Report<'a> {
    pub(crate) fn new(limits: &'a Limits) -> Self {
        let rows = Vec::new();
        Self { limits, rows }
    }

    pub(crate) fn add(&mut self, size: usize, what: &str, times: Times, bound: Bound) {
        let (time, unit) = (times.median.as_secs_f64(), bound.unit.as_secs_f64());
        let ratio = if bound.rate { unit / time } else { time / unit };
        let holds = if bound.rate {
            ratio >= bound.limit
        } else {
            ratio <= bound.limit
        };
        self.rows.push(Row {
            size,
            what: what.to_owned(),
            times: Some(times),
            ratio,
            of: bound.of,
            limit: bound.limit,
            holds,
        });
    }

    pub(crate) fn add_share(&mut self, size: usize, what: &str, ratio: f64, limit: f64) {
        self.rows.push(Row {
            size,
            what: what.to_owned(),
            times: None,
            ratio,
            of: "the whole".to_owned(),
            limit,
            holds: ratio <= limit,
        });
    }

    /// What the longest ledger costs, in units of what the shortest did.
    pub(crate) fn compare_sizes(&mut self) {
        for what in GROWING {
            let rows: Vec<_> = self.rows.iter().filter(|row| row.what == what).collect();
            let (Some(first), Some(last)) = (rows.first(), rows.last()) else {
                continue;
            };
            let (Some(short), Some(long)) = (first.times, last.times) else {
                continue;
            };
            let (from, size) = (first.size, last.size);
            let bound = Bound::at_most(&format!("at {from}"), short.median, FLAT);
            self.add(size, &format!("{what}, grown"), long, bound);
        }
    }

    /// Draws each thing that was measured at several sizes.
    pub(crate) fn draw(&self, out: &Path) {
        let mut series: BTreeMap<&str, Vec<(f64, Times)>> = BTreeMap::new();
        for row in &self.rows {
            let points = row.times.map(|times| (row.size as f64, times));
            series.entry(&row.what).or_default().extend(points);
        }
        for (what, points) in series.into_iter().filter(|(_, points)| points.len() > 1) {
            let letters = what.split(|c: char| !c.is_alphanumeric());
            let name = letters
                .filter(|part| !part.is_empty())
                .collect::<Vec<_>>()
                .join("-");
            draw(&out.join(format!("{name}.svg")), what, &points);
        }
    }
}

fn draw(file: &Path, what: &str, points: &[(f64, Times)]) {
    let area = SVGBackend::new(file, (640, 400)).into_drawing_area();
    area.fill(&WHITE).unwrap();
    let micros = |time: Duration| time.as_secs_f64() * 1e6;
    let most = points
        .iter()
        .map(|(_, times)| micros(times.high))
        .fold(0.0, f64::max);
    let (first, last) = (points[0].0, points[points.len() - 1].0);
    let mut chart = ChartBuilder::on(&area)
        .caption(format!("{what}, µs"), ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(36)
        .y_label_area_size(64)
        .build_cartesian_2d((first..last).log_scale(), 0.0..most * 1.1)
        .unwrap();
    chart.configure_mesh().x_desc("entries").draw().unwrap();
    let line = points
        .iter()
        .map(|(size, times)| (*size, micros(times.median)));
    chart.draw_series(LineSeries::new(line, &BLUE)).unwrap();
    let bars = points.iter().map(|(size, times)| {
        ErrorBar::new_vertical(
            *size,
            micros(times.low),
            micros(times.median),
            micros(times.high),
            BLUE.filled(),
            8,
        )
    });
    chart.draw_series(bars).unwrap();
    area.present().unwrap();
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let limits = self.limits;
        writeln!(
            f,
            "{} cores; verify_strict {:.1?}, L = {:.0}/s; leaf hash {:.2?}; fsync of 4 KiB {:.0?}; plain file {:.2?} an entry",
            limits.cores,
            limits.verify_strict,
            1.0 / limits.l().as_secs_f64(),
            limits.leaf_hash,
            limits.fsync,
            limits.plain_append,
        )?;
        self.rows.iter().try_for_each(|row| write!(f, "{row}"))
    }
}
