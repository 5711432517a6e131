//! The course of a network as a figure.

use super::{Course, Waypoint};
use crate::figure::kinds::steps_axis;
use crate::figure::plot::{Rule, Span};
use crate::figure::scene::Dash;
use crate::figure::{Axis, Colour, Figure, Glyph, Mark, Plot, Proportions, Scale, Series};

/// A curve: its name in the legend, and its value at a checkpoint.
type Curve = (&'static str, fn(&Waypoint) -> f64);

impl Course {
    /// Draws loss, with the stages of learning above, and the distances of landscape, representation and weights to the end.
    pub fn figure(&self, steps: Scale) -> Figure {
        let loss = self.plot(
            Axis::new("loss").on(Scale::Log),
            steps,
            &[("", |of| of.loss)],
        );
        let representation: [Curve; 2] = [
            ("CKA", |of| known(&of.cka_to_end)),
            ("SVCCA", |of| known(&of.svcca_to_end)),
        ];
        let label = |of: &str| Axis::new(&format!("{of} to end"));
        let mut plots = vec![
            loss,
            self.plot(
                label("edits"),
                steps,
                &[("landscape", |of| known(&of.topology_to_end))],
            ),
            self.plot(label("states"), steps, &representation),
            self.plot(
                label("weights"),
                steps,
                &[("weights", |of| of.weights_to_end.unwrap_or(f64::NAN))],
            ),
        ];
        let (spans, borders) = self.stages();
        for plot in &mut plots {
            plot.rules.clone_from(&borders);
            plot.is_joined = true;
        }
        plots[0].spans = spans;
        plots.retain(|plot| {
            let mut points = plot.series.iter().flat_map(|of| &of.points);
            points.any(|[_, y]| y.is_finite())
        });
        if let Some(lowest) = plots.last_mut() {
            lowest.is_joined = false;
        }
        Figure {
            description: format!("Course of {} through learning, against its end", self.name),
            plots,
            columns: 1,
        }
    }

    fn plot(&self, y: Axis, steps: Scale, curves: &[Curve]) -> Plot {
        let mut series = Vec::new();
        let looks = Colour::DISTINCT.into_iter().zip(Glyph::ALL);
        for ((name, value), (colour, glyph)) in curves.iter().zip(looks) {
            let colour = if curves.len() > 1 {
                colour
            } else {
                Colour::INK
            };
            let name = if curves.len() > 1 { name } else { "" };
            let points = self.waypoints.iter().map(|of| [of.step as f64, value(of)]);
            let points: Vec<[f64; 2]> = points.collect();
            series.push(Series::new(name, Mark::Line, colour, points.clone()));
            series.push(Series::new(name, Mark::Small(glyph), colour, points));
        }
        let last = self.waypoints.last().map_or(1, |of| of.step.max(1));
        Plot {
            proportions: Proportions::Height(60.0),
            ..Plot::new("", steps_axis(last as f64, steps), y, series)
        }
    }

    /// The stages of learning, each from its first checkpoint to that of the next, and the borders between them.
    fn stages(&self) -> (Vec<Span>, Vec<Rule>) {
        let mut spans: Vec<Span> = Vec::new();
        for of_stage in self.waypoints.chunk_by(|a, b| a.stage == b.stage) {
            let Some(first) = of_stage.first() else {
                continue;
            };
            let start = first.step as f64;
            if let Some(before) = spans.last_mut() {
                before.ends[1] = start;
            }
            let end = of_stage.last().map_or(start, |of| of.step as f64);
            spans.push(Span {
                ends: [start, end],
                name: format!("{} {}", first.stage.number(), first.stage.name()),
            });
        }
        let borders = spans.iter().skip(1).map(|span| Rule {
            at: span.ends[0],
            is_upright: true,
            dash: Dash::Dotted,
        });
        let borders = borders.collect();
        (spans, borders)
    }
}

fn known(of: &Result<f64, String>) -> f64 {
    of.as_ref().map_or(f64::NAN, |of| *of)
}
