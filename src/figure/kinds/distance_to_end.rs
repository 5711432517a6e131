//! How far networks are from their end, through training: a curve with its interval for each group.

use super::groups::look;
use crate::figure::Figure;
use crate::figure::axis::{Axis, Scale};
use crate::figure::plot::{Mark, Plot, Proportions, Series};

/// The distances of a group, each at a training step: the middle, and both ends of its interval.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// Name of the group.
    pub name: String,
    /// Training steps.
    pub steps: Vec<f64>,
    /// Distance at each step; not finite where it makes no sense.
    pub middle: Vec<f64>,
    /// Lower ends of the intervals.
    pub low: Vec<f64>,
    /// Upper ends of the intervals.
    pub high: Vec<f64>,
}

/// Distances to the end by one measure.
#[derive(Debug, Clone, PartialEq)]
pub struct DistanceToEnd {
    /// What is measured, with its unit; the label of the axis.
    pub measure: String,
    /// One curve a group.
    pub curves: Vec<Curve>,
    /// Scale of the training steps.
    pub steps: Scale,
}

impl DistanceToEnd {
    /// Draws it.
    pub fn figure(&self) -> Figure {
        let mut series = Vec::new();
        for (group, curve) in self.curves.iter().enumerate() {
            let (colour, glyph) = look(group);
            let ends = curve.steps.iter().zip(curve.low.iter().zip(&curve.high));
            let ends: Vec<[f64; 3]> = ends.map(|(&x, (&low, &high))| [x, low, high]).collect();
            let middle = curve.steps.iter().zip(&curve.middle);
            let middle: Vec<[f64; 2]> = middle.map(|(&x, &y)| [x, y]).collect();
            series.push(Series::band(&curve.name, colour, &ends));
            series.push(Series::new(&curve.name, Mark::Line, colour, middle.clone()));
            series.push(Series::new(
                &curve.name,
                Mark::Filled(glyph),
                colour,
                sparse(&middle),
            ));
        }
        let last = self.curves.iter().flat_map(|curve| &curve.steps);
        let last = last.copied().fold(0.0, f64::max).max(1.0);
        let steps = super::steps_axis(last, self.steps);
        let plot = Plot {
            proportions: Proportions::Height(120.0),
            ..Plot::new("", steps, Axis::new(&self.measure), series)
        };
        Figure {
            description: format!("{} through training", self.measure),
            ..Figure::from(plot)
        }
    }
}

/// A few points of a curve, where its marker stands.
fn sparse(points: &[[f64; 2]]) -> Vec<[f64; 2]> {
    const MARKERS: usize = 8;
    let stride = points.len().div_ceil(MARKERS).max(1);
    points
        .iter()
        .copied()
        .skip(stride / 2)
        .step_by(stride)
        .collect()
}
