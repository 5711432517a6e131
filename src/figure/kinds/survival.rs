//! The share of networks that have not got somewhere yet, through training: a staircase with its interval for each group.

use super::groups::look;
use crate::figure::Figure;
use crate::figure::axis::{Axis, Scale};
use crate::figure::plot::{Mark, Plot, Proportions, Series};
use crate::figure::scene::Glyph;

/// The staircase of a group. It starts at share 1; at each step given it falls to the share given.
#[derive(Debug, Clone, PartialEq)]
pub struct Staircase {
    /// Name of the group.
    pub name: String,
    /// Training steps at which the share changes, rising.
    pub steps: Vec<f64>,
    /// Share that is left from that step on.
    pub shares: Vec<f64>,
    /// Lower ends of the intervals.
    pub low: Vec<f64>,
    /// Upper ends of the intervals.
    pub high: Vec<f64>,
    /// Training steps at which networks were last seen without having got there.
    pub censored: Vec<f64>,
}

/// Survival curves.
#[derive(Debug, Clone, PartialEq)]
pub struct Survival {
    /// What has not happened yet, after "share": `not yet at accuracy 0.95`.
    pub what: String,
    /// One staircase a group.
    pub staircases: Vec<Staircase>,
    /// Last training step shown.
    pub last_step: f64,
    /// Scale of the training steps.
    pub steps: Scale,
}

impl Survival {
    /// Draws it; networks that never got there are small crosses on the staircase.
    pub fn figure(&self) -> Figure {
        let mut series = Vec::new();
        for (group, of) in self.staircases.iter().enumerate() {
            let (colour, _) = look(group);
            let stairs = |values: &[f64]| stairs(&of.steps, values, self.last_step);
            let (low, high) = (stairs(&of.low), stairs(&of.high));
            let ends = low.iter().zip(&high);
            let ends: Vec<[f64; 3]> = ends.map(|(low, high)| [low[0], low[1], high[1]]).collect();
            series.push(Series::band(&of.name, colour, &ends));
            series.push(Series::new(
                &of.name,
                Mark::Line,
                colour,
                stairs(&of.shares),
            ));
            let left = of.censored.iter().map(|&step| {
                let after = of.steps.partition_point(|&at| at <= step);
                let share = after.checked_sub(1).map_or(1.0, |last| of.shares[last]);
                [step, share]
            });
            series.push(Series::new(
                "",
                Mark::Filled(Glyph::Plus),
                colour,
                left.collect(),
            ));
        }
        let label = format!("share {}", self.what);
        let last = self.last_step.max(1.0);
        let plot = Plot {
            proportions: Proportions::Height(120.0),
            ..Plot::new(
                "",
                Axis::between("training step", [0.0, last]).on(self.steps),
                Axis::between(&label, [0.0, 1.02]),
                series,
            )
        };
        Figure {
            description: label,
            ..Figure::from(plot)
        }
    }
}

/// The corners of a staircase that starts at step 0 and 1 and ends at a last step.
fn stairs(steps: &[f64], values: &[f64], last: f64) -> Vec<[f64; 2]> {
    let mut corners = vec![[0.0, 1.0]];
    let mut before = 1.0;
    for (&step, &value) in steps.iter().zip(values) {
        corners.extend([[step, before], [step, value]]);
        before = value;
    }
    corners.push([last, before]);
    corners
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stairs_go_down_where_something_happens() {
        let corners = stairs(&[2.0, 5.0], &[0.5, 0.25], 8.0);
        let expected = [
            [0.0, 1.0],
            [2.0, 1.0],
            [2.0, 0.5],
            [5.0, 0.5],
            [5.0, 0.25],
            [8.0, 0.25],
        ];
        assert_eq!(corners, expected);
    }
}
