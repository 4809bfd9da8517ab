//! Charts as SVG: drawn by a library, readable without colours, each with words for those who do not see it.
//!
//! Small enough to be read on a telephone; the numbers stand in a table beside each, so none of them is
//! needed to understand the page. Knows nothing of ledgers.

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};
use plotters::prelude::*;

/// How wide a chart is, in pixels: what the narrowest telephone shows of it without making it smaller.
const WIDTH: u32 = 264;

/// The letters of a chart: the library draws them at 16 / 1.24 pixels, just above twelve.
const FONT: (&str, u32) = ("sans-serif", 16);

const INK: RGBColor = RGBColor(0x1a, 0x1a, 0x1a);
const BAR: RGBColor = RGBColor(0x1d, 0x5c, 0x3f);
const LATE: RGBColor = RGBColor(0xa3, 0x2a, 0x12);
const GRID: RGBColor = RGBColor(0xc8, 0xc4, 0xb8);

/// A bar: what it is of, how long, and what is written at its end.
pub(super) struct Bar {
    pub(super) label: String,
    pub(super) length: f64,
    pub(super) value: String,
}

/// A row of a plan: from when to when it was planned, and when it was done; days from the first.
pub(super) struct Span {
    pub(super) label: String,
    pub(super) planned: Option<(f64, f64)>,
    pub(super) done: Option<(f64, f64)>,
    pub(super) late: bool,
}

/// Bars, one under the other. `None` if there is nothing to draw.
pub(super) fn bars(title: &str, description: &str, bars: &[Bar]) -> Option<String> {
    let longest = bars.iter().map(|bar| bar.length).fold(0.0, f64::max);
    if bars.is_empty() {
        return None;
    }
    let height = 26 * u32::try_from(bars.len()).ok()? + 12;
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (WIDTH, height)).into_drawing_area();
        let style = FONT.into_font().color(&INK);
        let room = f64::from(WIDTH) - 76.0 - 110.0;
        for (place, bar) in (0_i32..).zip(bars) {
            let top = 8 + 26 * place;
            let length = if longest > 0.0 {
                bar.length / longest * room
            } else {
                0.0
            };
            // Pixels: a share of a few hundred.
            #[allow(clippy::cast_possible_truncation, reason = "at most the chart's width")]
            let end = 76 + length.max(1.0) as i32;
            let fill = BAR.filled();
            area.draw(&Rectangle::new([(76, top), (end, top + 16)], fill))
                .ok()?;
            area.draw(&Text::new(bar.label.clone(), (0, top + 2), style.clone()))
                .ok()?;
            area.draw(&Text::new(
                bar.value.clone(),
                (end + 6, top + 2),
                style.clone(),
            ))
            .ok()?;
        }
        area.present().ok()?;
    }
    Some(named(&svg, title, description))
}

/// A plan against what was done: outlines are the plan, full bars what was done, hatched where late.
pub(super) fn plan(
    title: &str,
    description: &str,
    rows: &[Span],
    day: &dyn Fn(f64) -> String,
) -> Option<String> {
    let ends = rows
        .iter()
        .flat_map(|row| row.planned.into_iter().chain(row.done));
    let last = ends.map(|(_, end)| end).fold(1.0, f64::max);
    let count = i32::try_from(rows.len()).ok().filter(|count| *count > 0)?;
    let height = 24 * u32::try_from(count).ok()? + 46;
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (WIDTH, height)).into_drawing_area();
        let mut chart = ChartBuilder::on(&area)
            .margin_right(30)
            .x_label_area_size(32)
            .y_label_area_size(40)
            .build_cartesian_2d(0.0..last * 1.02, Rows(count))
            .ok()?;
        let labels = |row: &f64| label_of(rows, *row);
        chart
            .configure_mesh()
            .disable_y_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(GRID)
            .axis_style(INK)
            .x_labels(3)
            .x_label_formatter(&|at| day(*at))
            .y_label_formatter(&labels)
            .label_style(FONT.into_font().color(&INK))
            .draw()
            .ok()?;
        let tops = (0..count).map(f64::from);
        for (row, top) in rows.iter().zip(tops) {
            if let Some((from, until)) = row.planned {
                let shape = [
                    (from, top + 0.12),
                    (until.max(from + last * 0.006), top + 0.88),
                ];
                chart
                    .draw_series([Rectangle::new(shape, INK.stroke_width(1))])
                    .ok()?;
            }
            if let Some((from, until)) = row.done {
                let colour = if row.late { LATE } else { BAR };
                let shape = [
                    (from, top + 0.3),
                    (until.max(from + last * 0.006), top + 0.7),
                ];
                chart
                    .draw_series([Rectangle::new(shape, colour.filled())])
                    .ok()?;
                if row.late {
                    // A mark that needs no colour.
                    let at = (until.max(from + last * 0.006), top + 0.5);
                    chart
                        .draw_series([Cross::new(at, 5, INK.stroke_width(2))])
                        .ok()?;
                }
            }
        }
        area.present().ok()?;
    }
    Some(named(&svg, title, description))
}

/// Rows from above to below, each with a label in its middle.
struct Rows(i32);

impl Ranged for Rows {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        let (bottom, top) = (f64::from(limit.0), f64::from(limit.1));
        let share = *value / f64::from(self.0.max(1));
        #[allow(clippy::cast_possible_truncation, reason = "a pixel of the chart")]
        let pixel = (top + (bottom - top) * share) as i32;
        pixel
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        (0..self.0).map(|row| f64::from(row) + 0.5).collect()
    }

    fn range(&self) -> std::ops::Range<f64> {
        0.0..f64::from(self.0)
    }
}

impl ValueFormatter<f64> for Rows {
    fn format(value: &f64) -> String {
        value.to_string()
    }
}

fn label_of(rows: &[Span], at: f64) -> String {
    let found = (0..)
        .zip(rows)
        .find(|(place, _)| f64::from(*place) + 0.5 >= at);
    found.map(|(_, row)| row.label.clone()).unwrap_or_default()
}

/// The picture with its name and what it shows.
fn named(svg: &str, title: &str, description: &str) -> String {
    let start = svg.find("<svg").unwrap_or_default();
    let (title, description) = (escaped(title), escaped(description));
    let named = format!("<title>{title}</title><desc>{description}</desc>");
    let svg = svg[start..].replacen(
        "<svg ",
        &format!("<svg role=\"img\" aria-label=\"{title}\" "),
        1,
    );
    match svg.split_once('>') {
        Some((head, rest)) => format!("{head}>{named}{rest}"),
        None => String::new(),
    }
}

fn escaped(text: &str) -> String {
    askama::filters::escape(text, askama::filters::Html)
        .map_or_else(|_| String::new(), |t| t.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(label: &str, length: f64) -> Bar {
        Bar {
            label: label.to_owned(),
            length,
            value: "<b>&".to_owned(),
        }
    }

    #[test]
    fn a_chart_has_a_name_and_runs_nothing_that_it_is_given() {
        let svg = bars("一<月>", "多少", &[bar("<script>", 3.0), bar("b", 0.0)]).unwrap();
        assert!(svg.starts_with("<svg role=\"img\""), "{svg}");
        assert!(svg.contains("<desc>多少</desc>"));
        assert!(
            !svg.contains("<script") && !svg.contains("<b>") && !svg.contains("style="),
            "{svg}"
        );
        assert_eq!(bars("", "", &[]), None);
    }

    #[test]
    fn a_plan_shows_what_is_late_without_colour() {
        let row = |late| Span {
            label: "1".to_owned(),
            planned: Some((0.0, 3.0)),
            done: Some((0.0, 5.0)),
            late,
        };
        let draw = |rows: &[Span]| plan("t", "d", rows, &|day| day.to_string()).unwrap();
        let (on_time, late) = (draw(&[row(false)]), draw(&[row(true)]));
        assert!(
            late.matches("<polyline").count() + late.matches("<line").count()
                > on_time.matches("<polyline").count() + on_time.matches("<line").count()
        );
        assert!(!late.contains("style="), "{late}");
        assert!(plan("", "", &[], &|_| String::new()).is_none());
    }
}
